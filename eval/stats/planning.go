package stats

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mathext"
)

// Plan holds what the sample size depends on. Scores are win-rate points, 0 to 1.
type Plan struct {
	// WinRate is the true win rate assumed, and TieShare the share of ties.
	WinRate, TieShare float64
	// Null is the win rate to be rejected: 0.5 for superiority, 0.5 less the
	// margin for non-inferiority.
	Null float64
	// Alpha is the one-sided error rate, 0.025; UseCases divides it (Bonferroni,
	// the worst step of Holm).
	Alpha    float64
	UseCases int
	// Power is the probability wanted of rejecting Null, 0.8.
	Power float64
	// ICC is the correlation of two raters' scores of one task, 0.15.
	ICC float64
	// RatingsPerTask is m.
	RatingsPerTask float64
	// Raters is R; 0 where raters are instruments (judges, checks) or fewer than
	// MinRaters, then they add no variance. RaterSD is the SD of rater means, 0.06.
	Raters  int
	RaterSD float64
	// ClusterSize is the mean number of tasks that belong together, 1 if none,
	// and ClusterICC their correlation.
	ClusterSize, ClusterICC float64
	// SequentialFactor multiplies the tasks for looking early, 1.10; 1 for one
	// look.
	SequentialFactor float64
}

// PlanResult is the answer of [Plan.Solve].
type PlanResult struct {
	// Tasks is the number needed.
	Tasks int
	// Power is what that number reaches.
	Power float64
	// Variance is that of the win rate at Tasks, and ScoreVariance that of one
	// score.
	Variance, ScoreVariance float64
}

// scoreVariance returns σ² = (1 − p_tie)/4 − (θ − ½)², the variance of one score.
func (p Plan) scoreVariance() float64 {
	return (1-p.TieShare)/4 - (p.WinRate-0.5)*(p.WinRate-0.5)
}

// taskVariance is the part of the variance that more tasks make smaller.
func (p Plan) taskVariance(tasks float64) float64 {
	perTask := p.scoreVariance() * (p.ICC + (1-p.ICC)/p.RatingsPerTask)
	return perTask * (1 + (p.ClusterSize-1)*p.ClusterICC) / tasks
}

// raterVariance is the part that only more raters make smaller: σ_R²/R.
func (p Plan) raterVariance() float64 {
	if p.Raters < MinRaters {
		return 0
	}
	return p.RaterSD * p.RaterSD / float64(p.Raters)
}

// Variance returns Var θ̂ = σ²[ρ+(1−ρ)/m](1+(b−1)κ)/T + σ_R²/R for T tasks.
func (p Plan) Variance(tasks float64) float64 {
	return p.taskVariance(tasks) + p.raterVariance()
}

// PowerAt returns the power with T tasks, 0 to 1, by the noncentral t distribution
// with Satterthwaite's degrees of freedom: P(T' > c) with noncentrality
// (θ − θ0)/√V and c the t quantile at 1 − α/K. The sequential factor divides T:
// looking early costs that part of the tasks. Fewer than [MinTasks] tasks or
// [MinClusters] clusters allow no decision and have no power; nor have settings that
// [Plan.Solve] refuses.
func (p Plan) PowerAt(tasks float64) float64 {
	if p.check() != nil || !(tasks >= MinTasks) || tasks/p.ClusterSize < MinClusters || math.IsInf(tasks, 1) {
		return 0
	}
	tasks /= p.SequentialFactor
	fromTasks, fromRaters := p.taskVariance(tasks), p.raterVariance()
	variance := fromTasks + fromRaters
	if !finite(variance) {
		return 0
	}
	share := fromTasks / variance // of the tasks in the variance, in Satterthwaite's sum
	inverse := share * share / max(tasks/p.ClusterSize-1, leastDF)
	if p.Raters >= MinRaters {
		// The raters' means vary by what single ratings vary, too, and that is in the
		// estimate, whatever their tastes.
		clustered := (fromRaters + p.scoreVariance()/(tasks*p.RatingsPerTask)) / variance
		inverse += clustered * clustered / float64(p.Raters-1)
	}
	df := max(1/inverse, leastDF)
	z := -mathext.NormalQuantile(p.Alpha / float64(p.UseCases))
	return noncentralSurvival(TCritical(z, df), df, (p.WinRate-p.Null)/math.Sqrt(variance))
}

