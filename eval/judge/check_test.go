package judge_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"modeltrial/eval"
	"modeltrial/eval/judge"
)

func TestChecks(t *testing.T) {
	object := map[string]any{
		"type": "object", "required": []any{"total"}, "additionalProperties": false,
		"properties": map[string]any{"total": map[string]any{"type": "number", "minimum": 0}},
	}
	cases := []struct {
		name              string
		rule              eval.CheckRule
		answer, reference string
		want              bool
	}{
		{"exact", eval.CheckRule{Kind: eval.CheckExact}, "B\n", "B", true},
		{"exact case", eval.CheckRule{Kind: eval.CheckExact}, "b", "B", false},
		{"normalised", eval.CheckRule{Kind: eval.CheckNormalised}, "**“Straße”**, Paris.", "strasse paris", true},
		{"normalised width", eval.CheckRule{Kind: eval.CheckNormalised}, "ＡＢＣ。", "abc", true},
		{"normalised hyphen", eval.CheckRule{Kind: eval.CheckNormalised}, "well-known", "well known", true},
		{"normalised minus", eval.CheckRule{Kind: eval.CheckNormalised}, "5", "-5", false},
		{"normalised point", eval.CheckRule{Kind: eval.CheckNormalised}, "35", "3.5", false},
		{"normalised names of languages", eval.CheckRule{Kind: eval.CheckNormalised}, "C", "C#", false},
		{"normalised word more", eval.CheckRule{Kind: eval.CheckNormalised}, "not Paris", "Paris", false},
		{"number at the end", eval.CheckRule{Kind: eval.CheckNumeric}, "First 12, then 7: the answer is 84.", "84", true},
		{"number boxed", eval.CheckRule{Kind: eval.CheckNumeric}, `so \boxed{84}, as step 3 says`, "84", true},
		{"number of GSM8K", eval.CheckRule{Kind: eval.CheckNumeric}, "84", "12*7=84\n#### 84", true},
		{"number within", eval.CheckRule{Kind: eval.CheckNumeric, Tolerance: 0.01}, "3.14", "3.1416", true},
		{"number beyond", eval.CheckRule{Kind: eval.CheckNumeric, Tolerance: 0.001}, "3.14", "3.1416", false},
		{"number relative", eval.CheckRule{Kind: eval.CheckNumeric, RelativeTolerance: 0.01}, "1009", "1000", true},
		{"number relative beyond", eval.CheckRule{Kind: eval.CheckNumeric, RelativeTolerance: 0.01}, "1011", "1000", false},
		{"number of the other sign", eval.CheckRule{Kind: eval.CheckNumeric}, "-84", "84", false},
		{"no number", eval.CheckRule{Kind: eval.CheckNumeric}, "I do not know", "84", false},
		{"pattern", eval.CheckRule{Kind: eval.CheckPattern, Pattern: `(?i)answer is {reference}\b`}, "The ANSWER is (b)!", "(b)", false},
		{"pattern with the reference quoted", eval.CheckRule{Kind: eval.CheckPattern, Pattern: `(?i)answer is {reference}`}, "The ANSWER is (b)!", "(b)", true},
		{"pattern of the reference", eval.CheckRule{Kind: eval.CheckPattern}, "colour", "colou?r", true},
		{"pattern without a reference", eval.CheckRule{Kind: eval.CheckPattern, Pattern: "^SELECT"}, "SELECT 1", "", true},
		{"schema", eval.CheckRule{Kind: eval.CheckSchema, Schema: object}, `{"total": 3}`, "", true},
		{"schema in a fence", eval.CheckRule{Kind: eval.CheckSchema, Schema: object}, "```json\n{\"total\": 3}\n```\n", "", true},
		{"schema with words around", eval.CheckRule{Kind: eval.CheckSchema, Schema: object}, `Here: {"total": 3}`, "", false},
		{"schema broken", eval.CheckRule{Kind: eval.CheckSchema, Schema: object}, `{"total": -3}`, "", false},
		{"schema with more", eval.CheckRule{Kind: eval.CheckSchema, Schema: object}, `{"total": 3, "x": 1}`, "", false},
		{"two values", eval.CheckRule{Kind: eval.CheckSchema, Schema: object}, `{"total": 3} {"total": 4}`, "", false},
		{"similar", eval.CheckRule{Kind: eval.CheckSimilarity, Threshold: 0.65}, "The cat sat on the mat", "The cat sat on a mat.", true},
		{"not similar", eval.CheckRule{Kind: eval.CheckSimilarity, Threshold: 0.65}, "Dogs bark.", "The cat sat on a mat.", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			checker, err := judge.NewChecker(c.rule)
			if err != nil {
				t.Fatal(err)
			}
			got, detail, err := checker.Passes(c.answer, c.reference)
			if err != nil || got != c.want {
				t.Errorf("%q against %q: got %v (%s, %v), want %v", c.answer, c.reference, got, detail, err, c.want)
			}
		})
	}
}

