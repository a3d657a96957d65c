package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
)

// spend is what each category costs a month now and then, on one axis from 0.
func spend(in Input, narrow bool) drawing {
	d := drawing{Width: 720, Class: "wide", Label: "Model cost a month by category, now and after switching."}
	left, room, rowHeight := 130.0, 450.0, 56.0
	if narrow {
		d.Width, d.Class = 340, "narrow"
		left, room, rowHeight = 0, 230, 76
	}
	most := 0.0
	for _, r := range in.Routing.Routes {
		for _, cost := range []*float64{r.MonthlyCostNow, r.MonthlyCostThen} {
			if cost != nil {
				most = max(most, *cost)
			}
		}
	}
	if most == 0 {
		return drawing{}
	}
	y := 4.0
	for _, r := range in.Routing.Routes {
		bar := y
		if narrow {
			d.text(0, y+14, "start", "label", shorten(string(r.Category), 34))
			bar += 20
		} else {
			d.text(0, y+26, "start", "label", shorten(string(r.Category), 16))
		}
		for i, cost := range []struct {
			name, class string
			dollars     *float64
		}{{"now", "s0", r.MonthlyCostNow}, {"then", "s1", r.MonthlyCostThen}} {
			at := bar + float64(22*i)
			if cost.dollars == nil {
				d.text(left, at+14, "start", "soft", cost.name+": not known")
				continue
			}
			length := *cost.dollars / most * room
			d.rect(left, at, length, 18, cost.class, "")
			d.text(left+length+6, at+14, "start", "soft", cost.name+" "+Money(*cost.dollars))
		}
		y += rowHeight
	}
	d.line(left, 0, left, y-8, "axis")
	d.Height = y
	return d
}

// noSpend says why there are no costs to draw.
func noSpend(table eval.RoutingTable) string {
	switch {
	case len(table.Routes) == 0:
		return "There is no routing table yet that a saving could be reckoned for."
	case table.Total.MonthlyCostNow == nil:
		return costNotKnown(table.Total)
	}
	return "The audited work costs nothing a month."
}

// tornado shows what drives the saving: the total with one estimate at a time moved as
// many standard errors as the saving's interval has, the others as they are, widest
// first. Its arithmetic is that of the saving, spend × (1 − cost ratio), and that of
// the workbook.
func tornado(in Input) rowFigure {
	total := in.Routing.Total.MonthlySaving
	if total == nil || total.StandardError == 0 {
		return rowFigure{}
	}
	var rows []dotRow
	least, most := 0.0, total.Estimate
	for _, driver := range drivers(in.Routing.Routes, func(r eval.Route) bool { return switches(r.Decision) }) {
		limits := eval.Interval{Low: total.Estimate - driver.half, High: total.Estimate + driver.half}
		least, most = min(least, limits.Low), max(most, limits.High)
		rows = append(rows, dotRow{name: driver.name, note: moneyRange(&limits), noteClass: "soft", under: driver.estimate, dots: []dot{{at: total.Estimate, fixed: &limits}}})
	}
	axis := amounts("saving a month, US dollars", most, amount)
	if least < 0 {
		axis.from = -roundUp(-least)
		axis.ticks = []float64{axis.from, 0, axis.to}
	}
	axis.lines = []reference{{at: total.Estimate, text: "as estimated: " + Money(total.Estimate), class: "even", before: total.Estimate > axis.to/2}}
	return rowFigure{label: "Saving a month with one estimate at a time at the limits of its interval.", scale: axis, rows: rows}
}

// A driver is an estimate that the saving depends on; half is how far the saving moves
// to either side with it, in US dollars a month.
type driver struct {
	name, estimate string
	half           float64
	route          int
	ofRatio        bool // of the cost ratio, else of the spend
}

// drivers are those of some of the categories, widest first.
func drivers(routes []eval.Route, which func(eval.Route) bool) []driver {
	var all []driver
	for i, r := range routes {
		spend, ratio, errors := r.ControlSpend, r.CostRatio, multiplier(r.SavingIfSwitched)
		if !which(r) || spend == nil || ratio == nil || errors == nil {
			continue
		}
		category := line(string(r.Category))
		all = append(all,
			driver{category + ": cost ratio", ratioText(ratio), *errors * ratio.StandardError * spend.Estimate, i, true},
			driver{category + ": spend", moneyRange(spend) + " a month", *errors * spend.StandardError * math.Abs(1-ratio.Estimate), i, false})
	}
	slices.SortStableFunc(all, func(a, b driver) int { return cmp.Compare(b.half, a.half) })
	return all
}

