package report

import (
	"math"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"modeltrial/audit"
	"modeltrial/eval"
)

// text is what a reader sees of a page, in single spaces.
func text(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for node := range root.Descendants() {
		if node.Type == html.TextNode && node.Parent.Data != "style" {
			out.WriteString(" " + node.Data)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// TestHTMLShowsTheStatistics wants each result of an analysis in the page's words and
// in its table.
func TestHTMLShowsTheStatistics(t *testing.T) {
	page := text(t, renderHTML(t, fixtureInput()))
	for what, want := range map[string]string{
		"combination":            "People alone: 50% on 150 tasks; judges: 58% on the same tasks and 63% on 300 tasks that people did not get to; together 52%, judges weighing λ = 0.42.",
		"who it rests on":        "It rests on people's and judges' ratings together, all of them simulated.",
		"position":               "The answer shown first had an advantage of +2 [−2, +6] points.",
		"weeks":                  "coding · claude 2 95 64% [55, 73] 50–78%",
		"change of decision":     `coding · claude: the decision would be "keep" in the analysis "without odd raters"`,
		"other analysis":         "without odd raters without ben: odd in the table of raters 134 53% [43, 63] keep",
		"analysis not possible":  "length-controlled as if both answers were equally long 0 the lengths do not differ –",
		"first pass":             "coding · claude 143 71% 80% +9 [+3, +15] points 4 17 0.0072",
		"first pass missing":     "First-pass accuracy is not known: math · deepseek+gpt: no answer was checked.",
		"outcomes":               "coding · claude claude 143 2 (1.4%) 5 (3.5%) 1 (0.7%)",
		"ranking":                "1 claude 61% [54–68%] 0.45 [0.15, 0.75] 1 to 2",
		"ranking of the control": "3 current the control",
		"ranking missing":        "No ranking: the wins and losses do not connect all arms.",
		"rater":                  "ben simulated human 230 35.0 s 31% 95% 40%",
		"odd rater":              "Odd: ben ties on 95%; 31% of ratings took less than a third of the usual time",
		"place of the answer":    "ana +3 [−3, +9] points 0.3000 50%",
		"judge that passes":      "Judge judge-1: agrees with people on 66%, they among themselves on 64%: agrees with people about as well as they among themselves; favours longer answers more than people do.",
		"judge that fails":       "Judge judge-3: agrees with people on 50% where people agree among themselves on 64%: it is not shown to stand in for a person.",
		"judge's measure":        "Same verdict in both orders. 81% [77–85%]",
		"judge not known":        "0 of them also rated by people; no comparison was rated by people, too.",
		"not combined":           "People and judges were not combined: coding · claude, math · deepseek+gpt and creative · small: no judge rated.",
		"beside a figure":        "Imported answers, simulated ratings.",
		"widest driver first":    "coding: cost ratio 1 630 to 1 970 USD",
		"frontier":               "coding claude 0.73× [0.65, 0.81] 61% [54, 68] on the frontier",
		"dominated control":      "coding current the control – beaten by claude in cost and quality, both beyond chance",
		"method of combination":  "PPI++",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s: the page does not say %q", what, want)
		}
	}
}

// TestHTMLSaysWhyStatisticsAreMissing renders a pilot of two arms that only people rated.
func TestHTMLSaysWhyStatisticsAreMissing(t *testing.T) {
	in := ratedByPeopleAlone()
	for i := range in.Analysis.Raters {
		in.Analysis.Raters[i].PositionEffect = nil
	}
	page := text(t, renderHTML(t, in))
	for _, want := range []string{
		"First-pass accuracy is not known: no answer was checked.", "No judge model rated.", "There is no ranking: it takes more than two arms",
		"No use case has enough tasks to be analysed in other ways.", "refusals and answers cut short are not known", "The effect of the place is not known",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "were not combined") || strings.Contains(page, "NaN") {
		t.Error("the page says what nobody asked, or NaN")
	}
}

// TestTornado takes one estimate at a time to its limits; the widths are computed here
// from the routes by hand.
func TestTornado(t *testing.T) {
	in := fixtureInput()
	f := tornado(in)
	if len(f.rows) != 4 {
		t.Fatalf("%d rows, want two for each of the two switches", len(f.rows))
	}
	total, coding := in.Routing.Total.MonthlySaving.Estimate, in.Routing.Routes[0]
	half := 2.18 * coding.CostRatio.StandardError * coding.ControlSpend.Estimate // 2.18 standard errors to the saving's limits
	widest := f.rows[0]
	if widest.name != "coding: cost ratio" || math.Abs(widest.dots[0].fixed.High-total-half) > 1e-9 || math.Abs(widest.dots[0].fixed.Low-total+half) > 1e-9 {
		t.Errorf("the widest is %s from %v, want coding's cost ratio %.2f to both sides of %.2f", widest.name, widest.dots[0].fixed, half, total)
	}
	if f.scale.from != 0 {
		t.Errorf("the axis of money begins at %g", f.scale.from)
	}
	in.Routing.Total.MonthlySaving = nil
	if f := tornado(in); len(f.rows) != 0 {
		t.Error("an unknown saving has drivers")
	}
}

// TestRowFigures keeps every mark within its figure, whatever the figures.
func TestRowFigures(t *testing.T) {
	for _, value := range []float64{0, 0.5, -3, 1e308, math.Inf(1), math.NaN()} {
		raters := []eval.RaterResult{{Rater: strings.Repeat("long name ", 20), Ratings: 7, PositionEffect: &eval.PositionEffect{Interval: eval.Interval{Estimate: value, Low: value, High: value}}}}
		for _, f := range []rowFigure{raterLoad(raters), raterPositions(raters), raterLoad([]eval.RaterResult{{}})} {
			for _, d := range f.both() {
				for _, shape := range d.Shapes {
					if inside := shape.X >= -20 && shape.X <= d.Width+20 && shape.X2 <= d.Width+20 && shape.Y <= d.Height+20; !inside {
						t.Errorf("%v: a %s lies at %g, %g of a figure of %g by %g", value, shape.Kind, shape.X, shape.Y, d.Width, d.Height)
					}
				}
			}
		}
	}
}

func TestRoundUp(t *testing.T) {
	for x, want := range map[float64]float64{0: 1, 1: 1, 7: 8, 250: 400, 0.031: 0.04, 1800: 2000, 900: 1000, -5: 1} {
		if got := roundUp(x); math.Abs(got-want) > 1e-9 {
			t.Errorf("roundUp(%g) = %g, want %g", x, got, want)
		}
	}
}

func TestBeside(t *testing.T) {
	for want, p := range map[string]eval.Provenance{
		"":                                     {ResponsesMeasured: 4, RatingsByPeople: 3},
		"Imported answers, simulated ratings.": {ResponsesRecorded: 4, RatingsSimulated: 2},
		"Some answers imported, some answers simulated, some ratings simulated.": {ResponsesMeasured: 1, ResponsesRecorded: 1, ResponsesSimulated: 1, RatingsByJudges: 1, RatingsSimulated: 1},
	} {
		if got := beside(p); got != want {
			t.Errorf("%+v: %q, want %q", p, got, want)
		}
	}
}

func TestWhyMissing(t *testing.T) {
	why := func(reasons ...string) string {
		var comparisons []eval.ComparisonResult
		for i, reason := range reasons {
			comparisons = append(comparisons, eval.ComparisonResult{Category: audit.Categories[i], Candidate: "new", WhyMissing: map[string]string{"x": reason}})
		}
		return whyMissing(comparisons, "x")
	}
	for _, c := range []struct{ got, want string }{
		{why("", ""), ""},
		{why("a", "a"), "a"},
		{why("a", ""), string(audit.Categories[0]) + " · new: a"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestPlanes(t *testing.T) {
	in := fixtureInput()
	got := planes(in)
	if len(got) != 3 {
		t.Fatalf("%d planes, want those of coding, general and math", len(got))
	}
	for i, want := range [][]bool{{true, false}, {true, false}, {false, false}} { // math's candidate is cheaper and preferred less
		for j, arm := range got[i].Arms {
			if arm.Dominated != want[j] {
				t.Errorf("%s %s: dominated %v, want %v", got[i].Category, arm.Arm, arm.Dominated, want[j])
			}
		}
	}
	hollow := 0
	for _, shape := range got[0].draw().Shapes {
		if strings.Contains(shape.Class, "hollow") {
			hollow++
		}
	}
	if hollow != 1 {
		t.Errorf("%d hollow marks, want the control's", hollow)
	}
}

func TestChangeLine(t *testing.T) {
	fine, vague := interval(0.6, 0.03), interval(0.4, 0.2)
	c := eval.ComparisonResult{Sensitivity: []eval.Sensitivity{{Name: "a", WinRate: fine}, {Name: "b", WinRate: vague}, {Name: "c"}}}
	if got, want := changeLine(c), "no other analysis changes the answer (of 1, 2 more are too small or too uncertain)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if row := variantRow(c.Sensitivity[1], 0); row.note != "too uncertain to say" {
		t.Errorf("the note of an interval from 0 to 80%% is %q", row.note)
	}
	c.Sensitivity = append(c.Sensitivity, eval.Sensitivity{Name: "length-controlled", WinRate: fine, Changes: true})
	if got, want := changeLine(c), `the win rate supports another claim in the analysis "length-controlled"`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.Sensitivity = c.Sensitivity[2:3]
	if got, want := changeLine(c), "no other analysis has enough tasks to say anything"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestLosses counts the control of two candidates once.
func TestLosses(t *testing.T) {
	control := eval.ArmOutcomes{Answers: 10, Empty: 1}
	got := losses([]eval.ComparisonResult{
		{Category: audit.Coding, Control: "now", Candidate: "a", LostControl: 2, OutcomesControl: control},
		{Category: audit.Coding, Control: "now", Candidate: "b", LostControl: 2, LostCandidate: 3, OutcomesControl: control},
	})
	if want := "On the way, of each arm's tasks: 5 without an answer, which count as that arm's losses; 1 answered with an empty text"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := losses(nil); got != "" {
		t.Errorf("nothing was lost, and the page says %q", got)
	}
}

// TestDominanceSaysHowFarItIsShown covers what stands beside an arm that another beats.
func TestDominanceSaysHowFarItIsShown(t *testing.T) {
	for want, arm := range map[string]eval.FrontierArm{
		"beaten by other in cost and quality, both beyond chance":                                {DominatedCostShown: true, DominatedQualityShown: true},
		"beaten by other: in cost beyond chance, in quality by the point estimate only":          {Arm: "third", DominatedCostShown: true},
		"beaten by other: in cost beyond chance, in quality shown to be not worse":               {Arm: "now", DominatedCostShown: true},
		"beaten by other: in quality beyond chance, in cost by the point estimate only":          {DominatedQualityShown: true},
		"beaten by other by the point estimates only: in neither cost nor quality beyond chance": {},
	} {
		plane := eval.FrontierCategory{Arms: []eval.FrontierArm{{Arm: "now"}, {Arm: "other", NotWorse: true}, {Arm: "third"}}}
		arm.DominatedBy = "other"
		if got := dominatedNote(plane, arm); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
