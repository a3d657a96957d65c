package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"modeltrial/eval"
)

// testdata of eval/stats holds synthetic ratings and what scipy, statsmodels and
// others give for them; each case names its call.
const referenceData = "../../eval/stats/testdata/"

// reference gives the numbers that a case expects, by name.
func reference(t *testing.T, id string) (values map[string]float64, lists map[string][]float64, tolerance float64) {
	t.Helper()
	text, err := os.ReadFile(referenceData + "expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Cases []struct {
			ID        string         `json:"id"`
			Expected  map[string]any `json:"expected"`
			Tolerance float64        `json:"tolerance"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	values, lists = map[string]float64{}, map[string][]float64{}
	for _, c := range document.Cases {
		if c.ID != id {
			continue
		}
		for name, value := range c.Expected {
			switch v := value.(type) {
			case float64:
				values[name] = v
			case []any:
				for _, element := range v {
					if number, ok := element.(float64); ok {
						lists[name] = append(lists[name], number)
					}
				}
			}
		}
		return values, lists, c.Tolerance
	}
	t.Fatalf("no case %s", id)
	return nil, nil, 0
}

// analyzed runs modeltrial analyze --json on a file of the reference data.
func analyzed(t *testing.T, file string, arguments ...string) eval.Analysis {
	t.Helper()
	text, err := os.ReadFile(referenceData + file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), file) // its rejects would be written beside it
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	if code := execute(append([]string{"analyze", "--json", "--ratings", path}, arguments...), &out, &errOut); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errOut.String())
	}
	var analysis eval.Analysis
	if err := json.Unmarshal(out.Bytes(), &analysis); err != nil {
		t.Fatal(err)
	}
	return analysis
}

func of(t *testing.T, analysis eval.Analysis, category string) eval.ComparisonResult {
	t.Helper()
	for _, comparison := range analysis.Comparisons {
		if string(comparison.Category) == category {
			return comparison
		}
	}
	t.Fatalf("no comparison in %s", category)
	return eval.ComparisonResult{}
}

// The cases of the reference data, through the command line.
func TestAnalyzeEqualsTheReferences(t *testing.T) {
	t.Parallel()
	people := analyzed(t, "ratings.csv")
	judge := analyzed(t, "ratings.csv", "--rater", "judge-1")
	combined := analyzed(t, "ratings.csv", "--random-sample")
	arms := analyzed(t, "arms.csv")
	type number struct {
		name string
		got  float64
		want string // name in the case, or in its list
		at   int
	}
	cases := map[string][]number{}
	for _, category := range []string{"coding", "math", "creative"} {
		result := of(t, people, category)
		cases["win_rate_"+category+"_human"] = []number{
			{"tasks", float64(result.Tasks), "tasks", 0},
			{"raters", float64(result.Raters), "raters", 0},
			{"ratings", float64(result.Ratings), "ratings", 0},
			{"estimate", result.WinRate.Estimate, "estimate", 0},
			{"standard error", result.WinRate.StandardError, "spec_standard_error", 0},
			{"low", result.WinRate.Low, "spec_low", 0},
			{"high", result.WinRate.High, "spec_high", 0},
		}
		cases["position_"+category+"_human"] = []number{
			{"estimate", result.PositionEffect.Estimate, "estimate", 0},
			{"standard error", result.PositionEffect.StandardError, "standard_error", 0},
			{"p-value", result.PositionEffect.PValue, "p_value", 0},
			{"low", result.PositionEffect.Low, "ci", 0},
			{"high", result.PositionEffect.High, "ci", 1},
		}
		for _, s := range result.Sensitivity {
			// The reference weighs ratings equally, the method tasks: one where all have two.
			if s.Name == "position-adjusted" && category != "math" {
				cases["position_"+category+"_human"] = append(cases["position_"+category+"_human"], number{"adjusted win rate", s.WinRate.Estimate, "adjusted_win_rate", 0})
			}
		}
		cases["krippendorff_"+category] = []number{
			{"nominal", result.Agreement.AlphaNominal.Estimate, "nominal", 0},
			{"ordinal", result.Agreement.AlphaOrdinal.Estimate, "ordinal", 0},
		}
		result = of(t, judge, category)
		cases["win_rate_"+category+"_judge"] = []number{
			{"tasks", float64(result.Tasks), "tasks", 0},
			{"estimate", result.WinRate.Estimate, "estimate", 0},
			{"standard error", result.WinRate.StandardError, "standard_error", 0},
			{"low", result.WinRate.Low, "spec_ci", 0},
			{"high", result.WinRate.High, "spec_ci", 1},
		}
	}
	creative := of(t, combined, "creative")
	cases["ppi_creative"] = []number{
		{"tasks", float64(creative.Tasks), "n", 0},
		{"judged only", float64(creative.JudgedTasks), "N", 0},
		{"people alone", creative.Combination.PeopleAlone, "human_only", 0},
		{"at lambda 1", creative.Combination.PeopleAlone + creative.Combination.JudgesOnly - creative.Combination.JudgesShared, "estimate_lam1", 0},
	}
	for _, arm := range arms.Ranking[0].Arms {
		at, known := map[string]int{"cand-a": 0, "cand-b": 1, "cand-c": 2}[arm.Arm]
		if known {
			cases["bradley_terry"] = append(cases["bradley_terry"],
				number{arm.Arm + " log-odds", arm.LogOdds.Estimate, "log_odds", at},
				number{arm.Arm + " win probability", arm.WinProbability.Estimate, "win_probability_vs_control", at})
		}
	}
	if len(cases["bradley_terry"]) != 6 || len(cases) != 14 {
		t.Fatalf("%d cases, %d numbers of the ranking", len(cases), len(cases["bradley_terry"]))
	}
	for id, numbers := range cases {
		t.Run(id, func(t *testing.T) {
			values, lists, tolerance := reference(t, id)
			for _, n := range numbers {
				want, known := values[n.want]
				if list := lists[n.want]; n.at < len(list) {
					want, known = list[n.at], true
				}
				if !known {
					t.Errorf("the case has no %s", n.want)
				}
				if math.Abs(n.got-want) > tolerance {
					t.Errorf("%s: got %.12g, want %.12g", n.name, n.got, want)
				}
			}
		})
	}
}
