package report

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"modeltrial/audit"
	"modeltrial/eval"
)

//go:embed templates
var templates embed.FS

// pages are parsed when the first is made: most commands make none.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(pageFunctions()).ParseFS(templates, "templates/*"))
})

// pageFunctions are what the templates call.
func pageFunctions() template.FuncMap {
	return template.FuncMap{
		"count": Count, "money": Money, "day": day, "ratio": ratioText, "times": Times, "sentence": sentence, "useCase": useCaseName,
		"rate": Rate, "moneyOr": moneyOr, "costCell": costCell, "optionalRate": optionalRate, "growth": growthText, "days": daysText, "saving": savingText, "needOf": needOf,
		"amount": amount, "part": share, "tokens": tokensText, "roughTokens": roughTokens, "correctedShare": correctedShareText, "groupTable": groupTable,
		"line": line, "groupName": groupName, "ms": optionalMS, "mostUsed": mostUsed,
		"winRate":      func(c eval.ComparisonResult) string { return WinRate(c.WinRate, nil, c.Tasks) },
		"always":       func(i *eval.Interval, n int) string { return rateRange(i, n) },
		"routeWinRate": winRateShort, "moneyRange": moneyRange, "decisionClass": decisionClass,
		"p": pValue, "optionalMoney": optionalMoney, "points": points, "raterKind": raterKind, "alpha": alphaText, "kappa": kappaText,
		"seconds": func(s *float64) string {
			if s == nil {
				return unknown
			}
			return Milliseconds(*s * 1000)
		},
		"combination": combinationText, "editing": editingText, "source": sourceText, "whyMissing": whyMissing, "partOf": part, "places": places, "preferredArm": preferred, "signedRange": signedRange,
		"grades": gradeRows, "gradesNote": func() string { return gradesNote },
		"judgeHead": judgeHead, "judgeSentence": judgeSentence, "judgeMeasures": judgeMeasures,
		"fixed": func(i *eval.Interval, n int) string { return WinRate(i, nil, n) }, "dash": func(text eval.DecisionKind) string { return cmp.Or(string(text), unknown) },
		"categoryName": categoryName, "percent": func(share float64) string { return Rate(share, 0) },
		"usd":    func(n audit.NanoUSD) string { return Money(n.Dollars()) },
		"joined": joined, "counted": counted, "noSpend": noSpend, "ratedHow": ratedHow, "errors": errorsSentence, "blinding": blindingLines, "tried": triedRaters, "winPoints": winPoints, "claimSaid": func(c eval.ClaimResult) string { return claimSaid(c.Claim) }, "claimFound": claimFound, "claimClass": claimClass, "claimMeasure": claimMeasure, "claimBasis": claimBasis, "meanMS": meanMS, "meanCount": meanCount, "repeat": repeatCell, "repeatsNote": func() string { return repeatsNote }, "replay": func(r *eval.Replay) string { return replaySentence(*r) }, "replayErrors": func(r *eval.Replay) string { return replayErrorsSentence(*r) }, "savingRange": savingRange, "timesOf": timesOf, "replayRate": replayRate, "ifMoved": nothingOr, "prices": pricesOf, "yesNo": yesNo, "share": func(s eval.Share) string { return percent(&s) }, "optionalShare": percent, "preferred": trulyPreferred, "costs": trulyCosts,
	}
}

// A document is what the page's template shows.
type document struct {
	Input
	Title          string
	Notice         string
	Beside         string // the notice in a few words, beside every figure
	Recommendation []string
	Forest         []drawing
	Funnels        []drawing
	Sensitivity    []variants
	FirstPass      []drawing
	Outcomes       []outcomeRow
	Rankings       []rankingFigure
	Odd            []string // what is odd about raters
	Load           []drawing
	Positions      []drawing
	Judges         []drawing
	Spend          []drawing
	Tornado        []drawing
	Planes         []plane
	PlaneFigures   []drawing
	ReplayLines    []replayLine
	Workload       workloadFigure
	RestsOn        string
	Head           string
	Flow           []flowStep
	Losses         string // what was lost on the way
	Protocol       [][2]string
	All            []eval.ComparisonResult // use cases, then all together
	Warnings       []string
	Method         []methodPart
	MonthlyBasis   string // what monthly spend rests on
	AuditHead      string
	AuditSentence  string
	AgreementText  string
	TotalWhy       string
}

// A flowStep is a stage that tasks went through.
type flowStep struct{ Count, What string }

