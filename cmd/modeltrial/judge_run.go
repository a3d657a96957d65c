package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

// A judgeDocument says what judge run did, or would cost. A judgement is a comparison
// in one order by one judge.
type judgeDocument struct {
	Schema     string          `json:"schema"`
	Week       *int            `json:"week"` // null: every week
	DryRun     bool            `json:"dry_run"`
	Judgements int             `json:"judgements"` // that were open
	Estimates  []judgeEstimate `json:"estimates"`
	Rated      int             `json:"rated"`
	Unreadable int             `json:"unreadable"` // no reply held a verdict: no rating, never a tie
	Failed     int             `json:"failed"`     // unreadable ones included
	Open       int             `json:"open"`
	Claimed    int             `json:"claimed"`
	// SameFamily counts by judge what it does not rate, since an arm is of its family.
	SameFamily      map[string]int `json:"same_family"`
	SpentUSD        float64        `json:"spent_usd"` // by this run
	BudgetExhausted bool           `json:"budget_exhausted"`
	Failures        []string       `json:"failures"`
	Warnings        []string       `json:"warnings"`
	Checks          []checkResult  `json:"checks"`
}

type judgeEstimate struct {
	Judge     string  `json:"judge"`
	Calls     int     `json:"calls"`
	Expected  float64 `json:"expected_usd"`
	WorstCase float64 `json:"worst_case_usd"` // asking once each
	Unpriced  bool    `json:"price_unknown"`
	Simulated bool    `json:"simulated"` // nothing is called
}

func runJudges(ctx context.Context, g *global, s *store.Store, o *runOptions, out, errOut io.Writer) error {
	config, protocol, err := o.judging(ctx, g, s)
	if err != nil {
		return err
	}
	plan := protocol.Protocol
	if len(plan.Judges)+len(plan.Checks) == 0 {
		return errNothingJudges
	}
	d := &judgeDocument{
		Schema: "modeltrial.judge-run/1", DryRun: o.dryRun, Estimates: []judgeEstimate{}, SameFamily: map[string]int{},
		Failures: []string{}, Warnings: familyWarnings(plan), Checks: []checkResult{},
	}
	if o.week > 0 {
		d.Week = &o.week
	}
	for _, warning := range d.Warnings {
		fmt.Fprintf(errOut, "! %s\n", warning)
	}
	if !o.dryRun && len(plan.Checks) > 0 {
		if d.Checks, err = check(ctx, s, plan, o, errOut); err != nil {
			return err
		}
	}
	if len(plan.Judges) > 0 {
		if err := judgeAll(ctx, s, config, plan, o, d, g, errOut); err != nil {
			return err
		}
	}
	if g.json {
		err = report.JSON(out, d)
	} else {
		err = sayJudges(g, out, d)
	}
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case !o.dryRun && (d.Open > 0 || d.Unreadable > 0 || anyNotAllowed(d.Checks)):
		return errSaid
	}
	return nil
}

// familyWarnings say where a judge may rate its own maker's arms, and where that cannot
// be told.
func familyWarnings(plan eval.Protocol) []string {
	warnings := []string{}
	if len(plan.Judges) == 0 {
		return warnings
	}
	var unknown []string
	for _, arm := range slices.Concat(plan.Arms, plan.Judges) {
		for _, call := range arm.Calls() {
			if len(call.Families()) == 0 && !slices.Contains(unknown, call.Model) {
				unknown = append(unknown, call.Model)
			}
		}
	}
	if len(unknown) > 0 {
		warnings = append(warnings, fmt.Sprintf("the names %s do not tell the models' makers; make sure that no judge rates an arm of its own family", strings.Join(unknown, ", ")))
	}
	for _, judge := range plan.Judges {
		for _, arm := range plan.Arms {
			if plan.SameFamilyJudges && plan.SharesFamily(judge, arm.Name) {
				warnings = append(warnings, fmt.Sprintf("judge %s is of the same family as arm %s (%s) and may prefer it; same_family_judges allows it", judge.Name, arm.Name, judge.Family()))
			}
		}
	}
	return warnings
}

// judgeAll has the panel rate what is open, after saying what it will cost.
func judgeAll(ctx context.Context, s *store.Store, config eval.Config, plan eval.Protocol, o *runOptions, d *judgeDocument, g *global, errOut io.Writer) error {
	options, err := judgeOptions(ctx, s, config, plan, o)
	if err != nil {
		return err
	}
	open, err := judge.Find(ctx, options)
	if err != nil {
		return err
	}
	d.Judgements, d.Open, d.SameFamily = len(open.Judgements), len(open.Judgements), open.SameFamily
	estimates, err := judge.EstimateCost(ctx, options, open.Judgements)
	if err != nil {
		return err
	}
	var expected, worst audit.NanoUSD
	for _, e := range estimates {
		d.Estimates = append(d.Estimates, judgeEstimate{e.Judge, e.Calls, e.Expected.Dollars(), e.WorstCase.Dollars(), e.Unpriced, e.Free})
		expected, worst = expected+e.Expected, worst+e.WorstCase
	}
	if o.dryRun || d.Judgements == 0 {
		return nil
	}
	fmt.Fprintf(errOut, "asking %s for %s: %s expected, %s at most\n", counted(len(plan.Judges), "judge", "judges"),
		counted(d.Judgements, "judgement", "judgements"), report.Money(expected.Dollars()), report.Money(worst.Dollars()))
	if err := addJudges(ctx, s, plan, options); err != nil {
		return err
	}
	return askPanel(ctx, s, options, open.Judgements, d, errOut)
}

