package exchange

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

func readGuesses(t *testing.T, path string) (guesses []eval.Guess, report FileReport) {
	t.Helper()
	options := RatingsOptions{Guess: func(g eval.Guess) error { guesses = append(guesses, g); return nil }}
	report, err := ReadRatings(t.Context(), path, options, func(eval.Rating) (ingest.Outcome, error) { return ingest.Imported, nil })
	if err != nil {
		t.Fatal(err)
	}
	return guesses, report
}

func TestReadGuesses(t *testing.T) {
	t.Parallel()
	path := write(t, "task_id,arm_a,arm_b,rater,preference,first,guess,recognised,guess_asked\n"+
		"t1,now,next,ann,a,b,a,,\nt2,now,next,ann,b,a,B,yes,no\nt3,now,next,ann,tie,a,don't know,,true\n"+
		"t4,now,next,ann,tie,a,,,\nt5,now,next,ann,tie,a,,true,\nt6,now,next,ann,tie,a,unknown,false,true\nt7,now,next,ann,tie,a,left,,\n")
	guesses, report := readGuesses(t, path)
	type short struct {
		Task              string
		First, Control    eval.Side
		Recognised, Asked bool
	}
	var got []short
	for _, g := range guesses {
		got = append(got, short{g.TaskID, g.First, g.Control, g.Recognised, g.Asked})
	}
	want := []short{
		{"t1", eval.SideB, eval.SideA, false, true},
		{"t2", eval.SideA, eval.SideB, true, false},
		{"t3", eval.SideA, eval.SideUnknown, false, true},
		{"t5", eval.SideA, eval.SideUnknown, true, false},
		{"t6", eval.SideA, eval.SideUnknown, false, true},
	}
	if diff := cmp.Diff(want, got); diff != "" || report.Rejected != 1 || report.Imported != 6 {
		t.Errorf("%d rejected, guesses (-want +got):\n%s", report.Rejected, diff)
	}
	if len(report.Reasons) == 0 || !strings.Contains(report.Reasons[len(report.Reasons)-1], `"left" is no guess; say which arm`) {
		t.Errorf("reasons %q, want what to write instead", report.Reasons)
	}
}

// TestWrittenGuessesAreReadBackIdentically in the rows of their ratings.
func TestWrittenGuessesAreReadBackIdentically(t *testing.T) {
	t.Parallel()
	var ratings []eval.Rating
	var want []eval.Guess
	for i, control := range []eval.Side{eval.SideA, eval.SideB, eval.SideUnknown, eval.SideA} {
		rating := eval.Rating{
			TaskID: string(rune('p' + i)), ArmA: "now", ArmB: "next", Rater: "ann", Kind: eval.Human, Category: "coding", Week: 2, Cluster: "c",
			Verdict: eval.Tie, Score: 0.5, First: []eval.Side{eval.SideA, eval.SideB}[i%2],
		}
		ratings = append(ratings, rating)
		if i == 3 {
			continue // without a guess
		}
		guess := eval.GuessOf(rating)
		guess.Control, guess.Recognised, guess.Asked = control, i == 1, i != 1
		want = append(want, guess)
	}
	got, report := readGuesses(t, write(t, written(t, ratings, want...)))
	if diff := cmp.Diff(want, got); diff != "" || report.Rejected != 0 {
		t.Errorf("%d rejected, guesses (-written +read):\n%s", report.Rejected, diff)
	}
}
