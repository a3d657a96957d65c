package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"modeltrial/eval"
)

// Analysis writes what a pilot says so far: per use case the win rate with both
// intervals, cost, time and decision, then raters and what to be aware of.
func Analysis(w io.Writer, a eval.Analysis, style Style) error {
	a = told(a)
	p := &page{style: style}
	p.say(Plain, "", analysisHead(a))
	if notice := provenance(a.Provenance); notice != "" {
		p.say(Warning, "", notice)
	}
	p.gap()
	if len(a.Comparisons) == 0 {
		p.say(Plain, "", "nothing has been rated yet")
		p.next("rate serve", "")
		return p.flush(w)
	}
	p.comparisons(append(append([]eval.ComparisonResult{}, a.Comparisons...), severalOnly(a)...))
	p.gap()
	p.say(Dim, "", fmt.Sprintf("win rate of the candidate, a tie counting one half  [%s interval]  (interval that holds at every look)", Rate(a.Level, 0)))
	p.raters(a)
	p.agreement(a.Agreement)
	p.judges(a.Judges)
	p.ranking(a.Ranking)
	p.pilotClaims(a.Claims)
	if len(a.Deviations) > 0 {
		p.title("deviations from the protocol")
		p.warnings(a.Deviations)
	}
	if warnings := comparisonWarnings(a); len(warnings)+len(a.Warnings) > 0 {
		p.gap()
		p.warnings(a.Warnings, warnings)
	}
	p.nextOfAnalysis(a)
	return p.flush(w)
}

func analysisHead(a eval.Analysis) string {
	head := "Ratings file, no protocol"
	if a.Pilot != "" {
		head = fmt.Sprintf("Pilot %q", line(a.Pilot))
	}
	if a.ProtocolSHA256 != "" {
		head += ", protocol " + shortHash(a.ProtocolSHA256)
	}
	if a.ThroughWeek > 0 {
		head += fmt.Sprintf(", through week %d", a.ThroughWeek)
		if a.Weeks > 0 {
			head += fmt.Sprintf(" of %d", a.Weeks)
		}
	}
	return head + " · " + ratedBy(a)
}

// severalOnly leaves out the overall rows that would repeat a candidate's only
// use case.
func severalOnly(a eval.Analysis) []eval.ComparisonResult {
	type pair struct{ control, candidate string }
	useCases := map[pair]int{}
	for _, c := range a.Comparisons {
		useCases[pair{c.Control, c.Candidate}]++
	}
	return slices.DeleteFunc(slices.Clone(a.Overall), func(o eval.ComparisonResult) bool {
		return useCases[pair{o.Control, o.Candidate}] < 2
	})
}

// told gives each candidate a name that tells it apart: where several controls
// occur, as in a ratings file, "candidate vs control".
func told(a eval.Analysis) eval.Analysis {
	several := slices.ContainsFunc(a.Comparisons, func(c eval.ComparisonResult) bool { return c.Control != a.Comparisons[0].Control })
	if !several {
		return a
	}
	rename := func(results []eval.ComparisonResult) []eval.ComparisonResult {
		results = slices.Clone(results)
		for i := range results {
			results[i].Candidate += " vs " + results[i].Control
		}
		return results
	}
	a.Comparisons, a.Overall = rename(a.Comparisons), rename(a.Overall)
	return a
}

func useCaseName(c eval.ComparisonResult) string {
	return line(string(c.Category)) + " · " + line(c.Candidate)
}

func decisionTone(decision eval.DecisionKind) Tone {
	switch decision {
	case eval.Switch, eval.SwitchForCost:
		return Good
	case eval.Continue:
		return Warning
	}
	return Plain
}

func (p *page) comparisons(results []eval.ComparisonResult) {
	columns := []Column{
		{Name: "use case"},
		{Name: "tasks", Right: true, Fixed: true},
		{Name: "win rate", Fixed: true},
		{Name: "cost", Right: true, Fixed: true},
		{Name: "time", Right: true, Fixed: true},
		{Name: "decision", Fixed: true},
	}
	var rows [][]Cell
	var notes footnotes
	for _, r := range results {
		note := r.Reason
		// The reason of a decision says already why there is no win rate.
		if r.WinRate == nil && (note == "" || r.Decision == eval.NoDecision) {
			note = joined(note, r.WhyMissing["win_rate"])
		}
		decision := string(r.Decision)
		if note != "" {
			decision += notes.of(note)
		}
		cost, time := unknown, unknown
		if r.CostRatio != nil {
			cost = Times(r.CostRatio.Estimate)
		}
		if r.LatencyRatio != nil {
			time = Times(r.LatencyRatio.Estimate)
		}
		rows = append(rows, []Cell{
			{Text: useCaseName(r)},
			{Text: Count(r.Tasks)},
			{Text: WinRate(r.WinRate, r.WinRateAlwaysValid, r.Tasks)},
			{Text: cost},
			{Text: time},
			{Text: decision, Tone: decisionTone(r.Decision)},
		})
	}
	p.table(columns, rows)
	p.footnotes(notes)
}

