package report

import (
	"bytes"
	"encoding/csv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

func TestReviewSheet(t *testing.T) {
	tasks := []ReviewTask{
		{ID: "a", Prompt: "=SUM(A1)", Before: "Hi", Guesses: []audit.Guess{{Category: "math", Probability: 0.5}, {Category: "coding", Probability: 0.25}}},
		{ID: "b", Prompt: "line\nbreak, \"quoted\"", Guesses: []audit.Guess{{Category: "math", Probability: 1}}},
	}
	for _, c := range []struct {
		guesses bool
		want    [][]string
	}{
		{true, [][]string{
			{"id", "category", "prompt", "turn_before", "system", "guess", "guess_probability", "second_guess", "second_probability"},
			{"a", "", "'=SUM(A1)", "Hi", "", "math", "0.500", "coding", "0.250"},
			{"b", "", "line\nbreak, \"quoted\"", "", "", "math", "1.000", "", ""},
		}},
		{false, [][]string{ // blind: nothing of the guesses
			{"id", "category", "prompt", "turn_before", "system"},
			{"a", "", "'=SUM(A1)", "Hi", ""},
			{"b", "", "line\nbreak, \"quoted\"", "", ""},
		}},
	} {
		var out bytes.Buffer
		if err := ReviewSheet(&out, tasks, c.guesses); err != nil {
			t.Fatal(err)
		}
		got, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("guesses %v (-want +got):\n%s", c.guesses, diff)
		}
	}
}