// HTML writes the report as one self-contained page: no script, no font, image
// or style from elsewhere. It is made in memory first, so that w gets the whole
// page or nothing.
func HTML(w io.Writer, in Input) error {
	in.Analysis = told(in.Analysis)
	a := in.Analysis
	d := document{
		Input: in, Title: "Which model for which work", Notice: provenance(a.Provenance), Beside: beside(a.Provenance), Odd: oddRaters(a.Raters),
		Recommendation: recommendation(in), RestsOn: analysisHead(a), Head: routingHead(in.Routing), Flow: flow(in), Losses: losses(a.Comparisons),
		Protocol: protocolLines(in.Protocol), All: append(append([]eval.ComparisonResult{}, a.Comparisons...), severalOnly(a)...),
		Warnings: append(append([]string{}, a.Warnings...), comparisonWarnings(a)...), Method: method,
		AuditHead: auditHead(in.Audit), AuditSentence: auditSentence(in.Audit), MonthlyBasis: basisText(in.Audit.Monthly), Workload: workload(in.Audit), Funnels: funnels(in),
		TotalWhy: in.Routing.Total.WhyMissing["monthly_saving_usd"],
	}
	d.Forest, d.Sensitivity, d.FirstPass, d.Outcomes = forest(in).both(), sensitivity(in), firstPass(in).both(), outcomeRows(a.Comparisons)
	d.ReplayLines = replayLines(in.Replay)
	d.Rankings, d.Tornado = rankings(in), tornado(in).both()
	d.Load, d.Positions, d.Judges = raterLoad(a.Raters).both(), raterPositions(a.Raters).both(), judgeAgreement(a.Judges).both()
	for _, p := range planes(in) {
		d.Planes, d.PlaneFigures = append(d.Planes, p), append(d.PlaneFigures, p.draw())
	}
	if figure := spend(in, false); figure.Height > 0 {
		d.Spend = []drawing{figure, spend(in, true)}
	}
	if a.Agreement != nil && a.Agreement.AlphaNominal != nil {
		d.AgreementText = sentence(agreementText(a.Agreement))
	}
	return writePage(w, "report.html", d)
}

// flow counts what became of the work at each stage that this document knows.
func flow(in Input) []flowStep {
	var steps []flowStep
	add := func(n int, what string) {
		if n > 0 {
			steps = append(steps, flowStep{Count(n), what})
		}
	}
	planned := 0
	for _, c := range in.Analysis.Comparisons {
		planned += c.Planned
	}
	p := in.Analysis.Provenance
	add(in.Audit.Tasks, "tasks logged")
	add(planned, "comparisons planned")
	add(p.ResponsesMeasured+p.ResponsesRecorded+p.ResponsesSimulated, "answers")
	add(in.Progress.RatedOnce, in.Progress.afterCount())
	add(ratingsTotal(p), "ratings analysed")
	return steps
}

// losses says what was lost between the stages, and why; each arm's answers to a
// category are counted once, though several candidates meet the same control.
func losses(comparisons []eval.ComparisonResult) string {
	type cell struct {
		category audit.Category
		arm      string
	}
	seen := map[cell]bool{}
	var noAnswer int
	var all eval.ArmOutcomes
	add := func(arm cell, lost int, o eval.ArmOutcomes) {
		if seen[arm] {
			return
		}
		seen[arm] = true
		noAnswer += lost
		all.Empty, all.Truncated, all.Refused = all.Empty+o.Empty, all.Truncated+o.Truncated, all.Refused+o.Refused
	}
	for _, c := range comparisons {
		add(cell{c.Category, c.Control}, c.LostControl, c.OutcomesControl)
		add(cell{c.Category, c.Candidate}, c.LostCandidate, c.OutcomesCandidate)
	}
	var parts []string
	say := func(n int, text string) {
		if n > 0 {
			parts = append(parts, Count(n)+" "+text)
		}
	}
	say(noAnswer, "without an answer, which count as that arm's losses")
	say(all.Empty, "answered with an empty text")
	say(all.Truncated, "cut short by the limit of output")
	say(all.Refused, "refused")
	if len(parts) == 0 {
		return ""
	}
	return "On the way, of each arm's tasks: " + strings.Join(parts, "; ")
}

func pValue(p *float64) string {
	switch {
	case p == nil:
		return unknown
	case *p < 0.0001:
		return "< 0.0001"
	}
	return fmt.Sprintf("%.4f", *p)
}

func kappaText(kappa *float64) string {
	if kappa == nil {
		return unknown
	}
	return minus(fmt.Sprintf("%.2f", *kappa))
}
