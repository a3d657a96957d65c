package stats

import (
	"fmt"
	"math"
)

// MinLabelled is the number of tasks with people's ratings from which on people and
// judges are combined.
const MinLabelled = 50

// JudgeScore is the judges' mean score of one task, over all judges and both orders.
type JudgeScore struct {
	// Score is between 0 and 1, of the candidate.
	Score float64
	// Weight is the task's share among the tasks that judges alone rated. For a task
	// that people rated it is not used: its share comes from their observations.
	Weight float64
	// Task and Cluster as in [Observation].
	Task, Cluster int
}

// Combined is a mean of people's scores that judges' scores of further tasks made
// more precise. The embedded mean has the combined Estimate, Variance and DF; its
// counts and the parts of its variance are those of people's tasks, with the scores
// s − λf.
type Combined struct {
	WeightedMean
	// Lambda is λ̂, the trust in the judges, between 0 and 1.
	Lambda float64
	// PeopleMean is the mean of people's scores alone.
	PeopleMean float64
	// JudgeMean and JudgeOnlyMean are the judges' means on the tasks that people rated
	// and on those that judges alone rated.
	JudgeMean, JudgeOnlyMean float64
	// VarianceJudge is what the tasks that judges alone rated add to Variance.
	VarianceJudge float64
	// Labelled counts the tasks rated by both, JudgeOnlyTasks those by judges alone.
	Labelled, JudgeOnlyTasks int
	// DifferenceP is the two-sided p-value of the hypothesis that judges score both
	// kinds of tasks alike (Welch 1947). A small one says that people did not rate
	// tasks chosen by chance, which the combination rests on.
	DifferenceP float64
}

// Combine returns the mean of people's scores, corrected by the judges' scores of
// tasks that no person rated: PPI++ (Angelopoulos, Duchi and Zrnic 2023) on the level
// of tasks. With Y_t people's mean and f_t the judges' mean of task t, n tasks rated
// by both and N by judges alone,
//
//	λ̂ = clip( Cov(Y,f) / ((1 + n/N)·Var(f)), 0, 1 ),  Cov on the n, Var on all tasks
//	θ̂ = mean(Y) + λ̂·( mean f on the N − mean f on the n )
//
// Its variance is that of [Mean] applied to s_i − λ̂f_t, plus λ̂²·Var(mean f on the N),
// which enters Satterthwaite's sum with its effective clusters less one. With unequal
// weights n and N are the effective numbers 1/ΣW². Where a cluster has tasks of both
// kinds, their covariance is added unless negative.
//
// It assumes that the tasks people rated are a random choice from all, and that λ̂ is
// known; it does not assume that judges are right. The rule when to combine, at least
// [MinLabelled] tasks chosen at random and half as many further ones, is the
// caller's. A task that people rated and no judge did counts with people's scores
// alone.
//
// Fewer than two tasks of a kind give a [*MissingError]; observations refused by
// [Mean], a score that is not finite, a negative weight or a task twice in judge an
// error.
func Combine(people []Observation, judge []JudgeScore, ratersSampled bool) (Combined, error) {
	alone, err := Mean(people, ratersSampled)
	if err != nil {
		return Combined{}, err
	}
	both, err := newJudged(people, judge)
	if err != nil {
		return Combined{}, err
	}
	if len(both.labelled) < 2 || len(both.judgeOnly) < 2 {
		return Combined{}, missing("%d tasks rated by people and judges and %d by judges alone, combining them needs at least 2 of each", len(both.labelled), len(both.judgeOnly))
	}
	labelled, err := Mean(both.labelled, false)
	if err != nil {
		return Combined{}, err
	}
	judgeOnly, err := Mean(both.judgeOnly, false)
	if err != nil {
		return Combined{}, err
	}
	c := Combined{
		Lambda: both.lambda(labelled, judgeOnly), PeopleMean: alone.Estimate,
		JudgeMean: labelled.Estimate, JudgeOnlyMean: judgeOnly.Estimate,
		Labelled: len(both.labelled), JudgeOnlyTasks: len(both.judgeOnly),
		DifferenceP: welchP(labelled, judgeOnly),
	}
	influences := both.difference(func(score float64) float64 { return score - alone.Estimate },
		func(f float64) float64 { return c.Lambda * (f - labelled.Estimate) })
	c.WeightedMean, err = clustered(people, influences, both.scale, ratersSampled)
	if err != nil {
		return Combined{}, err
	}
	c.Estimate = alone.Estimate + c.Lambda*(judgeOnly.Estimate-labelled.Estimate)
	shared := 2 * c.Lambda * sharedCovariance(people, influences, both.judgeOnly, judgeOnly.Estimate)
	c.VarianceJudge = c.Lambda*c.Lambda*judgeOnly.Variance + max(shared, 0)
	c.Variance += c.VarianceJudge
	c.DF = c.satterthwaite(Estimated{Variance: c.VarianceJudge, DF: judgeOnly.DF})
	if !finite(c.Estimate, c.Variance, c.DF, c.Lambda) {
		return Combined{}, missing("the numbers are too large for a variance")
	}
	return c, nil
}

