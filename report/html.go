package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"

	"modeltrial/audit"
	"modeltrial/eval"
)

//go:embed templates
var templates embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"count": Count, "money": Money, "day": day, "ratio": ratioText, "times": Times, "sentence": sentence, "useCase": useCaseName,
	"rate": Rate, "moneyOr": moneyOr, "optionalRate": optionalRate, "growth": growthText, "days": daysText, "saving": savingText, "need": needText,
	"amount": amount, "part": share, "tokens": tokensText, "roughTokens": roughTokens, "correctedShare": correctedShareText, "groupTable": groupTable,
	"line": line, "groupName": groupName, "ms": optionalMS, "mostUsed": mostUsed,
	"winRate":      func(c eval.ComparisonResult) string { return WinRate(c.WinRate, nil, c.Tasks) },
	"always":       func(i *eval.Interval, n int) string { return rateRange(i, n) },
	"routeWinRate": winRateShort, "moneyRange": moneyRange, "then": thenText, "decisionClass": decisionClass,
	"p": pValue, "optionalMoney": optionalMoney, "points": points, "raterKind": raterKind, "alpha": alphaText, "kappa": kappaText,
	"seconds": func(s *float64) string {
		if s == nil {
			return unknown
		}
		return Milliseconds(*s * 1000)
	},
	"categoryName": categoryName, "percent": func(share float64) string { return Rate(share, 0) },
	"usd":    func(n audit.NanoUSD) string { return Money(n.Dollars()) },
	"joined": joined, "errors": errorsSentence, "blinding": blindingLines, "winPoints": winPoints, "prices": pricesOf, "yesNo": yesNo, "share": func(s eval.Share) string { return percent(&s) }, "optionalShare": percent, "preferred": trulyPreferred, "costs": trulyCosts,
}).ParseFS(templates, "templates/*"))

// A document is what the page's template shows.
type document struct {
	Input
	Title          string
	Notice         string
	Recommendation []string
	Forest         []drawing
	Funnels        []drawing
	Spend          []drawing
	Workload       workloadFigure
	RestsOn        string
	Head           string
	Flow           []flowStep
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
		Input: in, Title: "Which model for which work", Notice: provenance(a.Provenance),
		Recommendation: recommendation(in), RestsOn: analysisHead(a), Head: routingHead(in.Routing), Flow: flow(in),
		Protocol: protocolLines(in.Protocol), All: append(append([]eval.ComparisonResult{}, a.Comparisons...), severalOnly(a)...),
		Warnings: append(append([]string{}, a.Warnings...), comparisonWarnings(a)...), Method: method,
		AuditHead: auditHead(in.Audit), AuditSentence: auditSentence(in.Audit), MonthlyBasis: basisText(in.Audit.Monthly), Workload: workload(in.Audit), Funnels: funnels(in),
		TotalWhy: in.Routing.Total.WhyMissing["monthly_saving_usd"],
	}
	if len(a.Comparisons) > 0 {
		d.Forest = []drawing{forest(in, false), forest(in, true)}
	}
	if figure := spend(in, false); figure.Height > 0 {
		d.Spend = []drawing{figure, spend(in, true)}
	}
	if a.Agreement != nil && a.Agreement.AlphaNominal != nil {
		d.AgreementText = sentence(agreementText(a.Agreement))
	}
	var buffer bytes.Buffer
	if err := pages.ExecuteTemplate(&buffer, "report.html", d); err != nil {
		return fmt.Errorf("report page: %w", err)
	}
	_, err := w.Write(buffer.Bytes())
	return err
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

func pValue(p *float64) string {
	switch {
	case p == nil:
		return unknown
	case *p < 0.0001:
		return "< 0.0001"
	}
	return fmt.Sprintf("%.4f", *p)
}

func optionalMoney(dollars *float64) string {
	if dollars == nil {
		return unknown
	}
	return Money(*dollars)
}

func kappaText(kappa *float64) string {
	if kappa == nil {
		return unknown
	}
	return minus(fmt.Sprintf("%.2f", *kappa))
}
