package store

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"
	"golang.org/x/sync/errgroup"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/store/storetest"
)

// TestNoComparisonIsRatedTooOften has fifty raters at once take all there is.
func TestNoComparisonIsRatedTooOften(t *testing.T) {
	const people, wanted = 50, 3
	s := newAnswered(t, 40, wanted) // 120 comparisons
	var mu sync.Mutex
	ratedBy := map[string][]string{} // comparison → raters
	balance := map[string]int{}      // rater and category → control first less candidate first
	var group errgroup.Group
	for i := range people {
		rater := addRater(t, s, fmt.Sprint("rater ", i))
		random := rand.New(rand.NewPCG(1, uint64(i)))
		group.Go(func() error {
			for {
				var drawn int
				p, err := s.NextPresentation(t.Context(), rater, func(control, candidate int) eval.Side {
					side := blind.Draw(random, control, candidate)
					drawn = control - candidate + map[eval.Side]int{eval.SideA: 1, eval.SideB: -1}[side]
					return side
				}, testTime)
				if errors.Is(err, eval.ErrNotFound) {
					return nil
				}
				if err != nil {
					return err
				}
				if err := s.AddVerdict(t.Context(), rater, p.ID, eval.LeftBetter, ptr(5.0), "", testTime); err != nil {
					return err
				}
				mu.Lock()
				ratedBy[p.ComparisonID] = append(ratedBy[p.ComparisonID], rater.Name)
				key := rater.Name + " " + p.TaskID[:4]
				balance[key] = max(balance[key], drawn, -drawn)
				mu.Unlock()
			}
		})
	}
	must(t, group.Wait())
	if len(ratedBy) != 120 {
		t.Errorf("%d comparisons are rated, want all 120", len(ratedBy))
	}
	for comparison, raters := range ratedBy {
		slices.Sort(raters)
		if distinct := slices.Compact(slices.Clone(raters)); len(raters) != wanted || len(distinct) != wanted {
			t.Errorf("comparison %s is rated by %v, want %d different raters", comparison, raters, wanted)
		}
	}
	if n := count(t, s, `SELECT count(*) FROM ratings`); n != 120*wanted {
		t.Errorf("%d ratings are stored, want %d", n, 120*wanted)
	}
	if worst := slices.Max(slices.Collect(maps.Values(balance))); worst > blind.MaxImbalance {
		t.Errorf("within a rater and category the orders differ by %d, want at most %d", worst, blind.MaxImbalance)
	}
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("findings %v, %v, want none", findings, err)
	}
}

// TestComparisonsFillUpEvenly: who comes next is shown one with the fewest raters, and
// not always in the same order as everyone else.
func TestComparisonsFillUpEvenly(t *testing.T) {
	s := newAnswered(t, 5, 4) // 15 comparisons
	var orders []string
	for i := range 4 {
		rater := addRater(t, s, fmt.Sprint("rater ", i))
		order := ""
		for range 15 {
			shown := next(t, s, rater)
			must(t, s.AddVerdict(t.Context(), rater, shown.ID, eval.ShownTie, ptr(5.0), "", testTime))
			order += shown.ComparisonID[:4] + " "
			spread := count(t, s, `SELECT max(people) - min(people) FROM comparison_queue`)
			if spread > 1 {
				t.Fatalf("after %s of rater %d some comparisons have %d more raters than others", order, i, spread)
			}
		}
		orders = append(orders, order)
	}
	if slices.Sort(orders); len(slices.Compact(orders)) != 4 {
		t.Errorf("raters were shown the comparisons in the same order")
	}
}