// addJudges makes the protocol's judges known as raters.
func addJudges(ctx context.Context, s *store.Store, plan eval.Protocol, options judge.Options) error {
	for _, judge := range plan.Judges {
		_, err := s.AddRater(ctx, eval.Rater{
			Name: judge.Name, Kind: eval.Judge, Simulated: options.Endpoints[judge.Provider].Origin() == eval.Simulated,
		}, time.Now())
		if err != nil {
			return err
		}
	}
	return nil
}

func askPanel(ctx context.Context, s *store.Store, options judge.Options, judgements []eval.Judgement, d *judgeDocument, errOut io.Writer) error {
	bar := newCountBar(errOut, "judge", d.Judgements)
	options.Progress = func(p run.Progress) {
		bar.describe(fmt.Sprintf("judge · spent %s of %s", report.Money(p.Spent.Dollars()), report.Money(options.Budget.Dollars())))
		bar.set(p.Done + p.Failed)
	}
	defer tellOfWaiting(ctx, errOut)()
	before, err := s.Spent(ctx)
	if err != nil {
		return err
	}
	forgetPages()
	summary, err := judge.Run(ctx, options, judgements)
	bar.finish()
	if err != nil {
		return err
	}
	after, err := s.Spent(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	d.Rated, d.Failed, d.Unreadable, d.Claimed = summary.Answered, summary.Failed, summary.Unreadable, summary.Claimed
	d.Open = d.Judgements - summary.Answered - summary.Unreadable
	d.SpentUSD, d.BudgetExhausted = (after - before).Dollars(), summary.BudgetExhausted
	d.Failures = append(d.Failures, summary.Failures...)
	return nil
}

func judgeOptions(ctx context.Context, s *store.Store, config eval.Config, plan eval.Protocol, o *runOptions) (judge.Options, error) {
	price, err := armPrice(ctx, s, config)
	if err != nil {
		return judge.Options{}, err
	}
	options := judge.Options{
		Store: s, Protocol: plan, Categories: config.Categories, Week: o.week, Concurrency: config.Pilot.Concurrency,
		Endpoints: map[string]run.Endpoint{}, Price: price,
	}
	if o.concurrency > 0 {
		options.Concurrency = o.concurrency
	}
	if options.Budget, err = plan.Budget(); err != nil {
		return options, err
	}
	if options.RunCap, err = o.cap(); err != nil {
		return options, err
	}
	for _, judge := range plan.Judges {
		known, ok := config.Provider(judge.Provider)
		if !ok {
			return options, fmt.Errorf("judge %q: provider %q is not in %s", judge.Name, judge.Provider, configName)
		}
		getenv := os.Getenv
		if o.dryRun { // nothing is sent: the key need not be there
			getenv = func(string) string { return "none" }
		}
		if options.Endpoints[known.Name], err = newEndpoint(known, getenv, nil); err != nil {
			return options, err
		}
	}
	return options, nil
}

func sayJudges(g *global, out io.Writer, d *judgeDocument) error {
	sayChecks(out, d.Checks)
	if d.DryRun {
		fmt.Fprintf(out, "%s are open; nothing was sent\n\n", counted(d.Judgements, "judgement", "judgements"))
		return writeJudgeEstimates(g, out, d.Estimates)
	}
	fmt.Fprintf(out, "%s of %s rated, %s failed, spent %s\n", report.Count(d.Rated), counted(d.Judgements, "open judgement", "open judgements"),
		report.Count(d.Failed), report.Money(d.SpentUSD))
	for _, failure := range d.Failures {
		fmt.Fprintf(out, "  %s\n", failure)
	}
	if d.Unreadable > 0 {
		fmt.Fprintf(out, "! %s given up: no reply held a verdict; they are no ties and have no rating\n", counted(d.Unreadable, "judgement was", "judgements were"))
	}
	for _, name := range slices.Sorted(maps.Keys(d.SameFamily)) {
		fmt.Fprintf(out, "  %s does not rate %s: an arm is of its own family\n", name, counted(d.SameFamily[name], "judgement", "judgements"))
	}
	sayClaimed(out, d.Claimed, counted(d.Claimed, "judgement", "judgements"))
	sayAfterCalls(g, out, d.BudgetExhausted, d.Open > 0, "judge run", "analyze")
	return nil
}

func writeJudgeEstimates(g *global, out io.Writer, estimates []judgeEstimate) error {
	rows := make([][]report.Cell, len(estimates))
	for i, e := range estimates {
		expected, worst := report.Money(e.Expected), report.Money(e.WorstCase)
		switch {
		case e.Simulated:
			expected, worst = "simulated", "simulated"
		case e.Unpriced:
			expected, worst = "price unknown", "price unknown"
		}
		rows[i] = report.Cells(e.Judge, report.Count(e.Calls), expected, worst)
	}
	return report.Table(out, g.style(out), []report.Column{
		{Name: "judge"}, {Name: "calls", Right: true}, {Name: "expected", Right: true}, {Name: "worst case", Right: true},
	}, rows)
}
