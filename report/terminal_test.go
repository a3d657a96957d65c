package report

import (
	"bytes"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/eval"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go test ./report -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

var terminalDocuments = []struct {
	name  string
	write func(io.Writer, Style) error
}{
	{"analysis", func(w io.Writer, s Style) error { return Analysis(w, fixtureAnalysis(), s) }},
	{"analysis-empty", func(w io.Writer, s Style) error { return Analysis(w, eval.Analysis{}, s) }},
	{"routing", func(w io.Writer, s Style) error { return RoutingTable(w, fixtureRouting(), s) }},
	{"routing-unknown", func(w io.Writer, s Style) error { return RoutingTable(w, unknownSaving(), s) }},
	{"audit", func(w io.Writer, s Style) error { return AuditReport(w, fixtureAudit(), s) }},
	{"audit-empty", func(w io.Writer, s Style) error { return AuditReport(w, audit.Report{}, s) }},
	{"score", func(w io.Writer, s Style) error { return Score(w, fixtureScore(), s) }},
}

// unknownSaving is a routing table whose log had too few periods.
func unknownSaving() eval.RoutingTable {
	table := fixtureRouting()
	table.Routes[0].MonthlySaving, table.Routes[0].MonthlyCostThen, table.Routes[0].SavingIfSwitched, table.Routes[0].ControlSpend = nil, nil, nil, nil
	table.Routes[0].WhyMissing = map[string]string{"monthly_saving_usd": "one month of spend, an interval needs 2"}
	table.Total.MonthlySaving, table.Total.MonthlyCostThen = nil, nil
	table.Total.WhyMissing = map[string]string{"monthly_saving_usd": "the saving of a route is not known"}
	return table
}

func fixtureScore() classify.Score {
	return classify.Score{
		Rows: 120, Accuracy: new(0.9), MacroF1: new(0.88), UnsureShare: new(0.1), AccuracyWhenSure: new(0.95), MicrosecondsPerTask: new(84.0),
		Confusion:   map[audit.Category]map[audit.Category]int{audit.Coding: {audit.Coding: 55, audit.Math: 5}, audit.Math: {audit.Math: 53, audit.Coding: 7}},
		PerCategory: []classify.CategoryScore{{Category: audit.Coding, Precision: new(0.89), Recall: new(0.92), F1: new(0.9), Rows: 60}, {Category: audit.Math, Rows: 60}},
		PerSource:   []classify.SourceScore{{Source: "forum", Rows: 100, Accuracy: 0.91}, {Source: "mail", Rows: 20, Accuracy: 0.85}},
	}
}

func TestTerminalDocuments(t *testing.T) {
	for _, document := range terminalDocuments {
		t.Run(document.name, func(t *testing.T) {
			for _, style := range []Style{{}, {Color: true}, {Width: 60}} {
				var out bytes.Buffer
				if err := document.write(&out, style); err != nil {
					t.Fatal(err)
				}
				for line := range strings.SplitSeq(out.String(), "\n") {
					if width := ansi.StringWidth(line); width > style.width() {
						t.Errorf("%d columns, at most %d: %q", width, style.width(), line)
					}
				}
				plain := ansi.Strip(out.String())
				if strings.ContainsAny(plain, "\x1b\u202e") || (!style.Color && plain != out.String()) {
					t.Errorf("control sequences reached the terminal: %q", out.String())
				}
				if style == (Style{}) {
					golden(t, document.name+".txt", out.String())
				}
			}
		})
	}
}

// TestProvenanceStandsAtTheHead keeps simulated and recorded figures labelled
// before any figure is read.
func TestProvenanceStandsAtTheHead(t *testing.T) {
	var out bytes.Buffer
	if err := Analysis(&out, fixtureAnalysis(), Style{}); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(out.String(), "\n\n")
	if want := "answers are imported; 480 of 480 ratings are simulated"; !strings.Contains(head, want) {
		t.Errorf("head is %q, want it to say %q", head, want)
	}
}

// TestSeveralControlsAreToldApart covers a ratings file with many pairs of arms,
// all in one category.
func TestSeveralControlsAreToldApart(t *testing.T) {
	a := fixtureAnalysis()
	for i := range a.Comparisons {
		a.Comparisons[i].Category = "uncategorised"
	}
	a.Comparisons[1].Control = "former"
	var out bytes.Buffer
	if err := Analysis(&out, a, Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"uncategorised · small vs former", "uncategorised · small vs current"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no row is called %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "all ·") {
		t.Errorf("the overall row repeats the only category:\n%s", out.String())
	}
}

func TestTableCutsTheWidestColumnFirst(t *testing.T) {
	var out bytes.Buffer
	columns := []Column{{Name: "name"}, {Name: "n", Right: true, Fixed: true}}
	rows := [][]Cell{Cells(strings.Repeat("日本", 60), "1"), Cells("b", "22")}
	if err := Table(&out, Style{Width: 40}, columns, rows); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	if got, want := lines[2], "b"+strings.Repeat(" ", 37)+"22"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !strings.Contains(lines[1], "…") || ansi.StringWidth(lines[1]) > 40 {
		t.Errorf("%q is not cut to 40 columns", lines[1])
	}
}

func TestTableNeverCutsWholeColumns(t *testing.T) {
	name := strings.Repeat("provider/model-", 6)
	for _, width := range []int{0, 60} {
		var out bytes.Buffer
		columns := []Column{{Name: "model", Whole: true}, {Name: "price", Right: true, Fixed: true}, {Name: "source"}}
		if err := Table(&out, Style{Width: width}, columns, [][]Cell{Cells(name, "1.25", strings.Repeat("page ", 20))}); err != nil {
			t.Fatal(err)
		}
		if row := strings.Split(out.String(), "\n")[1]; !strings.HasPrefix(row, name) {
			t.Errorf("width %d: the row %q does not begin with %q", width, row, name)
		}
	}
}

// TestNextCommandCanBeCopied wants each document's last command with what chooses
// the workspace, and whole however narrow the terminal is.
func TestNextCommandCanBeCopied(t *testing.T) {
	unsorted := fixtureAudit()
	unsorted.Unsorted = 3
	for _, c := range []struct {
		write func(io.Writer, Style) error
		want  []string
	}{
		{func(w io.Writer, s Style) error { return Analysis(w, eval.Analysis{}, s) }, []string{"rate serve"}},
		{func(w io.Writer, s Style) error { return Analysis(w, fixtureAnalysis(), s) }, []string{"route recommend"}},
		{func(w io.Writer, s Style) error { return RoutingTable(w, fixtureRouting(), s) }, []string{"report excel routing.xlsx", "route export --format litellm"}},
		{func(w io.Writer, s Style) error { return AuditReport(w, audit.Report{}, s) }, []string{"audit import FILE"}},
		{func(w io.Writer, s Style) error { return AuditReport(w, fixtureAudit(), s) }, []string{"pilot plan"}},
		{func(w io.Writer, s Style) error { return AuditReport(w, unsorted, s) }, []string{"audit classify"}},
	} {
		var out bytes.Buffer
		const command = "modeltrial -C '/home/ada/the pilots of this autumn/support'"
		if err := c.write(&out, Style{Width: 60, Command: command}); err != nil {
			t.Fatal(err)
		}
		_, last, _ := strings.Cut(out.String(), "next: ")
		for _, want := range c.want {
			if !strings.Contains(last, command+" "+want) {
				t.Errorf("no %q at the end of %q", command+" "+want, last)
			}
		}
	}
}

// TestBeforeAnyRating says once why nothing is decided, and what comes next.
func TestBeforeAnyRating(t *testing.T) {
	unrated := func(answers int) eval.Analysis {
		return eval.Analysis{
			ProtocolSHA256: fixtureHash, Weeks: 4, Level: 0.95, Provenance: eval.Provenance{ResponsesMeasured: answers},
			Comparisons: []eval.ComparisonResult{{
				Category: audit.Coding, Control: "now", Candidate: "next", Decision: eval.Continue, Reason: "not yet: nothing has been rated",
				WhyMissing: map[string]string{"win_rate": "nothing has been rated yet"},
			}},
		}
	}
	for answers, want := range map[int]string{0: "next: modeltrial pilot run ", 8: "next: modeltrial rate serve\n"} {
		var out bytes.Buffer
		if err := Analysis(&out, unrated(answers), Style{}); err != nil {
			t.Fatal(err)
		}
		if strings.Count(out.String(), "nothing has been rated") != 1 || !strings.Contains(out.String(), want) {
			t.Errorf("with %d answers, want the reason once and %q:\n%s", answers, want, out.String())
		}
	}
	over := unrated(8)
	over.ThroughWeek, over.Provenance.RatingsByPeople = 4, 15
	var out bytes.Buffer
	if err := Analysis(&out, over, Style{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "next: modeltrial rate serve\n") {
		t.Errorf("in the last week, want rating next:\n%s", out.String())
	}
}

func TestFormats(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Count(0), "0"},
		{Count(999), "999"},
		{Count(1234567), "1\u202f234\u202f567"},
		{Count(-1234), "−1\u202f234"},
		{Rate(0.614, 143), "61%"},
		{Rate(0.614, 2000), "61%"},
		{Rate(0.614, 2001), "61.4%"},
		{Rate(-0.001, 10), "0%"},
		{Rate(math.NaN(), 10), "–"},
		{Money(0), "0 USD"},
		{Money(0.00031), "0.000310 USD"},
		{Money(1.234), "1.23 USD"},
		{Money(999.6), "1\u202f000 USD"},
		{Money(1234.5), "1\u202f230 USD"},
		{Money(-12.34), "−12.3 USD"},
		{Money(math.Inf(1)), "–"},
		{Milliseconds(840), "840 ms"},
		{Milliseconds(999.6), "1.0 s"},
		{Milliseconds(1234), "1.2 s"},
		{Milliseconds(150_000), "2.5 min"},
		{Times(0.731), "0.73×"},
		{WinRate(&eval.Interval{Estimate: 0.61, Low: 0.54, High: 0.68}, &eval.Interval{Low: 0.51, High: 0.7}, 143), "61%  [54, 68] (51–70)"},
		{WinRate(nil, nil, 3), "–"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, map[string]any{"a": "<b> & c"}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "{\n  \"a\": \"<b> & c\"\n}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		out.Reset()
		if err := JSON(&out, map[string]float64{"x": bad}); err == nil || out.Len() > 0 {
			t.Errorf("%v: error %v and %d bytes, want an error and nothing written", bad, err, out.Len())
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(hostile)
	f.Add("\x9b31m\xff\u2028a\r\nb")
	f.Fuzz(func(t *testing.T, text string) {
		got := line(text)
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || (r >= 0x7f && r < 0xa0) || (r >= 0x202a && r <= 0x202e) }) {
			t.Errorf("line(%q) = %q", text, got)
		}
	})
}

func TestSimulation(t *testing.T) {
	share := func(estimate float64) eval.Share { return eval.Share{Estimate: estimate, Error: 0.004} }
	wrong := share(0.021)
	simulation := eval.Simulation{
		Pilot: "quarter <b>", Weeks: 4, TasksPerWeek: 75, UseCases: 2, Seed: 9, MonteCarlo: 0.004, Interrupted: true,
		Scenarios: []eval.ScenarioResult{
			{
				Curve: true, Truths: []eval.Truth{{WinRate: 0.5, CostRatio: 1}, {WinRate: 0.5, CostRatio: 1}}, Pilots: 1500,
				FalseQuality: &wrong, Switched: share(0.02), ForCost: share(0), Kept: share(0.98), Undecided: share(0),
				SwitchedBy: []float64{0, 0.01, 0.01, 0.02}, MeanWeeks: 3.96,
			},
			{
				Curve: true, Truths: []eval.Truth{{WinRate: 0.6, CostRatio: 1}, {WinRate: 0.6, CostRatio: 0.5}}, Pilots: 1500,
				Switched: share(0.85), ForCost: share(0.01), Kept: share(0.14), Undecided: share(0),
				SwitchedBy: []float64{0.02, 0.4, 0.7, 0.86}, MeanWeeks: 2.9,
			},
		},
	}
	var terminal, page bytes.Buffer
	if err := Simulation(&terminal, simulation, Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"4 weeks × 75 tasks a week, 2 use cases",
		"50%        1.00×          1\u202f500    2.0%      0.0%  98.0%  0.0%    4.0          2.1%               –",
		"60%        1.00×, 0.50×",
		"at most 0.4 points (standard error); seed 9", "stopped before",
	} {
		if !strings.Contains(terminal.String(), want) {
			t.Errorf("no %q in\n%s", want, terminal.String())
		}
	}
	if err := SimulationPage(&page, simulation); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Every pilot here is simulated", "quarter &lt;b&gt;", "Switched, by the true win rate", "stopped before", "<td>1.00×, 0.50×</td>"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if strings.Count(page.String(), "<svg") != 2 || strings.Contains(page.String(), "<script") {
		t.Error("the page has no two figures, or a script")
	}
}