// A workloadFigure is the workload as bars, with the models' colours in words.
type workloadFigure struct {
	Figures []drawing
	Models  []legend
}

type legend struct{ Name, Class string }

// mostModels is how many models have a colour of their own; all others share
// one.
const mostModels = 4

// workload is two bars for each category: its share of tasks split by model, and
// its share of spend, both on the same scale.
func workload(r audit.Report) workloadFigure {
	if r.Tasks == 0 {
		return workloadFigure{}
	}
	models := slices.Clone(r.Models)
	slices.SortStableFunc(models, func(a, b audit.GroupMix) int { return cmp.Compare(b.Tasks, a.Tasks) })
	class := map[string]string{}
	var legends []legend
	for i, m := range models {
		if i == mostModels {
			legends = append(legends, legend{"others", "s5"})
			break
		}
		class[groupName(m)] = fmt.Sprintf("s%d", i)
		legends = append(legends, legend{line(groupName(m)), fmt.Sprintf("s%d", i)})
	}
	return workloadFigure{Figures: []drawing{workloadBars(r, class, false), workloadBars(r, class, true)}, Models: legends}
}

func workloadBars(r audit.Report, class map[string]string, narrow bool) drawing {
	d := drawing{Width: 720, Class: "wide", Label: "Share of tasks and of spend by category, split by model."}
	left, room, rowHeight := 130.0, 480.0, 56.0
	if narrow {
		d.Width, d.Class = 340, "narrow"
		left, room, rowHeight = 0, 240, 76
	}
	most := 0.0
	for _, c := range r.Categories {
		most = max(most, c.TaskShare, known(c.CostShare))
	}
	if most == 0 {
		return drawing{}
	}
	y := 4.0
	for _, c := range r.Categories {
		models := slices.Clone(c.Models) // in the order of the legend in every bar
		slices.SortStableFunc(models, func(a, b audit.GroupMix) int {
			return cmp.Compare(cmp.Or(class[modelName(a)], "s5"), cmp.Or(class[modelName(b)], "s5"))
		})
		bar := y
		if narrow {
			d.text(0, y+14, "start", "label", shorten(categoryName(c.Category), 34))
			bar += 20
		} else {
			d.text(0, y+26, "start", "label", shorten(categoryName(c.Category), 16))
		}
		d.stack(left, bar, c.TaskShare/most*room, models, class, func(g audit.GroupMix) float64 { return share(g.Tasks, c.Tasks) })
		d.text(left+c.TaskShare/most*room+6, bar+14, "start", "soft", Rate(c.TaskShare, 0)+" of tasks")
		if c.CostShare == nil {
			d.text(left, bar+36, "start", "soft", "spend not known")
			y += rowHeight
			continue
		}
		d.stack(left, bar+22, *c.CostShare/most*room, models, class, func(g audit.GroupMix) float64 {
			if known(c.CostUSD) == 0 {
				return 0
			}
			return known(g.CostUSD) / *c.CostUSD
		})
		d.text(left+*c.CostShare/most*room+6, bar+36, "start", "soft", Rate(*c.CostShare, 0)+" of spend")
		y += rowHeight
	}
	d.line(left, 0, left, y-8, "axis")
	d.Height = y
	return d
}

// known is an amount for drawing, where nothing is drawn of what is not known.
func known(x *float64) float64 {
	if x == nil {
		return 0
	}
	return *x
}

// modelName is the model of a group within a category.
func modelName(g audit.GroupMix) string { return cmp.Or(g.Model, groupName(g)) }

// stack is one bar of a given width, split by model.
func (d *drawing) stack(x, y, width float64, models []audit.GroupMix, class map[string]string, part func(audit.GroupMix) float64) {
	for _, m := range models {
		name := modelName(m)
		w := part(m) * width
		d.rect(x, y, w, 18, cmp.Or(class[name], "s5"), fmt.Sprintf("%s: %s", line(name), Rate(part(m), 0)))
		x += w
	}
}