func TestChecksNeedAReference(t *testing.T) {
	for _, rule := range []eval.CheckRule{
		{Kind: eval.CheckExact},
		{Kind: eval.CheckNormalised},
		{Kind: eval.CheckNumeric},
		{Kind: eval.CheckPattern},
		{Kind: eval.CheckPattern, Pattern: "x{reference}"},
		{Kind: eval.CheckSimilarity, Threshold: 0.5},
	} {
		checker, err := judge.NewChecker(rule)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := checker.Passes("", " \n"); !errors.Is(err, judge.ErrNoReference) {
			t.Errorf("%+v: got %v, want ErrNoReference: an empty answer is not right", rule, err)
		}
	}
	for _, rule := range []eval.CheckRule{{Kind: eval.CheckNumeric}, {Kind: eval.CheckPattern}} {
		checker, err := judge.NewChecker(rule)
		if err != nil {
			t.Fatal(err)
		}
		if passes, _, err := checker.Passes("x", "(see above"); err == nil {
			t.Errorf("%s against a reference it cannot use: got %v, want an error", rule.Kind, passes)
		}
	}
}

func TestASchemaReachesForNothing(t *testing.T) {
	for _, ref := range []string{"file:///etc/passwd", "https://example.com/schema.json", "other.json"} {
		if _, err := judge.NewChecker(eval.CheckRule{Name: "s", Kind: eval.CheckSchema, Schema: map[string]any{"$ref": ref}}); err == nil {
			t.Errorf("the schema %s was taken", ref)
		}
	}
	if _, err := judge.NewChecker(eval.CheckRule{Name: "s", Kind: eval.CheckSchema, Schema: map[string]any{"type": 3}}); err == nil {
		t.Error("a schema that is none was taken")
	}
}

func TestFinalNumber(t *testing.T) {
	cases := map[string]float64{
		"42": 42, "It is 1,234.": 1234, "1,234,567.5 USD": 1234567.5, "1.234,5 €": 1234.5, "1.234.567": 1234567, "3,5": 3.5, "0,125": 0.125,
		"−7": -7, "x = -7.25": -7.25, ".5": 0.5, "6.02e23": 6.02e23, "from 3-5": 5, "as GPT-4": 4, "1\u202f000": 1000, "12'000": 12000, "50 %": 50,
		"The sum is 7 (see \\boxed{9})": 9, "#### 18\nDone in 2 steps": 18, "1234": 1234,
	}
	for text, want := range cases {
		if got, ok := judge.FinalNumber(text); !ok || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "none", "-", "e"} {
		if got, ok := judge.FinalNumber(text); ok {
			t.Errorf("%q: got %v, want none", text, got)
		}
	}
}

// By hand: "abc" against "abcd" has precision 1, 1, 1 and recall 3/4, 2/3, 1/2 for one
// to three characters, so F2 of 1 and 23/36; "abxd" against "abcd" has 3/4, 1/3, 0, 0.
func TestChrF(t *testing.T) {
	recall := (3.0/4 + 2.0/3 + 1.0/2) / 3
	cases := []struct {
		answer, reference string
		want              float64
	}{
		{"The cat sat on the mat.", "The cat sat on the mat.", 1},
		{"abc", "abcd", 5 * recall / (4 + recall)},
		{"abxd", "abcd", (3.0/4 + 1.0/3) / 4},
		{"a b c", "abc", 1},
		{"我喜欢猫", "我喜欢猫", 1},
		{"aaaa", "a", 5 * 0.25 / (4*0.25 + 1)},
		{"xyz", "abc", 0},
		{"", "abc", 0},
	}
	for _, c := range cases {
		if got := judge.ChrF(c.answer, c.reference); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%q against %q: got %v, want %v", c.answer, c.reference, got, c.want)
		}
	}
}

func TestVerdictOfAChecks(t *testing.T) {
	for _, c := range []struct {
		a, b bool
		want eval.Verdict
	}{{true, true, eval.Tie}, {true, false, eval.PrefersA}, {false, true, eval.PrefersB}, {false, false, eval.BothBad}} {
		if got := judge.Verdict(c.a, c.b); got != c.want {
			t.Errorf("passes %v, %v: got %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

func FuzzChecks(f *testing.F) {
	f.Add("The answer is 1,234.5", "1234.5")
	f.Add(`\boxed{}`, "####")
	f.Add("\xff{\"total\": 1}", "(")
	f.Fuzz(func(t *testing.T, answer, reference string) {
		if number, ok := judge.FinalNumber(answer); ok && (math.IsInf(number, 0) || math.IsNaN(number)) {
			t.Errorf("%q ends on %v", answer, number)
		}
		if got := judge.Normalise(answer); strings.Contains(got, "  ") || strings.ContainsAny(got, "\t\n*") {
			t.Errorf("%q: normalised it is %q", answer, got)
		}
		if score := judge.ChrF(answer, reference); !(score >= 0 && score <= 1+1e-12) {
			t.Errorf("chrF2 of %q against %q is %v", answer, reference, score)
		}
	})
}
