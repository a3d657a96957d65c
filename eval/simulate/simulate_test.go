package simulate

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"modeltrial/eval"
	"modeltrial/eval/decide"
)

// A small version of eval/simulate/characteristics: the shares stay within five
// standard errors of what the methods promise.
func TestOperatingCharacteristics(t *testing.T) {
	pilots := 100
	if testing.Short() || raceDetector {
		pilots = 20
	}
	for _, one := range Characteristics() {
		t.Run(one.Group+"/"+one.Scenario.Name, func(t *testing.T) {
			t.Parallel()
			pilots := pilots
			if judge := one.Scenario.Judge; judge != nil && judge.Measured {
				pilots = min(pilots, 40) // with an earlier one each
			}
			run, err := Run(t.Context(), one.Locked, []Scenario{one.Scenario}, Options{Seed: 7, MostPilots: pilots, Error: 1e-9})
			if err != nil {
				t.Fatal(err)
			}
			result := run.Scenarios[0]
			n := float64(result.Pilots)
			most := func(what string, share *eval.Share, promised float64) {
				if share != nil && share.Estimate > promised+5*math.Sqrt(promised*(1-promised)/n) {
					t.Errorf("%s: %.3f of %d pilots, promised at most %.3f", what, share.Estimate, result.Pilots, promised)
				}
			}
			most("false switch", result.FalseQuality, 0.025)
			most("false switch for cost", result.FalseCost, 0.025)
			if one.Scenario.Judge == nil {
				most("always-valid interval ever missed", result.EverMissed, 0.05)
			}
			if one.Scenario.JudgesOnly && !one.Scenario.Judge.Measured && result.Switched.Estimate+result.ForCost.Estimate > 0 {
				t.Error("judges alone led to a switch")
			}
			if one.Group == CoverageGroup {
				missed := 1 - result.Covered.Estimate
				most("fixed interval missed", &eval.Share{Estimate: missed}, 0.06)
			}
			if judge := one.Scenario.Judge; one.Group == PowerGroup && (judge == nil || judge.Bias == 0) && result.Switched.Estimate < 0.4 {
				t.Errorf("only %.2f switched", result.Switched.Estimate)
			}
		})
	}
}

// The drawn scores have the win rate, ties and covariances that were asked for.
func TestDrawnScores(t *testing.T) {
	scenario := Standard("scores", eval.Truth{WinRate: 0.5, CostRatio: 0.6})
	scenario.Raters, scenario.RaterSD, scenario.ICC = 10, 0.1, 0.3
	locked := weekly(1, 500, 2)
	var sum, ties, n, sameTask, taskPairs, cost, control float64
	var raterMeans []float64
	for pilot := range 40 {
		data := newDrawer(locked, scenario).draw(rand.New(rand.NewPCG(3, uint64(pilot))))
		perRater := map[string][2]float64{}
		for i, rating := range data.Ratings {
			sum += rating.Score
			n++
			if rating.Verdict == eval.Tie {
				ties++
			}
			mean := perRater[rating.Rater]
			perRater[rating.Rater] = [2]float64{mean[0] + rating.Score, mean[1] + 1}
			if i%2 == 1 {
				sameTask += (rating.Score - 0.5) * (data.Ratings[i-1].Score - 0.5)
				taskPairs++
			}
		}
		for _, mean := range perRater {
			raterMeans = append(raterMeans, mean[0]/mean[1])
		}
		for _, response := range data.Responses {
			if response.Arm == "control" {
				control += response.Cost.Dollars()
			} else {
				cost += response.Cost.Dollars()
			}
		}
	}
	var raterVariance float64
	for _, mean := range raterMeans {
		raterVariance += (mean - 0.5) * (mean - 0.5) / float64(len(raterMeans))
	}
	// 40 pilots of 10 raters with 400 ratings each: a tenth of what is measured.
	variance := (1 - scenario.Ties) / 4
	sampling := variance / 400
	for _, c := range []struct {
		what           string
		got, want, off float64
	}{
		{"win rate", sum / n, 0.5, 0.02},
		{"ties", ties / n, 0.2, 0.005},
		{"covariance within tasks", sameTask / taskPairs, 0.3 * variance, 0.1 * 0.3 * variance},
		{"variance of rater means", raterVariance - sampling, 0.01, 0.0015},
		{"cost ratio", cost / control, 0.6, 0.006},
	} {
		if math.Abs(c.got-c.want) > c.off {
			t.Errorf("%s: got %.4f, want %.4f ± %.4f", c.what, c.got, c.want, c.off)
		}
	}
}

