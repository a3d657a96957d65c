package report

import (
	"bytes"
	"fmt"
	"io"

	"modeltrial/eval"
)

// SimulationPage writes a simulation as one self-contained page: the chance of a
// switch by the true win rate, how soon decisions come, and the table behind both.
func SimulationPage(w io.Writer, s eval.Simulation) error {
	var buffer bytes.Buffer
	err := pages().ExecuteTemplate(&buffer, "simulation.html", struct {
		eval.Simulation
		Title, Error string
		Figures      []drawing
	}{s, "What this pilot would find", simulationError(s), simulationFigures(s)})
	if err != nil {
		return fmt.Errorf("simulation page: %w", err)
	}
	_, err = w.Write(buffer.Bytes())
	return err
}

func simulationFigures(s eval.Simulation) []drawing {
	var curve []eval.ScenarioResult
	for _, scenario := range s.Scenarios {
		if scenario.Curve && len(scenario.Truths) > 0 {
			curve = append(curve, scenario)
		}
	}
	if len(curve) < 2 {
		return nil
	}
	return []drawing{powerCurve(curve), switchesByWeek(curve, s.Weeks)}
}

// The frame of the two figures.
const (
	plotLeft, plotRight, plotTop, plotBottom = 40.0, 332.0, 36.0, 196.0
)

func plot(title string) drawing {
	d := drawing{Width: 340, Height: 240, Label: title}
	d.text(0, 14, "start", "label", title)
	for _, tick := range []float64{0, 0.25, 0.5, 0.75, 1} {
		d.line(plotLeft, plotY(tick), plotRight, plotY(tick), "grid")
		d.text(plotLeft-6, plotY(tick)+4, "end", "soft", Rate(tick, 0))
	}
	return d
}

func plotY(share float64) float64 { return plotBottom - within(share)*(plotBottom-plotTop) }

// powerCurve draws the share of use cases that are switched against what is true.
func powerCurve(curve []eval.ScenarioResult) drawing {
	d := plot("Switched, by the true win rate")
	low, high := curve[0].Truths[0].WinRate, curve[0].Truths[0].WinRate
	for _, scenario := range curve {
		low, high = min(low, scenario.Truths[0].WinRate), max(high, scenario.Truths[0].WinRate)
	}
	x := func(rate float64) float64 {
		if high == low {
			return (plotLeft + plotRight) / 2
		}
		return plotLeft + 8 + (plotRight-plotLeft-16)*(rate-low)/(high-low)
	}
	switched := func(scenario eval.ScenarioResult) float64 {
		return scenario.Switched.Estimate + scenario.ForCost.Estimate
	}
	for i, scenario := range curve {
		at := x(scenario.Truths[0].WinRate)
		if i > 0 {
			d.line(x(curve[i-1].Truths[0].WinRate), plotY(switched(curve[i-1])), at, plotY(switched(scenario)), "thin "+seriesClass(0))
		}
		d.mark(at, plotY(switched(scenario)), 0)
		d.text(at, plotBottom+18, "middle", "soft", Rate(scenario.Truths[0].WinRate, 0))
	}
	d.text((plotLeft+plotRight)/2, plotBottom+38, "middle", "soft", "true win rate of the candidate")
	return d
}

// mostLines is how many curves one figure can carry, each with a mark of its own.
const mostLines = 4

// switchesByWeek draws the share of use cases that were switched by the end of each
// week, for some true win rates.
func switchesByWeek(curve []eval.ScenarioResult, weeks int) drawing {
	d := plot("Switched by the end of the week")
	x := func(week int) float64 {
		return plotLeft + (plotRight-plotLeft-44)*(float64(week)-0.5)/float64(max(weeks, 1))
	}
	for week := 1; week <= weeks; week++ {
		d.text(x(week), plotBottom+18, "middle", "soft", fmt.Sprintf("week %d", week))
	}
	step := (len(curve) + mostLines - 1) / mostLines
	for i, series := len(curve)-1, 0; i >= 0; i, series = i-step, series+1 {
		by := curve[i].SwitchedBy
		for week, share := range by {
			if week > 0 {
				d.line(x(week), plotY(by[week-1]), x(week+1), plotY(share), "thin "+seriesClass(series))
			}
			d.mark(x(week+1), plotY(share), series)
		}
		if len(by) > 0 {
			d.text(x(len(by))+10, plotY(by[len(by)-1])+4, "start", "soft", Rate(curve[i].Truths[0].WinRate, 0))
		}
	}
	d.text((plotLeft+plotRight)/2, plotBottom+38, "middle", "soft", "one curve for each true win rate")
	return d
}