// TestAnAbandonedComparisonIsShownToOthers and comes back only where there is room.
func TestAnAbandonedComparisonIsShownToOthers(t *testing.T) {
	s := newAnswered(t, 1, 1) // 3 comparisons
	ann, bob := addRater(t, s, "ann"), addRater(t, s, "bob")
	at := func(rater eval.Rater, now time.Time) (eval.Presentation, error) {
		return s.NextPresentation(t.Context(), rater, controlFirst, now)
	}
	shown, err := at(ann, testTime)
	must(t, err)
	rate := func(rater eval.Rater, p eval.Presentation, now time.Time) {
		t.Helper()
		must(t, s.AddVerdict(t.Context(), rater, p.ID, eval.ShownTie, ptr(5.0), "", now))
	}
	for range 2 {
		other, err := at(bob, testTime.Add(time.Minute))
		if must(t, err); other.ComparisonID == shown.ComparisonID {
			t.Fatal("bob is shown what ann looks at")
		}
		rate(bob, other, testTime.Add(time.Minute))
	}
	if _, err := at(bob, testTime.Add(50*time.Minute)); !errors.Is(err, eval.ErrNotFound) {
		t.Fatalf("got %v, want nothing while ann may still rate", err)
	}
	// Ann comes back: from now on it is hers for another hour.
	if again, err := at(ann, testTime.Add(2*time.Hour)); err != nil || again.ID != shown.ID {
		t.Fatalf("got %v, %v, want the same again", again.ID, err)
	}
	if _, err := at(bob, testTime.Add(150*time.Minute)); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %v, want nothing while ann looks at it again", err)
	}
	later, err := at(bob, testTime.Add(5*time.Hour))
	if must(t, err); later.ComparisonID != shown.ComparisonID {
		t.Errorf("bob is shown another than what ann has left")
	}
	if _, err := at(ann, testTime.Add(5*time.Hour)); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %v, want nothing for ann: bob is at it", err)
	}
	rate(bob, later, testTime.Add(5*time.Hour))
	if _, err := at(ann, testTime.Add(9*time.Hour)); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %v, want nothing for ann: bob has rated it", err)
	}
	if done, open, _, err := s.Progress(t.Context(), ann); err != nil || done != 0 || open != 0 {
		t.Errorf("ann: done %d, open %d, %v, want none of either", done, open, err)
	}
}

// queueRow is a row of the queue.
type queueRow struct {
	ComparisonID    string `db:"comparison_id"`
	Week            int    `db:"week"`
	Category        string `db:"category"`
	Answered        bool   `db:"answered"`
	Excluded        bool   `db:"excluded"`
	People          int    `db:"people"`
	SimulatedPeople int    `db:"simulated_people"`
}

func queue(t testing.TB, s *Store) (rows []queueRow) {
	t.Helper()
	must(t, s.reader.SelectContext(t.Context(), &rows, `SELECT * FROM comparison_queue ORDER BY comparison_id`))
	return rows
}

// newRatedInManyWays has ratings of every origin.
func newRatedInManyWays(t *testing.T) *Store {
	s := newAnswered(t, 2, 3) // 6 comparisons
	ann, bob := addRater(t, s, "ann"), addRater(t, s, "bob")
	first := next(t, s, ann)
	for _, verdict := range []eval.ShownVerdict{eval.LeftBetter, eval.RightBetter} { // a correction
		must(t, s.AddVerdict(t.Context(), ann, first.ID, verdict, ptr(5.0), "", testTime))
	}
	next(t, s, ann) // waits
	must(t, s.AddVerdict(t.Context(), bob, next(t, s, bob).ID, eval.ShownTie, ptr(5.0), "", testTime))
	// A task that was only rated elsewhere has no answers.
	i, err := s.BeginImport(t.Context(), "more.csv")
	must(t, err)
	defer i.Rollback()
	_, err = i.Add(t.Context(), audit.Task{ID: "math-008", Prompt: "more", Category: audit.Math, CategorySource: audit.CategoryFromLog, Probability: 1})
	must(t, err)
	must(t, i.Commit(t.Context(), ImportedFile{Path: "more.csv", Format: "csv", Rows: 1, Imported: 1}))
	rating := eval.Rating{TaskID: "math-001", ArmA: "now", ArmB: "next", Rater: "cy", Kind: eval.Human, Verdict: eval.Tie, Score: 0.5}
	judged, simulated, unanswered := rating, rating, rating
	judged.Rater, judged.Kind = "judge", eval.Judge
	simulated.Rater, simulated.Simulated = "sim", true
	unanswered.TaskID = "math-008"
	again := rating
	again.Verdict, again.Score = eval.PrefersA, 0
	if stored, duplicates, rejected := importRatings(t, s, rating, judged, simulated, unanswered, again); stored != 5 {
		t.Fatalf("imported %d, %d duplicates, rejected %v, want 5", stored, duplicates, rejected)
	}
	return s
}

