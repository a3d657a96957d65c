package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/report"
	"modeltrial/store"
)

func newAuditRepriceCmd(g *global) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "reprice",
		Short: "compute costs anew by the price table, where the log states none",
		Long: `reprice computes anew what tasks cost of which the log states no cost: by their
tokens and the price that was valid on their day, after prices import or a change of
the prices in modeltrial.yaml. It shows what that would change, before and after, and
stores it with --yes. What the log says a task cost is never changed. A task that the
table has no price for any more keeps the cost that it has.`,
		Example: `  modeltrial prices import model_prices_and_context_window.json --valid-from 2026-08-01
  modeltrial audit reprice
  modeltrial audit reprice --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runReprice(cmd.Context(), g, s, yes, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "store the new costs")
	return cmd
}

// A repriceDocument is what audit reprice prints as JSON. Amounts are sums over the
// tasks whose cost is known at the time; null where it is of none.
type repriceDocument struct {
	Schema    string          `json:"schema"`
	Stored    bool            `json:"stored"`
	Tasks     int             `json:"tasks"` // of which the log states no cost
	Changed   int             `json:"changed"`
	New       int             `json:"new"`  // of Changed: had no cost before
	Kept      int             `json:"kept"` // without a price now, so that they keep their cost
	Unknown   int             `json:"unknown"`
	BeforeUSD *float64        `json:"cost_before_usd"`
	AfterUSD  *float64        `json:"cost_after_usd"`
	Models    []repricedModel `json:"models"`
	Why       map[string]int  `json:"why_unknown"` // tasks by reason, the kept ones too
}

// A repricedModel is what changes for the tasks on one model.
type repricedModel struct {
	Model     string   `json:"model"`
	Tasks     int      `json:"tasks"`
	Changed   int      `json:"changed"`
	BeforeUSD *float64 `json:"cost_before_usd"`
	AfterUSD  *float64 `json:"cost_after_usd"`
}

func runReprice(ctx context.Context, g *global, s *store.Store, yes bool, out, errOut io.Writer) error {
	config, err := g.config()
	if err != nil {
		return err
	}
	table, err := prices(ctx, s, config)
	if err != nil {
		return err
	}
	document := repriceDocument{Schema: "modeltrial.audit-reprice/1", Models: []repricedModel{}, Why: map[string]int{}}
	models := map[string]*repricedModel{}
	sources, err := s.CostSources(ctx)
	if err != nil {
		return err
	}
	bar := newCountBar(errOut, "price", sources.Computed+sources.Estimated+sources.Unknown)
	defer bar.finish()
	var updates []store.CostUpdate
	err = s.EachNotCostedByLog(ctx, func(row int64, task audit.Task) error {
		if update, changed := document.reprice(models, task, table); changed {
			update.Row = row
			updates = append(updates, update)
		}
		bar.set(document.Tasks)
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(models)) {
		document.Models = append(document.Models, *models[name])
	}
	if yes {
		// All at once: half of a log at old prices and half at new ones is worth nothing.
		if err := s.SetCosts(ctx, updates); err != nil {
			return err
		}
		document.Stored = true
	}
	bar.finish()
	if g.json {
		return report.JSON(out, document)
	}
	return sayRepriced(g, out, document)
}

// reprice computes one task's cost anew and counts it.
func (d *repriceDocument) reprice(models map[string]*repricedModel, task audit.Task, table audit.PriceTable) (store.CostUpdate, bool) {
	d.Tasks++
	model := models[task.Model]
	if model == nil {
		model = &repricedModel{Model: task.Model}
		models[task.Model] = model
	}
	model.Tasks++
	before := task.Cost
	task.Cost, task.CostSource, task.ServiceTier = nil, "", task.Metadata["service_tier"]
	ingest.PriceTask(&task, table)
	after := task.Cost
	if after == nil {
		d.Why[task.CostMissing]++
		if after = before; before != nil {
			d.Kept++
		} else {
			d.Unknown++
		}
	}
	for _, sum := range []struct {
		cost *audit.NanoUSD
		into **float64
	}{{before, &d.BeforeUSD}, {after, &d.AfterUSD}, {before, &model.BeforeUSD}, {after, &model.AfterUSD}} {
		if sum.cost != nil {
			*sum.into = new(valueOr(*sum.into) + sum.cost.Dollars())
		}
	}
	if task.Cost == nil || before != nil && *before == *after {
		return store.CostUpdate{}, false
	}
	d.Changed++
	model.Changed++
	if before == nil {
		d.New++
	}
	return store.CostUpdate{Cost: after, Source: task.CostSource, Tokens: task.Tokens}, true
}

func valueOr(known *float64) float64 {
	if known == nil {
		return 0
	}
	return *known
}

func moneyOrUnknown(dollars *float64) string {
	if dollars == nil {
		return "–"
	}
	return report.Money(*dollars)
}

func sayRepriced(g *global, out io.Writer, d repriceDocument) error {
	if d.Tasks == 0 {
		_, err := fmt.Fprintf(out, "the log states the cost of every task; there is nothing to compute\n")
		return err
	}
	fmt.Fprintf(out, "%s without a cost in the log: %s change, %s of which had none\n\n",
		counted(d.Tasks, "task", "tasks"), report.Count(d.Changed), report.Count(d.New))
	slices.SortStableFunc(d.Models, func(a, b repricedModel) int { return cmp.Compare(valueOr(b.AfterUSD), valueOr(a.AfterUSD)) })
	const most = 12
	var rows [][]report.Cell
	for i, m := range d.Models {
		if i == most {
			rows = append(rows, report.Cells(fmt.Sprintf("… %d more", len(d.Models)-i)))
			break
		}
		rows = append(rows, report.Cells(cmp.Or(m.Model, "(not stated)"), report.Count(m.Tasks), report.Count(m.Changed), moneyOrUnknown(m.BeforeUSD), moneyOrUnknown(m.AfterUSD)))
	}
	rows = append(rows, report.Cells("all", report.Count(d.Tasks), report.Count(d.Changed), moneyOrUnknown(d.BeforeUSD), moneyOrUnknown(d.AfterUSD)))
	columns := []report.Column{{Name: "model"}, {Name: "tasks", Right: true}, {Name: "changed", Right: true}, {Name: "before", Right: true}, {Name: "after", Right: true}}
	if err := report.Table(out, g.style(out), columns, rows); err != nil {
		return err
	}
	if d.Kept > 0 {
		fmt.Fprintf(out, "%s the cost that they have: the price table has none for them any more\n", counted(d.Kept, "task keeps", "tasks keep"))
	}
	sayUnknownCosts(out, &ingest.CostReport{CostSources: audit.CostSources{Unknown: d.Unknown}, WhyUnknown: d.Why})
	switch {
	case d.Stored:
		fmt.Fprintf(out, "\nstored\n\n%s\n", g.next("audit report"))
	case d.Changed > 0:
		fmt.Fprintf(out, "\nnothing was changed; %s stores it\n", g.command("audit reprice --yes"))
	}
	return nil
}