// TestDetailsNotes: details name an arm by its own name, and each reason that a number is missing once
// and in full.
func TestDetailsNotes(t *testing.T) {
	a := fixtureAnalysis()
	a.Comparisons = a.Comparisons[:2]
	a.Comparisons[1].Control = "other"
	const why = "rated tasks: 12, at least 20 are needed, which is told in full however long it is"
	a.Comparisons[0].Sensitivity = []eval.Sensitivity{{Name: "week 1", WhyMissing: why}, {Name: "week 2", WhyMissing: why}}
	a.Comparisons[0].OutcomesControl.Answers = 9
	a.Comparisons[0].OutcomesCandidate.Answers = 7
	var out bytes.Buffer
	if err := AnalysisDetails(&out, a, Style{}); err != nil {
		t.Fatal(err)
	}
	name := a.Comparisons[0].Candidate
	if got := out.String(); !strings.Contains(got, name+" vs ") || strings.Count(got, "¹ "+why) != 1 {
		t.Errorf("no single note %q:\n%s", why, got)
	}
	for row := range strings.Lines(out.String()) {
		if strings.HasPrefix(row, name) && strings.Contains(row, " vs ") {
			t.Errorf("an arm's row names two: %q", row)
		}
	}
}

// TestComparisonWarnings stand once each, with the use cases that they are of.
func TestComparisonWarnings(t *testing.T) {
	of := func(candidate string, warnings ...string) eval.ComparisonResult {
		return eval.ComparisonResult{Category: "coding", Candidate: candidate, Warnings: warnings}
	}
	a := eval.Analysis{Comparisons: []eval.ComparisonResult{of("x", "few", "odd"), of("y", "few"), of("z", "few", "odd")}}
	want := []string{"all use cases: few", "coding · x, coding · z: odd"}
	if diff := cmp.Diff(want, comparisonWarnings(a)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	a.Comparisons = a.Comparisons[:1]
	if got := comparisonWarnings(a); got[0] != "coding · x: few" {
		t.Errorf("of one use case: %q", got)
	}
}

// TestDigits: a sum of 805 equal parts is 805, and what is no whole number keeps its
// digits.
func TestDigits(t *testing.T) {
	for want, x := range map[string]float64{
		"805": 805.0000000000002, "0": 0, "−1": -1, "804.00100": 804.001, "0.15734": 0.157335, "1e-09": 1e-9, "1000000.00000": 1e6,
	} {
		if got := digits(x); got != want {
			t.Errorf("%v is %q, want %q", x, got, want)
		}
	}
}

func TestReplayTerminal(t *testing.T) {
	var out bytes.Buffer
	if err := Replay(&out, *fixtureReplay(), Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"400 of 900 tasks would have run on another model. The log cost 120 USD and would have cost 100 USD",
		"¹ coding: no cost is known", "    –¹                  –\n", "finance                                                0.90×  58%", "0 of 900      120   100\n", "! 3 tasks have no category", "not known: no sample was reviewed",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("a control sequence of the log reached the terminal:\n%q", out.String())
	}
}

// TestReplayKeepsNamesWhole holds a narrow terminal to whole names of teams, with the
// categoriser's errors, which take the most room.
func TestReplayKeepsNamesWhole(t *testing.T) {
	replay := *fixtureReplay()
	replay.ReviewedTasks = 200
	replay.Teams = slices.Clone(replay.Teams)
	for i := range replay.Teams {
		replay.Teams[i].SavingWithErrors = replay.Total.Saving
	}
	replay.Teams[0].Team = "customer-care-escalations"
	var out bytes.Buffer
	if err := Replay(&out, replay, Style{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "customer-care-escalations "); got != 2 || strings.Contains(out.String(), "…") {
		t.Errorf("the name stands there %d times, want once in each of two tables, and nothing is to be cut:\n%s", got, out.String())
	}
	for text := range strings.Lines(out.String()) {
		if n := ansi.StringWidth(strings.TrimSuffix(text, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, text)
		}
	}
}

// TestSentencesOfSmallPilots covers what a pilot of one route, of judges alone or without
// a switch says.
func TestSentencesOfSmallPilots(t *testing.T) {
	for want, got := range map[string]string{
		"1 judge model": ratersOf(eval.SourceJudge, 1), "2 checks": ratersOf(eval.SourceCheck, 2), "3 raters": ratersOf(eval.SourceHuman, 3), "4 raters": ratersOf(eval.SourceCombined, 4),
		"None of 805 tasks would have run on another model. The log cost 0.299 USD.":                              replaySentence(eval.Replay{Total: eval.ReplayGroup{Tasks: 805, CostNow: new(0.299), CostThen: new(0.299), Saving: &eval.Interval{}}}),
		"0 of 805 tasks would have run on another model. What the log cost is not known: no cost of it is known.": replaySentence(eval.Replay{Total: eval.ReplayGroup{Tasks: 805, Saving: &eval.Interval{}, WhyMissing: map[string]string{"cost_now_usd": "no cost of it is known"}}}),
		"and judge models compared the two answers":                                                               ratedHow(eval.Analysis{Provenance: eval.Provenance{RatingsByJudges: 5}}),
		"and raters saw the two answers side by side without knowing which was whose":                             ratedHow(eval.Analysis{Provenance: eval.Provenance{RatingsByJudges: 5, RatingsByPeople: 1}}),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	var out bytes.Buffer
	if err := RouteCheck(&out, eval.RouteCheck{Holds: true, Routes: []eval.CheckedRoute{{Status: eval.RouteHolds}}}, Style{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "The route holds.") {
		t.Errorf("of one route:\n%s", out.String())
	}
}
