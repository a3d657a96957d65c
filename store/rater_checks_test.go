package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"modeltrial/eval"
)

// triedProtocol tries raters after most comparisons.
func triedProtocol(ratings int) eval.Protocol {
	protocol := testProtocol
	protocol.RatingsPerComparison = ratings
	protocol.RaterChecks = &eval.RaterChecks{
		RepeatShare: 0.2, SwappedShare: 0.2, SentinelShare: 0.1,
		Sentinels: []eval.Sentinel{{Name: "capital", Prompt: "Capital of France?", Better: "Paris.", Worse: "Lyon."}, {Name: "sum", Prompt: "2+2?", Better: "4", Worse: "5"}},
	}
	return protocol
}

// TestChecksOfRatersAreNoEvidence lets a rater rate all, repeats and sentinels among it:
// the rater sees no difference, and the dataset has each comparison once.
func TestChecksOfRatersAreNoEvidence(t *testing.T) {
	const n = 20 // 60 comparisons
	s := newAnswered(t, n, 2)
	_, err := s.LockProtocol(t.Context(), triedProtocol(2), "raters are tried", testTime)
	must(t, err)
	ann, bob := addRater(t, s, "ann"), addRater(t, s, "bob")
	now := testTime
	type step struct {
		comparison string
		left       string
	}
	var steps []step
	total := 0
	for {
		now = now.Add(time.Second)
		p, err := s.NextPresentation(t.Context(), ann, controlFirst, now)
		if errors.Is(err, eval.ErrNotFound) {
			break
		}
		must(t, err)
		if again, err := s.NextPresentation(t.Context(), ann, controlFirst, now); err != nil || again.ID != p.ID {
			t.Fatalf("asked again: %v, %v, want the same", again.ID, err)
		}
		if _, err := s.Presentation(t.Context(), bob, p.ID); !errors.Is(err, eval.ErrNotFound) {
			t.Fatalf("bob reads ann's: %v", err)
		}
		if p.Left == "" || p.Right == "" || p.Prompt == "" {
			t.Fatalf("presentation %+v lacks a text", p)
		}
		done, open, _, err := s.Progress(t.Context(), ann)
		must(t, err)
		if total == 0 {
			total = done + open
		}
		if done != len(steps) || done+open != total {
			t.Fatalf("progress %d and %d after %d, want %d in all: a total that changes tells a check", done, open, len(steps), total)
		}
		must(t, s.AddVerdict(t.Context(), ann, p.ID, eval.RightBetter, ptr(9.0), "", now))
		now = now.Add(time.Second)
		must(t, s.AddVerdict(t.Context(), ann, p.ID, eval.LeftBetter, ptr(9.0), "", now)) // changed at once
		must(t, s.AddVerdict(t.Context(), ann, p.ID, eval.LeftBetter, ptr(9.0), "", now)) // and again
		last, err := s.LastRated(t.Context(), ann)
		must(t, err)
		if last.ID != p.ID {
			t.Fatalf("last rated %s, want %s", last.ID, p.ID)
		}
		must(t, s.AddGuess(t.Context(), ann, p.ID, eval.GuessLeft, false, true, now))
		if err := s.AddGuess(t.Context(), bob, p.ID, eval.GuessLeft, false, true, now); !errors.Is(err, eval.ErrNotFound) {
			t.Fatalf("bob guesses ann's: %v", err)
		}
		steps = append(steps, step{p.ComparisonID, p.Left})
	}
	data, err := s.Dataset(t.Context(), 0)
	must(t, err)
	if len(data.Ratings) != 3*n || len(data.Guesses) != 3*n {
		t.Errorf("%d ratings and %d guesses count, want one for each of %d comparisons", len(data.Ratings), len(data.Guesses), 3*n)
	}
	if len(steps) != 3*n+len(data.RaterChecks) || len(steps) != total {
		t.Errorf("%d were shown: %d comparisons and %d checks", len(steps), 3*n, len(data.RaterChecks))
	}
	kinds := map[eval.RaterCheckKind]int{}
	for _, check := range data.RaterChecks {
		kinds[check.Kind]++
		// Ann always prefers the left: the same arm in a repeat, the other one swapped.
		same := check.Verdict == check.Before
		switch {
		case check.Kind == eval.SentinelCheck:
			if check.Before != "" || check.Week != 1 {
				t.Errorf("sentinel %+v has a verdict before", check)
			}
		case check.Week != 1 || check.Category == "" || (check.Kind == eval.RepeatCheck) != same || (check.First == check.BeforeFirst) != same:
			t.Errorf("check %+v: want the same side of the same comparison", check)
		}
	}
	// 60 slots at 20%: five standard deviations are 15.
	if kinds[eval.RepeatCheck] < 1 || kinds[eval.SwappedCheck] < 1 || kinds[eval.SentinelCheck] != 2 || kinds[eval.RepeatCheck] > 27 {
		t.Errorf("checks %v, want some of each and both sentinels once", kinds)
	}
	// A repeat comes late enough.
	firsts := map[string]int{}
	regular := 0
	for i, step := range steps {
		at, seen := firsts[step.comparison]
		if seen && regular-at < repeatAfter {
			t.Errorf("step %d shows a comparison again after %d others", i, regular-at)
		}
		if !seen {
			firsts[step.comparison] = regular
			regular++
		}
	}
	// What others are shown does not depend on it: each comparison still lacks a rating.
	status, err := s.PilotStatus(t.Context())
	must(t, err)
	if status.RatedOnce != 3*n || status.Rated != 0 {
		t.Errorf("%d rated, %d complete; want all once", status.RatedOnce, status.Rated)
	}
	// The log of checks cannot be changed.
	for _, query := range []string{"UPDATE check_ratings SET verdict = 'tie'", "DELETE FROM check_ratings"} {
		if _, err := s.writer.ExecContext(t.Context(), query); err == nil {
			t.Errorf("%s changed the log", query)
		}
	}
}

// TestChecksAreDrawnAlike: the same seed and rater are tried at the same places.
func TestChecksAreDrawnAlike(t *testing.T) {
	places := func() (slots []int) {
		s := newAnswered(t, 8, 1)
		_, err := s.LockProtocol(t.Context(), triedProtocol(1), "raters are tried", testTime)
		must(t, err)
		ann := addRater(t, s, "ann")
		for i := range 60 {
			now := testTime.Add(time.Duration(i) * time.Second)
			p, err := s.NextPresentation(t.Context(), ann, controlFirst, now)
			if errors.Is(err, eval.ErrNotFound) {
				break
			}
			must(t, err)
			must(t, s.AddVerdict(t.Context(), ann, p.ID, eval.LeftBetter, nil, "", now))
		}
		must(t, s.reader.SelectContext(t.Context(), &slots, `SELECT slot FROM check_presentations ORDER BY slot`))
		return slots
	}
	first, second := places(), places()
	if len(first) == 0 || !slices.Equal(first, second) {
		t.Errorf("places %v and %v, want the same ones", first, second)
	}
}