// judged joins people's observations with the judges' scores of the same tasks.
type judged struct {
	people []Observation
	// total is the sum of people's weights, and share the part of it in tasks that a
	// judge rated.
	total, share float64
	// score gives the judges' score of a task.
	score map[int]float64
	// labelled holds the judges' score of each task that people rated too, with people's
	// weight, means people's mean of it, and judgeOnly all other scores.
	labelled, judgeOnly []Observation
	means               []float64
	// scale is the largest absolute score.
	scale float64
}

func newJudged(people []Observation, judge []JudgeScore) (*judged, error) {
	j := &judged{people: people, score: make(map[int]float64, len(judge))}
	weights, sums := map[int]float64{}, map[int]float64{}
	for _, o := range people {
		j.total += o.Weight
		weights[o.Task] += o.Weight
		sums[o.Task] += o.Weight * o.Score
		j.scale = max(j.scale, math.Abs(o.Score))
	}
	for i, score := range judge {
		if !finite(score.Score, score.Weight) || score.Weight < 0 {
			return nil, fmt.Errorf("judges: task %d has score %v and weight %v, want finite numbers and no negative weight", score.Task, score.Score, score.Weight)
		}
		if _, twice := j.score[score.Task]; twice {
			return nil, fmt.Errorf("judges: task %d has a second score at position %d, want one of each task", score.Task, i)
		}
		j.score[score.Task] = score.Score
		j.scale = max(j.scale, math.Abs(score.Score))
		o := Observation{Score: score.Score, Weight: score.Weight, Task: score.Task, Cluster: score.Cluster, Rater: NoRater}
		weight, byPeople := weights[score.Task]
		if !byPeople {
			j.judgeOnly = append(j.judgeOnly, o)
			continue
		}
		if weight == 0 {
			continue
		}
		o.Weight = weight / j.total
		j.share += o.Weight
		j.labelled = append(j.labelled, o)
		j.means = append(j.means, sums[score.Task]/weight)
	}
	return j, nil
}

// lambda returns λ̂, given the judges' means on both kinds of tasks; 0 where they do
// not vary.
func (j *judged) lambda(labelled, judgeOnly WeightedMean) float64 {
	n, onlyN := effectiveNumber(j.labelled), effectiveNumber(j.judgeOnly)
	people := 0.0
	for t, o := range j.labelled {
		people += o.Weight / j.share * j.means[t]
	}
	covariance := 0.0
	for t, o := range j.labelled {
		covariance += o.Weight / j.share * (j.means[t] - people) * (o.Score - labelled.Estimate)
	}
	covariance /= 1 - 1/n
	share := n / (n + onlyN)
	mean := share*labelled.Estimate + (1-share)*judgeOnly.Estimate
	variance := share*secondMoment(j.labelled, mean) + (1-share)*secondMoment(j.judgeOnly, mean)
	variance = denoise(variance/(1-1/(n+onlyN)), j.scale)
	if variance == 0 {
		return 0
	}
	return min(max(covariance/((1+n/onlyN)*variance), 0), 1)
}