// noncentralSurvival returns P(T' > c) for the noncentral t distribution with df ≥ 1
// degrees of freedom and noncentrality δ: ∫ Φ(δ − c·s) f(s) ds with s = √(χ²_df/df),
// whose density f is 2(df/2)^(df/2)/Γ(df/2)·s^(df−1)·e^(−df·s²/2), by the rule of Gauss and
// Legendre over nine standard deviations. The series of gonum's NoncentralT is slow where
// df or δ is large.
func noncentralSurvival(c, df, delta float64) float64 {
	sd := 1 / math.Sqrt(2*df)
	gamma, _ := math.Lgamma(df / 2)
	constant := math.Ln2 + df/2*math.Log(df/2) - gamma
	density := func(s float64) float64 {
		return normalSurvival(c*s-delta) * math.Exp(constant+(df-1)*math.Log(s)-df*s*s/2)
	}
	total := quad.Fixed(density, max(0, 1-9*sd), 1+9*sd, 200, quad.Legendre{}, 0)
	return min(max(total, 0), 1)
}

// NormalSampleSize returns ((z_α + z_β)/d)², the sample size for an effect of d standard
// deviations at the one-sided error rate alpha with the given power, for a normal
// statistic of known variance: the closed form beside [Plan.Solve], a little smaller.
// Settings without an answer give an error.
func NormalSampleSize(effect, alpha, power float64) (float64, error) {
	if !finite(effect) || !(effect > 0) || !(alpha > 0 && alpha < 1) || !(power > 0 && power < 1) {
		return 0, fmt.Errorf("sample size: effect %v, error rate %v and power %v, want a number above 0 and two between 0 and 1", effect, alpha, power)
	}
	z := (-mathext.NormalQuantile(alpha) + mathext.NormalQuantile(power)) / effect
	if !finite(z * z) {
		return 0, fmt.Errorf("sample size: an effect of %v is too small for a number", effect)
	}
	return z * z, nil
}

// SequentialFactor returns by how much looking every week multiplies the tasks:
// ((c_K + z_β)/(z_α + z_β))², c_K the last of K equally spaced boundaries that spend
// the planned share of alpha (see [DefaultDesign]), z the normal quantiles of the
// one-sided error rate and of the power; 1.10 for 4 looks, 0.025 and 0.8.
func SequentialFactor(looks int, alpha, power float64) (float64, error) {
	if looks < 1 || !(alpha > 0 && alpha < 0.5) || !(power > 0 && power < 1) {
		return 0, fmt.Errorf("sequential factor: %d looks, error rate %v, power %v: want at least one look and probabilities", looks, alpha, power)
	}
	spending := newSpending(-mathext.NormalQuantile(alpha * DefaultDesign(looks, looks).PlannedShare / 2))
	last := 0.0
	for k := range looks {
		last = spending.next(float64(k+1) / float64(looks))
	}
	zAlpha, zBeta := -mathext.NormalQuantile(alpha), mathext.NormalQuantile(power)
	ratio := (last + zBeta) / (zAlpha + zBeta)
	if !(zAlpha+zBeta > 0) || ratio < 1 {
		return 1, nil // an even chance or less: the looks cost nothing that planning could see
	}
	return ratio * ratio, nil
}

// RatersNeeded returns the least number of raters with which T tasks give the power,
// at least [MinRaters], when the others of the plan stay as they are. It returns a
// [*MissingError] where no number of raters suffices: then tasks are short.
func (p Plan) RatersNeeded(tasks float64) (int, error) {
	if err := p.check(); err != nil {
		return 0, err
	}
	reaches := func(raters int) bool {
		p.Raters = raters
		return p.PowerAt(tasks) >= p.Power
	}
	if !reaches(mostRaters) {
		return 0, missing("more tasks are needed, not more raters: %.0f tasks cannot show %.1f win-rate points", tasks, 100*(p.WinRate-p.Null))
	}
	return MinRaters + sort.Search(mostRaters-MinRaters, func(n int) bool { return reaches(MinRaters + n) }), nil
}

// mostRaters ends the search for a number of raters.
const mostRaters = 10_000

// mostTasks ends the search for a number of tasks.
const mostTasks = 10_000_000

