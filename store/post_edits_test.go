package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
)

func postEdits(t testing.TB, s *Store, throughWeek int) []eval.PostEdit {
	t.Helper()
	var all []eval.PostEdit
	must(t, s.EachPostEdit(t.Context(), throughWeek, func(e eval.PostEdit) error {
		all = append(all, e)
		return nil
	}))
	return all
}

func firstArm([]int) int { return 0 }

func nextEdit(t testing.TB, s *Store, rater eval.Rater, draw func([]int) int) eval.EditPresentation {
	t.Helper()
	shown, err := s.NextEdit(t.Context(), rater, draw, testTime)
	must(t, err)
	return shown
}

// made is an edit of an answer to a text that took some active seconds.
func made(shown eval.EditPresentation, text string, seconds float64) eval.EditMade {
	return eval.EditMade{Outcome: eval.Edited, Text: text, Words: eval.CompareWords(shown.Answer, text), Seconds: &seconds, Timing: eval.TimedActive}
}

func TestEditIsStoredAndSuperseded(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann, ben := addRater(t, s, "ann"), addRater(t, s, "ben")
	shown := nextEdit(t, s, ann, firstArm)
	if shown.Last != nil || shown.Prompt != "do coding-000" || shown.Answer != "next says coding-000" {
		t.Fatalf("got %+v", shown)
	}
	if again := nextEdit(t, s, ann, func([]int) int { t.Error("drawn again"); return 0 }); again.ID != shown.ID {
		t.Errorf("another answer while the last was not sent: %+v", again)
	}
	if err := s.AddEdit(t.Context(), ben, shown.ID, made(shown, "mine", 3), testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("another's answer: %v, want not found", err)
	}
	text := "next truly says coding-000"
	for range 2 { // a button pressed twice
		must(t, s.AddEdit(t.Context(), ann, shown.ID, made(shown, text, 20), testTime))
	}
	last, err := s.LastEdit(t.Context(), ann)
	if must(t, err); last.ID != shown.ID || last.Last == nil || last.Last.Text != text || last.Last.Arm != "" {
		t.Errorf("last edit %+v", last)
	}
	want := eval.PostEdit{
		TaskID: "coding-000", Category: audit.Coding, Week: 1, Arm: "next", Rater: "ann", Outcome: eval.Edited, Text: text,
		Seconds: new(20.0), Timing: eval.TimedActive, WordsBefore: new(4), WordsAfter: new(5), WordsKept: new(0.8), EditedAt: testTime,
	}
	if diff := cmp.Diff([]eval.PostEdit{want}, postEdits(t, s, 0)); diff != "" {
		t.Errorf("edits (-want +got):\n%s", diff)
	}

	// Changed after an undo: the seconds of both count.
	must(t, s.AddEdit(t.Context(), ann, shown.ID, eval.EditMade{Outcome: eval.Unusable, Seconds: new(5.0), Timing: eval.TimedElapsed}, testTime))
	want.Outcome, want.Text, want.Seconds, want.Timing = eval.Unusable, "", new(25.0), eval.TimedElapsed
	want.WordsBefore, want.WordsAfter, want.WordsKept = nil, nil, new(0.0)
	data, err := s.Dataset(t.Context(), 0)
	if diff := cmp.Diff([]eval.PostEdit{want}, data.PostEdits); err != nil || diff != "" {
		t.Errorf("%v, dataset (-want +got):\n%s", err, diff)
	}
	for _, statement := range []string{`UPDATE post_edits SET seconds = 1`, `DELETE FROM post_edits`} {
		_, err := s.writer.Exec(statement)
		wantError(t, err, "append-only")
	}
}

func TestSkippedAnswerIsNoEdit(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann, ben := addRater(t, s, "ann"), addRater(t, s, "ben")
	shown := nextEdit(t, s, ann, firstArm)
	must(t, s.AddEdit(t.Context(), ann, shown.ID, eval.EditMade{Outcome: eval.EditSkipped}, testTime))
	if got := postEdits(t, s, 0); len(got) != 0 {
		t.Errorf("got %+v, want none", got)
	}
	if other := nextEdit(t, s, ann, firstArm); other.TaskID == shown.TaskID {
		t.Error("the skipped answer came again")
	}
	if other := nextEdit(t, s, ben, firstArm); other.TaskID != shown.TaskID {
		t.Errorf("task %s came to another, want the skipped %s", other.TaskID, shown.TaskID)
	}
	done, open, _, err := s.EditProgress(t.Context(), ann)
	if err != nil || done != 0 || open != 1 {
		t.Errorf("%d done, %d open, %v; want 0 and 1", done, open, err)
	}
}

// TestArmsAreBalancedPerEditor: over a use case of three arms nobody edits one of them
// more than twice more often than another, and everything is edited once.
func TestArmsAreBalancedPerEditor(t *testing.T) {
	s := newAnswered(t, 20, 1)
	random := rand.New(rand.NewPCG(5, 6))
	draw := func(shown []int) int { return blind.DrawArm(random, shown) }
	raters := []eval.Rater{addRater(t, s, "ann"), addRater(t, s, "ben")}
	for i := 0; ; i++ {
		shown, err := s.NextEdit(t.Context(), raters[i%2], draw, testTime)
		if errors.Is(err, eval.ErrNotFound) {
			break
		}
		must(t, err)
		must(t, s.AddEdit(t.Context(), raters[i%2], shown.ID, made(shown, fmt.Sprint("text ", i), float64(i)), testTime))
	}
	got := postEdits(t, s, 0)
	if len(got) != 40 {
		t.Fatalf("%d edits, want one of each task", len(got))
	}
	for _, rater := range []string{"ann", "ben"} {
		arms := map[string]int{}
		for _, edit := range got {
			if edit.Rater == rater && edit.Category == audit.Coding {
				arms[edit.Arm]++
			}
		}
		counts := []int{arms["now"], arms["next"], arms["small"]}
		if slices.Max(counts)-slices.Min(counts) > blind.MaxImbalance {
			t.Errorf("%s edited %v of the arms", rater, counts)
		}
		done, open, seconds, err := s.EditProgress(t.Context(), raters[slices.Index([]string{"ann", "ben"}, rater)])
		if err != nil || done != 20 || open != 0 || seconds < 18 || seconds > 21 {
			t.Errorf("%s: %d done, %d open, %v seconds, %v", rater, done, open, seconds, err)
		}
	}
}