func TestTheQueueCountsEveryRating(t *testing.T) {
	s := newRatedInManyWays(t)
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("findings %v, %v, want none", findings, err)
	}
	people, simulated, unanswered := 0, 0, 0
	for _, row := range queue(t, s) {
		people += row.People
		simulated += row.SimulatedPeople
		if !row.Answered {
			unanswered++
		}
	}
	if people != 4 || simulated != 1 || unanswered != 1 {
		t.Errorf("%d people, %d simulated, %d without answers, want 4, 1, 1", people, simulated, unanswered)
	}
	// Once the answers come, the comparison can be shown.
	imported, _, rejected := importResponses(t, s, eval.Response{TaskID: "math-008", Arm: "now", Week: 1, Text: "x"}, eval.Response{TaskID: "math-008", Arm: "next", Week: 1, Text: "y"})
	if n := count(t, s, `SELECT count(*) FROM comparison_queue WHERE answered = 0`); imported != 2 || n != 0 {
		t.Errorf("%d answers imported, rejected %v, %d comparisons still without, want 2 and 0", imported, rejected, n)
	}
	for _, damage := range []string{
		`UPDATE comparison_queue SET people = people + 1`, `UPDATE comparison_queue SET answered = 0`, `DELETE FROM comparison_queue`,
		`UPDATE presentations SET settled = 1 - settled`,
	} {
		tx, err := s.writer.BeginTxx(t.Context(), nil)
		must(t, err)
		_, err = tx.Exec(damage)
		must(t, err)
		var n int
		must(t, tx.Get(&n, miscountedQueue))
		must(t, tx.Rollback())
		if n == 0 {
			t.Errorf("%s is not found", damage)
		}
	}
}

// TestTheQueueOfAnOlderDatabase is what triggers would have made of it.
func TestTheQueueOfAnOlderDatabase(t *testing.T) {
	storetest.NeedsFile(t)
	s := newRatedInManyWays(t)
	want := queue(t, s)
	var presentations, after []string
	state := `SELECT id || ' ' || settled || ' ' || coalesce(shown_at, '-') FROM presentations ORDER BY id`
	must(t, s.reader.SelectContext(t.Context(), &presentations, state))
	files, err := fs.Sub(migrations, "migrations/sqlite")
	must(t, err)
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.writer.DB, files)
	must(t, err)
	_, err = provider.DownTo(t.Context(), 16)
	must(t, err)
	_, err = provider.Up(t.Context())
	must(t, err)
	if difference := cmp.Diff(want, queue(t, s)); difference != "" {
		t.Errorf("queue (-kept +counted):\n%s", difference)
	}
	must(t, s.reader.SelectContext(t.Context(), &after, state))
	if difference := cmp.Diff(presentations, after); difference != "" {
		t.Errorf("presentations (-kept +counted):\n%s", difference)
	}
}