// joined is two sentences in one line, either of which may be empty.
func joined(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "" || a == b:
		return a
	}
	return a + "; " + b
}

func (p *page) raters(a eval.Analysis) {
	if len(a.Raters) == 0 {
		return
	}
	p.gap()
	columns := []Column{
		{Name: "rater"},
		{Name: "kind"},
		{Name: "ratings", Right: true, Fixed: true},
		{Name: "median time", Right: true, Fixed: true},
		{Name: "ties", Right: true, Fixed: true},
		{Name: "with others", Right: true, Fixed: true},
		{Name: "first shown", Right: true, Fixed: true},
	}
	var rows [][]Cell
	for _, r := range a.Raters {
		seconds, position := unknown, unknown
		if r.SecondsMedian != nil {
			seconds = Milliseconds(*r.SecondsMedian * 1000)
		}
		if r.PositionEffect != nil {
			position = points(r.PositionEffect)
		}
		agrees := unknown
		if r.WithOthers != nil {
			agrees = Rate(*r.WithOthers, 0)
		}
		rows = append(rows, Cells(r.Rater, raterKind(r), Count(r.Ratings), seconds, Rate(r.TieShare, 0), agrees, position))
	}
	p.table(columns, rows)
	p.warnings(oddRaters(a.Raters))
	p.tried(a.Raters)
}

// judges says in a line each whether a judge can stand in for people.
func (p *page) judges(judges []eval.JudgeResult) {
	for _, j := range judges {
		if verdict := judgeVerdict(j); verdict != "" {
			p.say(Plain, "  ", verdict)
		}
	}
}

func raterKind(r eval.RaterResult) string {
	if r.Simulated {
		return "simulated " + string(r.Kind)
	}
	return string(r.Kind)
}

// points is an advantage in win-rate points with its interval: "+2 [−3, +7]".
func points(e *eval.PositionEffect) string {
	signed := func(x float64) string { return minus(fmt.Sprintf("%+.0f", x*100)) }
	return fmt.Sprintf("%s [%s, %s] points", signed(e.Estimate), signed(e.Low), signed(e.High))
}

func (p *page) agreement(a *eval.Agreement) {
	if a == nil {
		return
	}
	if a.AlphaNominal == nil {
		if a.WhyMissing != "" {
			p.say(Dim, "  ", "agreement between raters: "+a.WhyMissing)
		}
		return
	}
	p.say(Plain, "  ", agreementText(a))
}

func agreementText(a *eval.Agreement) string {
	text := fmt.Sprintf("agreement between raters: Krippendorff's alpha %s", alphaText(a.AlphaNominal))
	if a.AlphaOrdinal != nil {
		text += fmt.Sprintf(", ordinal %s", alphaText(a.AlphaOrdinal))
	}
	return text + " (1 is full agreement, 0 what chance gives)"
}

func alphaText(i *eval.Interval) string {
	return minus(fmt.Sprintf("%.2f", i.Estimate)) + " [" + minus(fmt.Sprintf("%.2f", i.Low)) + ", " + minus(fmt.Sprintf("%.2f", i.High)) + "]"
}

// comparisonWarnings are those of the use cases, each once with the use cases that it is
// of.
func comparisonWarnings(a eval.Analysis) []string {
	of := map[string][]string{}
	var warnings []string
	for _, c := range a.Comparisons {
		for _, warning := range c.Warnings {
			if of[warning] == nil {
				warnings = append(warnings, warning)
			}
			of[warning] = append(of[warning], useCaseName(c))
		}
	}
	for i, warning := range warnings {
		names := strings.Join(of[warning], ", ")
		if count := len(of[warning]); count > 1 && count == len(a.Comparisons) {
			names = "all use cases"
		}
		warnings[i] = names + ": " + warning
	}
	return warnings
}

func (p *page) nextOfAnalysis(a eval.Analysis) {
	if a.ProtocolSHA256 == "" {
		return
	}
	decided, open := 0, 0
	answers := a.Provenance.ResponsesMeasured + a.Provenance.ResponsesRecorded + a.Provenance.ResponsesSimulated
	for _, c := range a.Comparisons {
		switch c.Decision {
		case eval.Switch, eval.SwitchForCost, eval.Keep:
			decided++
		case eval.Continue:
			open++
		}
	}
	switch {
	case decided > 0:
		p.next("route recommend", "the decided use cases, priced on the audited log")
	case open > 0 && answers > 0 && (ratingsTotal(a.Provenance) == 0 || a.ThroughWeek >= a.Weeks):
		p.next("rate serve", "")
	case open > 0:
		p.next("pilot run", "the next week's batch; then "+p.style.command("rate serve"))
	}
}
