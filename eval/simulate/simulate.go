package simulate

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"modeltrial/eval"
	"modeltrial/eval/decide"
)

// Options say how long to draw. Zero values stand for the defaults.
type Options struct {
	Seed uint64
	// Error is the standard error of simulation, a share, at which a scenario ends;
	// 0.01 by default.
	Error float64
	// MostPilots ends a scenario in any case; 20,000 by default.
	MostPilots int
	// Progress is called now and then with the scenario's number and the part of it
	// that is done, as far as the error so far tells.
	Progress func(scenario int, part float64)
}

// round is how many pilots are drawn between two looks at the error. It does not
// depend on the machine, so that a seed always gives the same result.
const round = 200

// Run draws pilots of a protocol under each scenario until the largest standard
// error of its shares is small enough. Pilots are drawn on all cores; each has a
// generator of its own, so that the result depends on the seed alone. A cancelled
// context ends the drawing: what was drawn is returned and says so.
func Run(ctx context.Context, locked *eval.LockedProtocol, scenarios []Scenario, options Options) (eval.Simulation, error) {
	protocol := locked.Protocol
	result := eval.Simulation{
		Schema: "modeltrial.simulate/1", Pilot: protocol.Name, ProtocolSHA256: locked.SHA256,
		Weeks: protocol.Weeks, TasksPerWeek: protocol.TasksPerWeek, Seed: options.Seed, Scenarios: []eval.ScenarioResult{},
	}
	for _, useCase := range protocol.UseCases {
		result.UseCases += len(useCase.Candidates)
	}
	for i, scenario := range scenarios {
		if err := scenario.check(protocol); err != nil {
			return result, err
		}
		t, err := runScenario(ctx, locked, scenario, options, i)
		if err != nil && !errors.Is(err, context.Canceled) {
			return result, fmt.Errorf("simulate %q: %w", scenario.Name, err)
		}
		if t.pilots > 0 {
			result.Scenarios = append(result.Scenarios, t.result(scenario))
			result.MonteCarlo = max(result.MonteCarlo, t.error())
		}
		if err != nil {
			result.Interrupted = true
			return result, nil
		}
	}
	return result, nil
}

func runScenario(ctx context.Context, locked *eval.LockedProtocol, scenario Scenario, options Options, number int) (*tally, error) {
	if options.Error <= 0 {
		options.Error = 0.01
	}
	if options.MostPilots <= 0 {
		options.MostPilots = 20_000
	}
	workers := make([]*worker, runtime.GOMAXPROCS(0))
	for i := range workers {
		workers[i] = newWorker(locked, scenario)
	}
	stream := fnv.New64a()
	fmt.Fprint(stream, scenario.Name)
	total := newTally(locked.Protocol, scenario)
	for total.pilots < options.MostPilots {
		count := min(round, options.MostPilots-total.pilots)
		outcomes := make([]outcome, count)
		group, within := errgroup.WithContext(ctx)
		for w, worker := range workers {
			group.Go(func() error {
				for i := w; i < count; i += len(workers) {
					if err := within.Err(); err != nil {
						return err
					}
					random := rand.New(rand.NewPCG(options.Seed^stream.Sum64(), uint64(total.pilots+i)))
					var err error
					if outcomes[i], err = worker.pilot(random); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return total, err
		}
		for _, one := range outcomes {
			total.add(one)
		}
		if options.Progress != nil {
			options.Progress(number, total.part(options))
		}
		if total.error() <= options.Error {
			break
		}
	}
	return total, nil
}

// A worker draws and analyses pilots on one goroutine.
type worker struct {
	drawer  *drawer
	earlier *drawer // of the pilot in which the judge was measured; nil where it was not
}

// earlierRatings is how many people rate a comparison of an earlier pilot: a judge's
// agreement with people is held against that of two people.
const earlierRatings = 2

func newWorker(locked *eval.LockedProtocol, scenario Scenario) *worker {
	w := &worker{drawer: newDrawer(locked, scenario)}
	if scenario.Judge != nil && scenario.Judge.Measured {
		earlier := *locked
		earlier.Protocol.RatingsPerComparison = earlierRatings
		scenario.JudgesOnly = false
		w.earlier = newDrawer(&earlier, scenario)
	}
	return w
}

// measured are the records of the judge in an earlier pilot.
func (w *worker) measured(random *rand.Rand) ([]eval.JudgeRecord, error) {
	records, err := decide.MeasureJudges(w.earlier.draw(random))
	if err != nil {
		return nil, err
	}
	locked := w.drawer.data.Locked
	for i := range records {
		r := &records[i]
		r.ProtocolSHA256, r.DecidedAt = "earlier", locked.LockedAt.Add(-time.Hour)
		r.Instrument, _ = locked.Protocol.Judge(r.Judge)
	}
	return records, nil
}

// An outcome is what came of one pilot, use case by use case.
type outcome []decided

// decided is what came of one use case.
type decided struct {
	decision eval.DecisionKind
	week     int // of the decision; the last week where there was none
	// covered says whether the fixed-sample interval at the end covers the truth, and
	// missed whether the always-valid one did not at some look; known whether there
	// was an interval at all.
	covered, missed, known bool
}

// pilot draws one pilot and looks at it at the end of every week, as people do, who
// act on the first decision.
func (w *worker) pilot(random *rand.Rand) (outcome, error) {
	var records []eval.JudgeRecord
	if w.earlier != nil {
		var err error
		if records, err = w.measured(random); err != nil {
			return nil, err
		}
	}
	data := w.drawer.draw(random)
	data.JudgeRecords = records
	weeks := w.drawer.protocol.Weeks
	result := make(outcome, len(w.drawer.useCases))
	for week := 1; week <= weeks; week++ {
		analysis, err := decide.Analyze(data, decide.Options{ThroughWeek: week, DecisionsOnly: true})
		if err != nil {
			return nil, err
		}
		for i, comparison := range analysis.Comparisons {
			one := &result[i]
			if one.decision == "" || one.decision == eval.Continue || one.decision == eval.NoDecision {
				one.decision, one.week = comparison.Decision, week
			}
			if week == weeks {
				one.look(comparison, w.drawer.useCases[i].truth.WinRate)
			}
		}
	}
	return result, nil
}

func (d *decided) look(comparison eval.ComparisonResult, truth float64) {
	if comparison.WinRate == nil {
		return
	}
	d.known = true
	d.covered = comparison.WinRate.Low <= truth && truth <= comparison.WinRate.High
	for _, look := range comparison.Looks {
		valid := look.WinRateAlwaysValid
		d.missed = d.missed || valid != nil && !(valid.Low <= truth && truth <= valid.High)
	}
}

// A counter sums a share of each pilot and its square.
type counter struct{ sum, squares float64 }

func (c *counter) add(share float64) {
	c.sum += share
	c.squares += share * share
}

// share is the mean with its standard error over pilots, which is never taken to be
// less than one pilot in all: a share of none in n is no certainty.
func (c *counter) share(pilots int) eval.Share {
	n := float64(pilots)
	mean := c.sum / n
	variance := max(0, c.squares/n-mean*mean)
	return eval.Share{Estimate: mean, Error: max(math.Sqrt(variance/n), 1/n)}
}
