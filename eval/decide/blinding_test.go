package decide

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// guessed draws a pilot whose raters, six of them, are right with a probability, name the
// left answer otherwise at random, and do not know one time in ten.
func guessed(n int, right float64) eval.Dataset {
	data := pilot(max(n, 20), max(n, 20)*6/10, 0, 0.5, eval.Human)
	random := rand.New(rand.NewPCG(uint64(n), 9))
	for i, rating := range data.Ratings[:n] {
		guess := eval.GuessOf(rating)
		switch u := random.Float64(); {
		case i%10 == 0:
		case u < right:
			guess.Control = eval.SideA
		default:
			guess.Control = eval.SideB
		}
		data.Guesses = append(data.Guesses, guess)
	}
	return data
}

func blindingIn(t *testing.T, data eval.Dataset) eval.BlindingResult {
	t.Helper()
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(analysis); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	if len(analysis.Blinding) != 1 {
		t.Fatalf("%d results of the blinding, want one candidate's", len(analysis.Blinding))
	}
	return analysis.Blinding[0]
}

func TestBlindingFindings(t *testing.T) {
	for name, c := range map[string]struct {
		data    eval.Dataset
		finding eval.BlindingState
		says    string
	}{
		"random":  {guessed(600, 0.5), eval.BlindingHeld, ": the pilot was blind"},
		"knowing": {guessed(120, 0.8), eval.BlindingBroken, ": the pilot was not blind, they could tell"},
		"few":     {guessed(60, 0.5), eval.BlindingUnclear, "too few guesses to rule it out"},
		"fewer":   {guessed(12, 0.5), eval.BlindingUnknown, "is not known: "},
	} {
		t.Run(name, func(t *testing.T) {
			r := blindingIn(t, c.data)
			if r.Finding != c.finding || !strings.Contains(r.Summary, c.says) {
				t.Errorf("got %s: %s", r.Finding, r.Summary)
			}
			if r.Bang == nil {
				if r.James != nil || r.WhyMissing["bang_index"] == "" || r.WhyMissing["james_index"] == "" {
					t.Errorf("no reason: %+v", r)
				}
				return
			}
			wantNumber(t, "Bang's index", r.Bang.Estimate, float64(r.Correct-r.Wrong)/float64(r.Guesses))
			if want := fmt.Sprintf("named the current model in %.0f%% of %d guesses", 100*float64(r.Correct)/float64(r.Guesses), r.Guesses); !strings.Contains(r.Summary, want) {
				t.Errorf("got %q, want %q in it", r.Summary, want)
			}
		})
	}
}

// TestBlindingIsOfTheOrders: a rater who always takes the left answer for the current
// model knows nothing, although each order by itself looks like knowledge.
func TestBlindingIsOfTheOrders(t *testing.T) {
	data := guessed(200, 0.5)
	for i := range data.Guesses {
		data.Guesses[i].Control = data.Guesses[i].First
	}
	r := blindingIn(t, data)
	wantNumber(t, "Bang's index", r.Bang.Estimate, 0)
	wantNumber(t, "with the control first", r.BangControlFirst.Estimate, 1)
	wantNumber(t, "with the candidate first", r.BangCandidateFirst.Estimate, -1)
	// The indices of the orders are those of stats.BlindingIndices.
	want, err := stats.BlindingIndices(stats.Guesses{Correct: 100}, stats.Guesses{Wrong: 100}, eval.Level)
	if err != nil {
		t.Fatal(err)
	}
	wantNumber(t, "James' index", r.James.Estimate, want.James.Estimate)
}

// TestBlindingCountsRatersAsDependent: six raters, three of whom always know and three of
// whom are always wrong, say less than as many guesses by as many people.
func TestBlindingCountsRatersAsDependent(t *testing.T) {
	data := guessed(180, 0.5)
	for i := range data.Guesses {
		data.Guesses[i].Control = eval.SideA
		if data.Guesses[i].Rater < "r3" {
			data.Guesses[i].Control = eval.SideB
		}
	}
	r := blindingIn(t, data)
	if alone := 1 / math.Sqrt(180); !(r.Bang.StandardError > 3*alone) {
		t.Errorf("standard error %.3f, want far more than the %.3f of independent guesses", r.Bang.StandardError, alone)
	}
}

// TestOnlyAskedGuessesCount in an index: who comes forward believes to know.
func TestOnlyAskedGuessesCount(t *testing.T) {
	data := guessed(200, 0.5)
	before := blindingIn(t, data)
	for _, rating := range data.Ratings[:50] {
		guess := eval.GuessOf(rating)
		guess.Asked, guess.Recognised, guess.Control = false, true, eval.SideA
		data.Guesses = append(data.Guesses, guess)
	}
	after := blindingIn(t, data)
	if *after.Bang != *before.Bang || after.Volunteered != 50 || after.Recognised != 50 || before.Volunteered != 0 {
		t.Errorf("got %+v, want the index of before, %+v, and 50 volunteered", after, before)
	}
	data.Guesses = nil
	analysis, err := Analyze(data, Options{})
	if err != nil || analysis.Blinding == nil || len(analysis.Blinding) != 0 {
		t.Errorf("without a guess: %+v, %v", analysis.Blinding, err)
	}
}

// TestAGuessGivenAgainIsACorrection, as a rating is: the last counts, and once.
func TestAGuessGivenAgainIsACorrection(t *testing.T) {
	data := guessed(200, 0.5)
	before := blindingIn(t, data)
	wrong := data.Guesses[0]
	wrong.Control = eval.SideB
	turned := data.Guesses[1].Flipped()
	data.Guesses = append(append([]eval.Guess{wrong}, data.Guesses...), turned)
	after := blindingIn(t, data)
	if after.Guesses != before.Guesses || *after.Bang != *before.Bang || *after.James != *before.James {
		t.Errorf("got %d guesses with Bang's index %+v, want the %d of before with %+v", after.Guesses, after.Bang, before.Guesses, before.Bang)
	}
}

// TestAllAlikeGuessesHaveLimits: nobody wrong does not mean nobody ever.
func TestAllAlikeGuessesHaveLimits(t *testing.T) {
	data := guessed(40, 0.5)
	for i := range data.Guesses {
		data.Guesses[i].Control = eval.SideUnknown
	}
	r := blindingIn(t, data)
	if r.Bang.Estimate != 0 || !(r.Bang.High > 0.05) || r.James.Estimate != 1 || !(r.James.Low < 1) {
		t.Errorf("got %+v and %+v, want limits about 0 and under 1", r.Bang, r.James)
	}
}

// TestGuessesChangeNoDecision is the rule that a guess must not touch a verdict.
func TestGuessesChangeNoDecision(t *testing.T) {
	with := guessed(200, 0.9)
	without := with
	without.Guesses = nil
	one, err := Analyze(with, Options{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := Analyze(without, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(one.Warnings) != len(other.Warnings)+1 || !strings.Contains(one.Warnings[len(one.Warnings)-1], "not blind") {
		t.Errorf("warnings %q, want one that the pilot was not blind", one.Warnings)
	}
	one.Blinding, one.Warnings = other.Blinding, other.Warnings
	a, errA := json.Marshal(one)
	b, errB := json.Marshal(other)
	if string(a) != string(b) || errA != nil || errB != nil {
		t.Error("guesses changed something else in the analysis")
	}
}
