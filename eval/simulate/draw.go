package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"

	"modeltrial/audit"
	"modeltrial/eval"
)

// The costs and latencies of the control, around which tasks vary. What they are
// does not matter to any ratio.
const (
	controlCost    = 0.01 // dollars
	controlLatency = 2000 // ms
	// pairSpread is how much a candidate's cost of a task varies around the control's
	// times the ratio, as the standard deviation of its logarithm.
	pairSpread = 0.4
)

// A drawer draws pilots of one scenario. What does not differ between them is made
// once: it fills the same dataset again and again, and is for one goroutine.
type drawer struct {
	scenario Scenario
	protocol eval.Protocol
	behind   correlations
	useCases []useCase
	data     eval.Dataset
	raters   []string
	loads    []float64 // cumulated shares of the raters' loads
	random   *rand.Rand
}

// A useCase is one candidate in one category.
type useCase struct {
	category  audit.Category
	candidate string
	truth     eval.Truth
	// centre is the mean of the normal variable behind a verdict.
	centre      float64
	judgeCentre float64
}

// newDrawer lays out the tasks, arms and raters of a locked protocol's pilots.
func newDrawer(locked *eval.LockedProtocol, scenario Scenario) *drawer {
	protocol := locked.Protocol
	d := &drawer{
		scenario: scenario, protocol: protocol, behind: scenario.behind(protocol.RatingsPerComparison),
		data: eval.Dataset{Pilot: protocol.Name, Locked: locked},
	}
	for _, planned := range protocol.UseCases {
		for _, candidate := range planned.Candidates {
			truth := scenario.Truths[len(d.useCases)]
			one := useCase{
				category: planned.Category, candidate: candidate, truth: truth,
				centre: mathext.NormalQuantile(scenario.winShare(truth)),
			}
			if judge := scenario.Judge; judge != nil {
				biased := scenario.winShare(eval.Truth{WinRate: truth.WinRate + judge.Bias})
				one.judgeCentre = mathext.NormalQuantile(min(max(biased, 0.001), 0.999))
			}
			d.useCases = append(d.useCases, one)
		}
		d.assign(planned.Category)
	}
	total := 0.0
	for i := range scenario.Raters {
		d.raters = append(d.raters, fmt.Sprintf("rater %d", i+1))
		load := 1.0
		if scenario.Uneven {
			load /= float64(i + 1)
		}
		total += load
		d.loads = append(d.loads, total)
	}
	return d
}

// assign lays out a category's tasks, week by week, neighbours in a cluster.
func (d *drawer) assign(category audit.Category) {
	for week := 1; week <= d.protocol.Weeks; week++ {
		for i := range d.protocol.TasksPerWeek {
			task := eval.AssignedTask{TaskID: fmt.Sprintf("%s %d.%d", category, week, i+1), Category: category, Week: week}
			if d.scenario.ClusterSize > 1 {
				task.Cluster = fmt.Sprintf("%s %d.%d", category, week, i/d.scenario.ClusterSize)
			}
			d.data.Assigned = append(d.data.Assigned, task)
		}
	}
}

// draw makes the next pilot. The dataset is the drawer's own and holds until the
// next call.
func (d *drawer) draw(random *rand.Rand) eval.Dataset {
	d.random = random
	d.data.Ratings, d.data.Responses = d.data.Ratings[:0], d.data.Responses[:0]
	tastes := make([][]float64, len(d.useCases))
	for i := range tastes {
		tastes[i] = make([]float64, len(d.raters))
		for r := range tastes[i] {
			tastes[i][r] = math.Sqrt(d.behind.rater) * random.NormFloat64()
		}
	}
	cluster, inCluster := "", make([]float64, len(d.useCases))
	for _, task := range d.data.Assigned {
		if task.Cluster != cluster { // each use case's effect is drawn where a cluster begins
			cluster = task.Cluster
			for i := range inCluster {
				inCluster[i] = math.Sqrt(d.behind.cluster) * random.NormFloat64()
			}
		}
		control := d.answer(task)
		onControl := random.NormFloat64()
		rated := d.rated()
		for i, one := range d.useCases {
			if one.category != task.Category {
				continue
			}
			d.answerOf(task, one, control)
			// Candidates of one category are compared with the same answer of the control.
			shared := math.Sqrt(0.5)*onControl + math.Sqrt(0.5)*random.NormFloat64()
			if d.scenario.Judge != nil {
				d.judge(task, one, shared)
			}
			if rated {
				d.people(task, one, inCluster[i]+math.Sqrt(d.behind.task)*shared, tastes[i])
			}
		}
	}
	return d.data
}