// Solve returns the tasks needed. When the raters' variance alone is too large it
// returns a [*MissingError] that asks for more raters instead of more tasks; an
// effect of zero or less, or impossible settings, give an error too.
func (p Plan) Solve() (PlanResult, error) {
	if err := p.check(); err != nil {
		return PlanResult{}, err
	}
	if p.PowerAt(mostTasks) < p.Power {
		return PlanResult{}, p.outOfReach()
	}
	// Power grows with the tasks, so that the first that suffices is found by halving.
	tasks := MinTasks + sort.Search(mostTasks-MinTasks, func(n int) bool { return p.PowerAt(float64(MinTasks+n)) >= p.Power })
	return PlanResult{
		Tasks: tasks, Power: p.PowerAt(float64(tasks)), Variance: p.Variance(float64(tasks)), ScoreVariance: p.scoreVariance(),
	}, nil
}

// outOfReach says what is needed where tasks alone do not suffice: with ever so many
// tasks V is σ_R²/R, which must be at most (δ/(z_α+z_β))².
func (p Plan) outOfReach() error {
	effect := p.WinRate - p.Null
	if p.raterVariance() == 0 {
		return missing("more than %d tasks would be needed to show %.2g win-rate points", mostTasks, 100*effect)
	}
	raters, err := NormalSampleSize(effect/p.RaterSD, p.Alpha/float64(p.UseCases), p.Power)
	if err != nil {
		return err
	}
	return missing("more raters are needed, not more tasks: %d raters differ too much to show %.1f win-rate points with any number of tasks, and at least %.0f are needed", p.Raters, 100*effect, math.Max(math.Ceil(raters), float64(p.Raters+1)))
}

func (p Plan) check() error {
	inside := func(v, low, high float64) bool { return v > low && v < high }
	switch {
	case !finite(p.WinRate, p.TieShare, p.Null, p.Alpha, p.Power, p.ICC, p.RatingsPerTask, p.RaterSD, p.ClusterSize, p.ClusterICC, p.SequentialFactor):
		return errors.New("plan: every setting must be a finite number")
	case !inside(p.WinRate, 0, 1) || !inside(p.Null, 0, 1) || !inside(p.Alpha, 0, 0.5) || !inside(p.Power, 0, 1):
		return errors.New("plan: win rate, null and power lie between 0 and 1, the error rate under 0.5")
	case p.WinRate <= p.Null:
		return fmt.Errorf("plan: a win rate of %v cannot be shown to be above %v", p.WinRate, p.Null)
	case p.TieShare < 0 || p.TieShare >= 1 || p.scoreVariance() <= 0:
		return fmt.Errorf("plan: a share of ties of %v does not go with a win rate of %v", p.TieShare, p.WinRate)
	case p.UseCases < 1 || p.RatingsPerTask < 1 || p.ClusterSize < 1 || p.SequentialFactor < 1:
		return errors.New("plan: use cases, ratings per task, cluster size and sequential factor are at least 1")
	case p.ICC < 0 || p.ICC > 1 || p.ClusterICC < 0 || p.ClusterICC > 1 || p.RaterSD < 0 || p.Raters < 0:
		return errors.New("plan: correlations lie between 0 and 1, spread and number of raters are not negative")
	}
	return nil
}

// NeymanAllocation splits a total of ratings among groups in proportion to their
// standard deviations, which makes the variance of their sum least (Neyman 1934), by the
// method of largest remainders. Where nothing varies, or no group's standard deviation
// is known (all 0), groups get equal parts. Negative or non-finite input, or a total
// for no group, gives an error.
func NeymanAllocation(total int, sd []float64) ([]int, error) {
	most := 0.0
	for i, v := range sd {
		if !finite(v) || v < 0 {
			return nil, fmt.Errorf("allocation: standard deviation %d is %v, want a number of at least 0", i, v)
		}
		most = max(most, v)
	}
	if total < 0 || (total > 0 && len(sd) == 0) {
		return nil, fmt.Errorf("allocation: %d ratings for %d groups", total, len(sd))
	}
	shares := make([]float64, len(sd))
	sum := 0.0
	for i, v := range sd {
		shares[i] = 1
		if most > 0 {
			shares[i] = v / most
		}
		sum += shares[i]
	}
	parts := make([]int, len(sd))
	order := make([]int, len(sd))
	left := total
	for i, share := range shares {
		order[i] = i
		shares[i] = float64(total) * (share / sum)
		parts[i] = int(shares[i])
		left -= parts[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(shares[b]-float64(parts[b]), shares[a]-float64(parts[a]))
	})
	for _, i := range order[:max(left, 0)] {
		parts[i]++
	}
	return parts, nil
}