// TestFreshTasksComeFirst: who has compared a task's answers knows them.
func TestFreshTasksComeFirst(t *testing.T) {
	s := newAnswered(t, 2, 1)
	ann := addRater(t, s, "ann")
	compared := next(t, s, ann)
	must(t, s.AddVerdict(t.Context(), ann, compared.ID, eval.LeftBetter, nil, "", testTime))
	var order []string
	for range 4 {
		shown := nextEdit(t, s, ann, firstArm)
		order = append(order, shown.TaskID)
		must(t, s.AddEdit(t.Context(), ann, shown.ID, made(shown, "x", 1), testTime))
	}
	if order[3] != compared.TaskID {
		t.Errorf("order %v, want %s last", order, compared.TaskID)
	}
}

func importEdits(t testing.TB, s *Store, given ...eval.PostEdit) (imported, duplicates int, rejected []rejectedRow) {
	t.Helper()
	var n taken
	must(t, s.ImportEdits(t.Context(), "edits.csv", testTime, func(take func(eval.PostEdit) (bool, error)) (ImportedFile, error) {
		for i, edit := range given {
			stored, err := take(edit)
			n.note(t, i, stored, err)
		}
		return ImportedFile{Path: "edits.csv", Format: "csv"}, nil
	}))
	return n.imported, n.duplicates, n.rejected
}

func TestEditsAreImportedOnce(t *testing.T) {
	s := newAnswered(t, 2, 1)
	given := []eval.PostEdit{
		{TaskID: "coding-000", Arm: "next", Rater: "eve", Outcome: eval.Edited, Text: "next says nothing", Seconds: new(12.5), Timing: eval.TimedActive},
		{TaskID: "coding-001", Arm: "now", Rater: "eve", Outcome: eval.Edited, WordsKept: new(0.4), Rounds: 2, EditedAt: testTime.Add(-time.Hour)},
		{TaskID: "math-000", Arm: "now", Rater: "eve", Outcome: eval.Unusable, WordsKept: new(0.0)},
		{TaskID: "math-000", Arm: "small", Rater: "eve", Outcome: eval.Unusable},
		{TaskID: "math-000", Arm: "stranger", Rater: "eve", Outcome: eval.Unusable},
		{TaskID: "poem-000", Arm: "now", Rater: "eve", Outcome: eval.Unusable},
	}
	imported, duplicates, rejected := importEdits(t, s, given...)
	if imported != 3 || duplicates != 0 || len(rejected) != 3 {
		t.Fatalf("imported %d, duplicates %d, rejected %v", imported, duplicates, rejected)
	}
	for i, part := range []string{"does not plan arm", "is not an arm", "is not the id of an imported task"} {
		wantError(t, rejected[i], part)
	}
	if imported, duplicates, _ := importEdits(t, s, given...); imported != 0 || duplicates != 3 {
		t.Errorf("a second time: %d imported, %d duplicates", imported, duplicates)
	}
	got := postEdits(t, s, 0)
	if len(got) != 3 || *got[0].WordsKept != 0.5 || *got[0].WordsBefore != 4 || *got[1].WordsKept != 0.4 || got[1].Rounds != 2 || got[1].WordsBefore != nil {
		t.Errorf("got %+v", got)
	}
	// A correction supersedes, and the old file does not bring the first back.
	corrected := given[0]
	corrected.Text = "next says coding-000"
	importEdits(t, s, corrected)
	importEdits(t, s, given[0])
	if got := postEdits(t, s, 0); len(got) != 3 || *got[2].WordsKept != 1 {
		t.Errorf("after a correction: %+v", got)
	}
	if got := postEdits(t, s, 1); len(got) != 3 {
		t.Errorf("through week 1: %d edits, want 3", len(got))
	}
	_, err := s.AddRater(t.Context(), eval.Rater{Name: "bot", Kind: eval.Judge}, testTime)
	must(t, err)
	_, _, rejected = importEdits(t, s, eval.PostEdit{TaskID: "coding-000", Arm: "now", Rater: "bot", Outcome: eval.Unusable})
	if len(rejected) != 1 {
		t.Error("a judge's edit was taken")
	}
}

func TestEditsOfLaterWeeksAreLeftOut(t *testing.T) {
	s := newAnswered(t, 1, 1)
	importEdits(t, s, eval.PostEdit{TaskID: "coding-000", Arm: "now", Rater: "eve", Outcome: eval.Unusable})
	for _, statement := range []string{`INSERT INTO batches (week, created_at) VALUES (2, 0)`, `UPDATE batch_tasks SET week = 2`} {
		_, err := s.writer.Exec(statement)
		must(t, err)
	}
	if got := postEdits(t, s, 1); len(got) != 0 {
		t.Errorf("through week 1: %+v", got)
	}
}