// rated says whether people rate a task: every one, or a random third where a judge
// rates too, none where only the judge does.
func (d *drawer) rated() bool {
	switch {
	case d.scenario.JudgesOnly:
		return false
	case d.scenario.Judge != nil:
		return d.random.IntN(3) == 0
	}
	return true
}

// people draws the ratings of a comparison by different people.
func (d *drawer) people(task eval.AssignedTask, one useCase, effect float64, tastes []float64) {
	alone := math.Sqrt(max(0, 1-d.behind.cluster-d.behind.task-d.behind.rater))
	for _, rater := range d.choose(d.protocol.RatingsPerComparison) {
		verdict := d.verdict(one.centre + effect + tastes[rater] + alone*d.random.NormFloat64())
		d.rate(task, one, d.raters[rater], eval.Human, verdict, d.side())
	}
}

// judgeName is the judge's name in a protocol that lets it decide.
const judgeName = "judge"

// judge draws the judge's verdicts in both orders, which share its view of the task.
func (d *drawer) judge(task eval.AssignedTask, one useCase, shared float64) {
	r := d.scenario.Judge.Correlation
	view := one.judgeCentre + math.Sqrt(r)*shared + math.Sqrt((1-r)/2)*d.random.NormFloat64()
	for _, first := range []eval.Side{eval.SideA, eval.SideB} {
		d.rate(task, one, judgeName, eval.Judge, d.verdict(view+math.Sqrt((1-r)/2)*d.random.NormFloat64()), first)
	}
}

func (d *drawer) rate(task eval.AssignedTask, one useCase, rater string, kind eval.RaterKind, verdict eval.Verdict, first eval.Side) {
	score, _ := verdict.Score() // one of ours
	d.data.Ratings = append(d.data.Ratings, eval.Rating{
		TaskID: task.TaskID, Category: task.Category, Cluster: task.Cluster, Week: task.Week,
		ArmA: d.protocol.Control, ArmB: one.candidate, Rater: rater, Kind: kind, Simulated: true,
		Verdict: verdict, Score: score, First: first,
	})
}

func (d *drawer) verdict(behind float64) eval.Verdict {
	switch {
	case d.random.Float64() < d.scenario.Ties:
		return eval.Tie
	case behind > 0:
		return eval.PrefersB
	}
	return eval.PrefersA
}

func (d *drawer) side() eval.Side {
	if d.random.Uint32()&1 == 0 {
		return eval.SideA
	}
	return eval.SideB
}

// choose draws different raters by their loads.
func (d *drawer) choose(count int) []int {
	chosen := make([]int, 0, count)
	for len(chosen) < count {
		u := d.random.Float64() * d.loads[len(d.loads)-1]
		rater := 0
		for d.loads[rater] <= u {
			rater++
		}
		fresh := true
		for _, known := range chosen {
			fresh = fresh && known != rater
		}
		if fresh {
			chosen = append(chosen, rater)
		}
	}
	return chosen
}

// A measure is what the control's answer of a task cost and how long it took, in
// units of their means.
type measure struct{ cost, latency float64 }

// answer draws the control's answer.
func (d *drawer) answer(task eval.AssignedTask) measure {
	spread := math.Sqrt(math.Log(1 + d.scenario.CostSpread*d.scenario.CostSpread))
	m := measure{d.lognormal(spread), d.lognormal(spread)}
	d.respond(task, d.protocol.Control, m)
	return m
}

// answerOf draws a candidate's answer: the control's times the ratio, give or take.
func (d *drawer) answerOf(task eval.AssignedTask, one useCase, control measure) {
	d.respond(task, one.candidate, measure{
		one.truth.CostRatio * control.cost * d.lognormal(pairSpread),
		control.latency * d.lognormal(pairSpread),
	})
}

// lognormal draws a variable of mean 1.
func (d *drawer) lognormal(spread float64) float64 {
	return math.Exp(spread*d.random.NormFloat64() - spread*spread/2)
}

func (d *drawer) respond(task eval.AssignedTask, arm string, m measure) {
	cost := audit.NanoUSD(math.Round(m.cost * controlCost * 1e9))
	latency := int64(math.Round(m.latency * controlLatency))
	d.data.Responses = append(d.data.Responses, eval.ResponseRow{
		TaskID: task.TaskID, Category: task.Category, Cluster: task.Cluster, Week: task.Week, Arm: arm,
		Cost: &cost, LatencyMS: &latency, TextSHA256: task.TaskID + arm, Origin: eval.Simulated,
	})
}
