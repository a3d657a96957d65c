package main

import (
	"bytes"
	"strings"
	"testing"

	"modeltrial/eval"
)

// TestInitAsks answers the questions in the way for screen readers, which asks the same
// ones in plain lines: a wrong answer is asked for again.
func TestInitAsks(t *testing.T) {
	o := initOptions{preset: "blank"}
	var asked bytes.Buffer
	answers := "2\nautumn pilot\nmany\n2\n12\n7.50\n"
	if err := initForm(&o).WithAccessible(true).WithInput(oneByOne{strings.NewReader(answers)}).WithOutput(&asked).Run(); err != nil {
		t.Fatalf("%v after:\n%s", err, asked.String())
	}
	if want := (initOptions{"specialists", "autumn pilot", "2", "12", "7.50"}); o != want {
		t.Errorf("got %+v, want %+v after:\n%s", o, want, asked.String())
	}
	if !strings.Contains(asked.String(), `is "many"; choose 1 to 52`) {
		t.Errorf("a wrong answer was not explained:\n%s", asked.String())
	}
}

// oneByOne gives one byte at a time, as somebody who types does: each question reads
// from its own buffer.
type oneByOne struct{ r *strings.Reader }

func (o oneByOne) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

func TestPresets(t *testing.T) {
	for preset := range presets {
		o := initOptions{preset, "autumn pilot", "3", "12", "7.50"}
		text, err := o.config()
		if err != nil {
			t.Errorf("%s: %v", preset, err)
			continue
		}
		for _, want := range []string{"name: autumn pilot", "weeks: 3", "tasks_per_week: 12", `budget_usd: "7.50"`} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s has no %s", preset, want)
			}
		}
		plain, err := initOptions{preset: preset}.config()
		if err != nil || !bytes.Equal(plain, presets[preset]) {
			t.Errorf("%s is not as it was without answers: %v", preset, err)
		}
	}
}

// TestSpecialistsAreHypotheses: the assignment, what is said of it, and prices that are
// known for every model.
func TestSpecialistsAreHypotheses(t *testing.T) {
	text, err := initOptions{preset: "specialists"}.config()
	if err != nil {
		t.Fatal(err)
	}
	config, err := eval.ParseConfig("m.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	price, err := armPrice(t.Context(), nil, config)
	if err != nil {
		t.Fatal(err)
	}
	for _, arm := range config.Pilot.Arms {
		for _, call := range arm.Calls() {
			if _, ok := price(call); !ok {
				t.Errorf("arm %s: the price of %s is not known", arm.Name, call.Model)
			}
		}
	}
	if claims := len(config.Pilot.Claims); claims != 6 {
		t.Errorf("%d claims, want six", claims)
	}
	reviewed, ok := config.Pilot.Arm("deepseek-reviewed")
	if !ok || len(reviewed.Steps) != 2 || reviewed.Steps[1].Model != config.Pilot.Arms[0].Model {
		t.Errorf("the pipeline is %+v, want a draft that the control's model reviews", reviewed)
	}
}
