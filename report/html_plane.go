package report

import (
	"cmp"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A planeArm is an arm on the plane of cost and quality of its category: what it costs
// as a multiple of the control, and how often it is preferred to it.
type planeArm struct {
	Arm           string
	Cost, WinRate *eval.Interval
	Tasks         int
	Dominated     bool // another arm of the category costs no more and is preferred as often
	series        int
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
	for _, c := range in.Analysis.Comparisons {
		if c.WinRate == nil || c.CostRatio == nil {
			continue
		}
		i := slices.IndexFunc(all, func(p plane) bool { return p.Category == c.Category && p.Arms[0].Arm == c.Control })
		if i < 0 {
			control := planeArm{Arm: c.Control, Cost: &eval.Interval{Estimate: 1}, WinRate: &eval.Interval{Estimate: 0.5}, series: ofControl}
			all, i = append(all, plane{c.Category, []planeArm{control}}), len(all)
		}
		all[i].Arms = append(all[i].Arms, planeArm{Arm: c.Candidate, Cost: c.CostRatio, WinRate: c.WinRate, Tasks: c.Tasks, series: series[c.Candidate]})
	}
	for _, p := range all {
		for i := range p.Arms {
			p.Arms[i].Dominated = slices.ContainsFunc(p.Arms, func(other planeArm) bool { return other.dominates(p.Arms[i]) })
		}
	}
	return all
}

// dominates compares estimates: their intervals may still overlap.
func (a planeArm) dominates(b planeArm) bool {
	cost, win := cmp.Compare(a.Cost.Estimate, b.Cost.Estimate), cmp.Compare(a.WinRate.Estimate, b.WinRate.Estimate)
	return cost <= 0 && win >= 0 && (cost < 0 || win > 0)
}

// draw shows the arms with crosses for their intervals, a line through those that no
// other dominates, and those that are dominated hollow.
func (p plane) draw() drawing {
	d := plot("Cost and quality, " + line(string(p.Category)))
	most := 1.0
	for _, arm := range p.Arms {
		most = max(most, arm.Cost.Estimate, arm.Cost.High)
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
	slices.SortFunc(frontier, func(a, b planeArm) int { return cmp.Compare(a.Cost.Estimate, b.Cost.Estimate) })
	for i := 1; i < len(frontier); i++ {
		a, b := frontier[i-1], frontier[i]
		d.line(x(a.Cost.Estimate), plotY(a.WinRate.Estimate), x(b.Cost.Estimate), plotY(b.WinRate.Estimate), "margin")
	}
	for _, arm := range p.Arms {
		atX, atY, class := x(arm.Cost.Estimate), plotY(arm.WinRate.Estimate), "thin "+seriesClass(arm.series)
		if arm.series != ofControl {
			d.line(x(arm.Cost.Low), atY, x(arm.Cost.High), atY, class)
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