func TestResultDependsOnTheSeedAlone(t *testing.T) {
	scenario := Standard("seed", eval.Truth{WinRate: 0.6, CostRatio: 0.8})
	simulated := func(seed uint64, cores int) eval.Simulation {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		result, err := Run(t.Context(), weekly(1, 20, 1), []Scenario{scenario}, Options{Seed: seed, MostPilots: 40})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	one, two := simulated(5, 1), simulated(5, 2)
	if !reflect.DeepEqual(one, two) {
		t.Errorf("one core gives %+v, two give %+v", one, two)
	}
	if reflect.DeepEqual(one.Scenarios, simulated(6, 2).Scenarios) {
		t.Error("another seed gives the same pilots")
	}
}

func TestStopsAtTheErrorAskedFor(t *testing.T) {
	scenario := Standard("error", eval.Truth{WinRate: 0.6, CostRatio: 1})
	result, err := Run(t.Context(), weekly(1, 20, 1), []Scenario{scenario}, Options{Error: 0.03, MostPilots: 5000})
	if err != nil {
		t.Fatal(err)
	}
	if result.MonteCarlo > 0.03 || result.Scenarios[0].Pilots >= 5000 || result.Interrupted {
		t.Errorf("error %v after %d pilots, interrupted %v", result.MonteCarlo, result.Scenarios[0].Pilots, result.Interrupted)
	}
}

func TestCancelledSimulationSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	scenarios := []Scenario{Standard("first", eval.Truth{WinRate: 0.6, CostRatio: 1}), Standard("second", eval.Truth{WinRate: 0.6, CostRatio: 1})}
	result, err := Run(ctx, weekly(1, 12, 1), scenarios, Options{
		MostPilots: 400, Error: 1e-9,
		Progress: func(scenario int, part float64) {
			if part > 0.4 {
				cancel()
			}
		},
	})
	if err != nil || !result.Interrupted || len(result.Scenarios) != 1 || result.Scenarios[0].Pilots != round {
		t.Errorf("got %v, interrupted %v, %d scenarios", err, result.Interrupted, len(result.Scenarios))
	}
}

func TestImpossibleScenarios(t *testing.T) {
	locked := weekly(1, 20, 2)
	for name, change := range map[string]func(*Scenario){
		"no truth":             func(s *Scenario) { s.Truths = nil },
		"win rate with ties":   func(s *Scenario) { s.Truths[0].WinRate, s.Ties = 0.95, 0.5 },
		"free candidate":       func(s *Scenario) { s.Truths[0].CostRatio = 0 },
		"all ties":             func(s *Scenario) { s.Ties = 1 },
		"fewer raters":         func(s *Scenario) { s.Raters = 1 },
		"no cluster":           func(s *Scenario) { s.ClusterSize = 0 },
		"correlation over one": func(s *Scenario) { s.ICC = 1.5 },
	} {
		scenario := Standard(name, eval.Truth{WinRate: 0.5, CostRatio: 1})
		change(&scenario)
		if _, err := Run(t.Context(), locked, []Scenario{scenario}, Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// BenchmarkPilots draws and analyses pilots of 3 use cases × 4 weeks × 75 tasks on
// all cores; the same pilots drawn and not analysed are the bare limit.
func BenchmarkPilots(b *testing.B) {
	scenario := Standard("benchmark", eval.Truth{WinRate: 0.55, CostRatio: 0.7}, eval.Truth{WinRate: 0.5, CostRatio: 0.7}, eval.Truth{WinRate: 0.6, CostRatio: 1})
	b.Run("analysed", func(b *testing.B) {
		pilots := 0
		for b.Loop() {
			result, err := Run(b.Context(), weekly(3, 75, 1), []Scenario{scenario}, Options{Seed: uint64(pilots), MostPilots: round, Error: 1e-9})
			if err != nil {
				b.Fatal(err)
			}
			pilots += result.Scenarios[0].Pilots
		}
		b.ReportMetric(float64(pilots)/b.Elapsed().Seconds(), "pilots/s")
	})
	b.Run("drawn", func(b *testing.B) {
		d := newDrawer(weekly(3, 75, 1), scenario)
		pilots := 0
		for b.Loop() {
			pilots++
			d.draw(rand.New(rand.NewPCG(1, uint64(pilots))))
		}
		b.ReportMetric(float64(pilots)/b.Elapsed().Seconds(), "pilots/s")
	})
}

// The chance that planning promises is the share that drawn pilots reach.
func TestPlannedChanceIsReached(t *testing.T) {
	pilots := 400
	if testing.Short() || raceDetector {
		pilots = 150
	}
	scenario := Standard("chance", eval.Truth{WinRate: 0.6, CostRatio: 1})
	scenario.Raters, scenario.RaterSD = 12, 0.03
	locked := weekly(1, 40, 1)
	plan, err := decide.PlanUseCase(locked.Protocol, eval.Assumptions{
		WinRate: 0.6, Ties: scenario.Ties, Power: 0.8, Raters: 12, RaterSD: 0.03, ICC: scenario.ICC, ClusterSize: 1,
	}, eval.UseCasePlan{Planned: 160})
	if err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), locked, []Scenario{scenario}, Options{Seed: 11, MostPilots: pilots, Error: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	got := result.Scenarios[0].Switched.Estimate
	if math.Abs(got-*plan.Better.Chance) > 0.1 {
		t.Errorf("planned chance %.3f, reached by %.3f of %d pilots", *plan.Better.Chance, got, pilots)
	}
}