// TestChecksComeBetweenComparisonsAssignedAhead: what tries a rater is prepared ahead like
// every comparison, may be skipped, and the rater goes on with what was prepared meanwhile.
func TestChecksComeBetweenComparisonsAssignedAhead(t *testing.T) {
	s := newAnswered(t, 20, 2) // 60 comparisons
	_, err := s.LockProtocol(t.Context(), triedProtocol(2), "raters are tried", testTime)
	must(t, err)
	ann := addRater(t, s, "ann")
	now, tried, skipped, ahead := testTime, 0, 0, ""
	for {
		now = now.Add(time.Second)
		p, err := s.NextPresentation(t.Context(), ann, controlFirst, now)
		if errors.Is(err, eval.ErrNotFound) {
			break
		}
		must(t, err)
		if ahead != "" && p.ID != ahead {
			t.Fatalf("got %s, want %s that was assigned ahead", p.ID, ahead)
		}
		next, err := s.AssignAhead(t.Context(), ann, controlFirst, now)
		if errors.Is(err, eval.ErrNotFound) {
			next = eval.Presentation{}
		} else {
			must(t, err)
		}
		if ahead = next.ID; ahead != "" {
			if _, err := s.Presentation(t.Context(), ann, ahead); !errors.Is(err, eval.ErrNotFound) {
				t.Fatalf("read ahead: %v", err)
			}
			if err := s.AddVerdict(t.Context(), ann, ahead, eval.LeftBetter, nil, "", now); !errors.Is(err, eval.ErrNotFound) {
				t.Fatalf("rated ahead: %v", err)
			}
			if err := s.Skip(t.Context(), ann, ahead, eval.SkipOther, now); !errors.Is(err, eval.ErrNotFound) {
				t.Fatalf("skipped ahead: %v", err)
			}
		}
		isCheck := count(t, s, `SELECT count(*) FROM check_presentations WHERE id = ?`, p.ID) == 1
		switch {
		case p.ShownAt.IsZero():
			t.Fatalf("presentation %s is shown at no time", p.ID)
		case isCheck:
			if tried++; tried%2 == 0 {
				skipped++
				for range 2 { // a button pressed twice
					must(t, s.Skip(t.Context(), ann, p.ID, eval.SkipOther, now))
				}
				continue
			}
		}
		must(t, s.AddVerdict(t.Context(), ann, p.ID, eval.RightBetter, ptr(9.0), "", now))
	}
	if tried < 10 || skipped == 0 {
		t.Errorf("tried %d times, %d skipped, want about 30 of 60", tried, skipped)
	}
	done, open, _, err := s.Progress(t.Context(), ann)
	if must(t, err); done != 60+tried-skipped || open != 0 {
		t.Errorf("done %d, open %d, want %d and none", done, open, 60+tried-skipped)
	}
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("findings %v, %v, want none", findings, err)
	}
}

// TestAnExcludedComparisonIsNotShown, and is again where the rule no longer excludes it.
func TestAnExcludedComparisonIsNotShown(t *testing.T) {
	s := newAnswered(t, 1, 2) // 3 comparisons
	ann, bob := addRater(t, s, "ann"), addRater(t, s, "bob")
	waiting := next(t, s, ann)
	exclude := func(excluded int) {
		t.Helper()
		_, err := s.writer.Exec(`
INSERT INTO comparison_checks (comparison_id, protocol_version, masks_a, masks_b, traits_a, traits_b, flags, excluded, checked_at)
VALUES (?1, 1, 0, 0, '[]', '[]', '[]', ?2, 0) ON CONFLICT (comparison_id) DO UPDATE SET excluded = excluded.excluded`, waiting.ComparisonID, excluded)
		must(t, err)
	}
	for _, c := range []struct{ excluded, openToAnn, openToBob int }{{1, 2, 2}, {0, 1, 3}} { // in between ann rates two
		exclude(c.excluded)
		for _, rater := range []eval.Rater{ann, bob} {
			want := map[eval.Rater]int{ann: c.openToAnn, bob: c.openToBob}[rater]
			if _, open, _, err := s.Progress(t.Context(), rater); err != nil || open != want {
				t.Errorf("excluded %d: %s has %d open, %v, want %d", c.excluded, rater.Name, open, err, want)
			}
		}
		if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
			t.Errorf("findings %v, %v, want none", findings, err)
		}
		if c.excluded == 0 {
			continue
		}
		for range 2 {
			p := next(t, s, ann)
			if p.ComparisonID == waiting.ComparisonID {
				t.Error("an excluded comparison is shown")
			}
			must(t, s.AddVerdict(t.Context(), ann, p.ID, eval.ShownTie, ptr(5.0), "", testTime))
		}
		if _, err := s.NextPresentation(t.Context(), ann, controlFirst, testTime); !errors.Is(err, eval.ErrNotFound) {
			t.Errorf("got %v, want nothing left", err)
		}
		exclude(0)
		if again := next(t, s, ann); again.ID != waiting.ID {
			t.Error("what waited is not shown again")
		}
	}
}