// difference returns w_i·person(s_i) − u_i·judge(f_t) for people's observations, where
// u are the weights brought to a sum of one over the tasks that a judge rated, and 0
// elsewhere.
func (j *judged) difference(person, judge func(float64) float64) []float64 {
	values := make([]float64, len(j.people))
	for i, o := range j.people {
		values[i] = o.Weight / j.total * person(o.Score)
		if f, rated := j.score[o.Task]; rated {
			values[i] -= o.Weight / (j.total * j.share) * judge(f)
		}
	}
	return values
}

// effectiveNumber returns 1/ΣW² with the weights brought to a sum of one.
func effectiveNumber(observations []Observation) float64 {
	sum, squares := 0.0, 0.0
	for _, o := range observations {
		sum += o.Weight
		squares += o.Weight * o.Weight
	}
	return sum * sum / squares
}

// secondMoment returns the weighted mean of (score − centre)².
func secondMoment(observations []Observation, centre float64) float64 {
	sum, moment := 0.0, 0.0
	for _, o := range observations {
		sum += o.Weight
		moment += o.Weight * (o.Score - centre) * (o.Score - centre)
	}
	return moment / sum
}

// sharedCovariance returns the covariance that clusters with tasks of both kinds cause
// between an estimate with the given influences and the mean of the judges' scores of
// their own tasks: Σ_g a_g b_g over clusters, with the factors of both variances.
func sharedCovariance(people []Observation, influences []float64, judgeOnly []Observation, mean float64) float64 {
	total, totalOnly := 0.0, 0.0
	for _, o := range people {
		total += o.Weight
	}
	for _, o := range judgeOnly {
		totalOnly += o.Weight
	}
	clusters := newIndex(len(people))
	first, second := newGrouping(len(people)), newGrouping(len(judgeOnly))
	for i, o := range people {
		first.add(clusters.of(o.Cluster), o.Weight/total, influences[i])
	}
	seen := clusters.count
	for _, o := range judgeOnly {
		second.add(clusters.of(o.Cluster), o.Weight/totalOnly, o.Weight/totalOnly*(o.Score-mean))
	}
	if clusters.count == seen+second.index.count {
		return 0 // no cluster in common
	}
	sum := 0.0
	for cluster := range seen {
		sum += first.residuals[first.index.of(cluster)] * second.residual(cluster)
	}
	return sum / math.Sqrt((1-1/first.effective())*(1-1/second.effective()))
}

// welchP returns the two-sided p-value of the hypothesis that two means of
// independent samples are equal.
func welchP(a, b WeightedMean) float64 {
	variance := a.Variance + b.Variance
	difference := math.Abs(a.Estimate - b.Estimate)
	if variance == 0 {
		if difference <= tiny*max(math.Abs(a.Estimate), math.Abs(b.Estimate)) {
			return 1
		}
		return MinP
	}
	share := a.Variance / variance
	df := 1 / (share*share/a.DF + (1-share)*(1-share)/b.DF)
	return probability(2 * studentSurvival(difference/math.Sqrt(variance), df))
}

// JudgeFactor returns 1 − r²·N/(n+N), by which judges multiply the part of the
// variance that comes from people's tasks when they rate N tasks beside the n that
// people rate too, and correlate with people by r on the level of tasks. r is in
// [−1,1]; n is above 0, N at least 0.
func JudgeFactor(correlation, labelled, judgeOnly float64) (float64, error) {
	if !(math.Abs(correlation) <= 1) || !finite(labelled, judgeOnly) || !(labelled > 0) || judgeOnly < 0 {
		return 0, fmt.Errorf("judge factor: correlation %v with %v tasks by people and %v by judges alone, want −1 to 1, above 0 and at least 0", correlation, labelled, judgeOnly)
	}
	return 1 - correlation*correlation*(judgeOnly/(labelled+judgeOnly)), nil
}
