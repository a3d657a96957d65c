package report

import (
	"cmp"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A planeArm is an arm with its colour.
type planeArm struct {
	eval.FrontierArm
	series int
	Beaten string // by which arm, and whether beyond chance; empty on the frontier
}

// A plane is a category's arms, the control first.
type plane struct {
	Category audit.Category
	Arms     []planeArm
}

// planes are those of the categories in which a candidate's cost and win rate are known.
func planes(in Input) []plane {
	series := candidateSeries(in.Analysis)
	var all []plane
	for _, category := range eval.FrontierOf(in.Analysis.Comparisons) {
		p := plane{Category: category.Category}
		for i, arm := range category.Arms {
			of := ofControl
			if i > 0 {
				of = series[arm.Arm]
			}
			beaten := ""
			if arm.Dominated {
				beaten = dominatedNote(category, arm)
			}
			p.Arms = append(p.Arms, planeArm{arm, of, beaten})
		}
		all = append(all, p)
	}
	return all
}

// draw shows the arms with crosses for their intervals, a line through those that no
// other dominates, and those that are dominated hollow.
func (p plane) draw() drawing {
	d := plot("Cost and quality, " + line(string(p.Category)))
	most := 1.0
	for _, arm := range p.Arms {
		most = max(most, arm.CostRatio.Estimate, arm.CostRatio.High)
	}
	top := roundUp(most)
	x := func(ratio float64) float64 { return plotLeft + min(max(ratio/top, 0), 1)*(plotRight-plotLeft) }
	for _, tick := range []float64{0, top / 2, top} {
		d.line(x(tick), plotTop, x(tick), plotBottom, "grid")
		d.text(x(tick), plotBottom+18, "middle", "soft", Times(tick))
	}
	d.line(plotLeft, plotY(0.5), plotRight, plotY(0.5), "even")
	d.text((plotLeft+plotRight)/2, plotBottom+38, "middle", "soft", "cost, as a multiple of the control")
	var frontier []planeArm
	for _, arm := range p.Arms {
		if !arm.Dominated {
			frontier = append(frontier, arm)
		}
	}
	slices.SortFunc(frontier, func(a, b planeArm) int { return cmp.Compare(a.CostRatio.Estimate, b.CostRatio.Estimate) })
	for i := 1; i < len(frontier); i++ {
		a, b := frontier[i-1], frontier[i]
		d.line(x(a.CostRatio.Estimate), plotY(a.WinRate.Estimate), x(b.CostRatio.Estimate), plotY(b.WinRate.Estimate), "margin")
	}
	for _, arm := range p.Arms {
		atX, atY, class := x(arm.CostRatio.Estimate), plotY(arm.WinRate.Estimate), "thin "+seriesClass(arm.series)
		if arm.series != ofControl {
			d.line(x(arm.CostRatio.Low), atY, x(arm.CostRatio.High), atY, class)
			d.line(atX, plotY(arm.WinRate.Low), atX, plotY(arm.WinRate.High), class)
		}
		d.mark(atX, atY, arm.series)
		if arm.Dominated {
			d.Shapes[len(d.Shapes)-1].Class += " hollow"
		}
		shift, anchor := 9.0, "start"
		if atX > (plotLeft+plotRight)/2 {
			shift, anchor = -9, "end"
		}
		d.text(atX+shift, atY-8, anchor, "soft", shorten(arm.Arm, 24))
	}
	return d
}
