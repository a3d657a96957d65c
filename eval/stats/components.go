package stats

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// Components are the variances that make up that of one score.
type Components struct {
	// Mean is the mean score μ by generalised least squares.
	Mean float64
	// Task, Rater and Residual are variances, in squared win-rate points: of tasks, of
	// raters' general leaning, and of single ratings beyond both.
	Task, Rater, Residual float64
}

// ICC returns the correlation of two raters' scores of one task, the task's part of the
// variance: ρ of [Plan].
func (c Components) ICC() float64 { return c.Task / (c.Task + c.Rater + c.Residual) }

// RaterSD returns the standard deviation of rater means, σ_R of [Plan].
func (c Components) RaterSD() float64 { return math.Sqrt(c.Rater) }

// VarianceComponents estimates the variances of the model score = μ + task + rater +
// residual with crossed random effects by restricted maximum likelihood (Patterson and
// Thompson 1971), as lmer(score ~ 1 + (1|task) + (1|rater)) of R's lme4 does. It
// assumes normal, independent effects, which holds only roughly for scores of 0, ½ and
// 1: it is for planning. Observations of [NoRater] are left out, weights are not used.
//
// No task rated twice, or scores that do not vary, give a [*MissingError]; scores that
// are not finite an error.
func VarianceComponents(observations []Observation) (Components, error) {
	mean, err := Mean(observations, false) // for its checks
	if err != nil {
		return Components{}, err
	}
	r := newREML(observations, mean.Estimate)
	if r.n == r.tasks {
		return Components{}, missing("no task was rated twice: what differs between tasks and between ratings cannot be told apart")
	}
	if r.n == r.raters {
		return Components{}, missing("no rater rated two tasks: what differs between raters and between ratings cannot be told apart")
	}
	if r.scale == 0 {
		return Components{}, missing("the scores do not vary")
	}
	return r.estimate(mean.Estimate)
}

// reml holds what the restricted likelihood depends on. It is profiled over μ and the
// residual variance, and left as a function of the ratios of the other variances to it.
type reml struct {
	n, tasks, raters int
	// scale is the variance of the scores, as a check that they vary.
	scale float64
	// whole is U'U of the columns U: one for each rater, then 1 and the score. within is
	// Σ u_t u_t' over the tasks with a number of ratings, u_t the sum of U over a task.
	whole  *mat.SymDense
	within map[int]*group
	sizes  []int // in order of appearance
}

type group struct {
	tasks int
	sums  *mat.SymDense
}

func newREML(observations []Observation, centre float64) *reml {
	tasks, raters := newIndex(len(observations)), newIndex(16)
	var members [][]int
	for i, o := range observations {
		if o.Rater == NoRater {
			continue
		}
		raters.of(o.Rater)
		t := tasks.of(o.Task)
		if t == len(members) {
			members = append(members, nil)
		}
		members[t] = append(members[t], i)
	}
	r := &reml{tasks: tasks.count, raters: raters.count, within: map[int]*group{}}
	columns := raters.count + 2
	r.whole = mat.NewSymDense(columns, nil)
	row := mat.NewVecDense(columns, nil)
	most, sum, squares := 0.0, 0.0, 0.0
	for _, task := range members {
		size := len(task)
		r.n += size
		if r.within[size] == nil {
			r.within[size] = &group{sums: mat.NewSymDense(columns, nil)}
			r.sizes = append(r.sizes, size)
		}
		total := mat.NewVecDense(columns, nil)
		for _, i := range task {
			score := observations[i].Score - centre
			row.Zero()
			row.SetVec(raters.of(observations[i].Rater), 1)
			row.SetVec(columns-2, 1)
			row.SetVec(columns-1, score)
			r.whole.SymRankOne(r.whole, 1, row)
			total.AddVec(total, row)
			most = max(most, math.Abs(observations[i].Score))
			sum += score
			squares += score * score
		}
		r.within[size].tasks++
		r.within[size].sums.SymRankOne(r.within[size].sums, 1, total)
	}
	if r.n > 0 {
		r.scale = denoise(squares/float64(r.n)-sum/float64(r.n)*sum/float64(r.n), most)
	}
	return r
}

// profile is the restricted likelihood at a pair of ratios, and what maximises it there.
type profile struct {
	// deviance is −2 log likelihood but for a constant.
	deviance       float64
	mean, residual float64
}

// at returns the profile at the ratios of the tasks' and the raters' variance to the
// residual one; false where the numbers fail. With A = I + θ_t Z_t Z_t' and
// M = I + θ_r Z_r' A⁻¹ Z_r, the determinant of V/σ² is ∏(1 + θ_t m_t)·|M| and
// V⁻¹ = A⁻¹ − θ_r A⁻¹ Z_r M⁻¹ Z_r' A⁻¹.
func (r *reml) at(task, rater float64) (profile, bool) {
	columns := r.raters + 2
	inner := mat.NewSymDense(columns, nil)
	inner.CopySym(r.whole)
	determinant := 0.0
	for _, size := range r.sizes {
		g := r.within[size]
		factor := task / (1 + task*float64(size))
		for i := range columns {
			for j := i; j < columns; j++ {
				inner.SetSym(i, j, inner.At(i, j)-factor*g.sums.At(i, j))
			}
		}
		determinant += float64(g.tasks) * math.Log1p(task*float64(size))
	}
	m := mat.NewSymDense(r.raters, nil)
	sides := mat.NewDense(r.raters, 2, nil)
	for i := range r.raters {
		for j := i; j < r.raters; j++ {
			m.SetSym(i, j, rater*inner.At(i, j))
		}
		m.SetSym(i, i, m.At(i, i)+1)
		sides.Set(i, 0, inner.At(i, columns-2))
		sides.Set(i, 1, inner.At(i, columns-1))
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(m) {
		return profile{}, false
	}
	determinant += cholesky.LogDet()
	var solved, product mat.Dense
	if err := cholesky.SolveTo(&solved, sides); err != nil {
		return profile{}, false
	}
	product.Mul(sides.T(), &solved)
	one := inner.At(columns-2, columns-2) - rater*product.At(0, 0)
	cross := inner.At(columns-2, columns-1) - rater*product.At(0, 1)
	both := inner.At(columns-1, columns-1) - rater*product.At(1, 1)
	if !(one > 0) {
		return profile{}, false
	}
	p := profile{mean: cross / one}
	p.residual = (both - cross*cross/one) / float64(r.n-1)
	p.deviance = determinant + math.Log(one) + float64(r.n-1)*math.Log(p.residual)
	return p, p.residual > 0 && finite(p.deviance)
}

// noVariance is the ratio under which a variance counts as 0, its boundary.
const noVariance = 1e-7

// estimate minimises the deviance over the square roots of the ratios, which keeps them
// from being negative without a bound.
func (r *reml) estimate(centre float64) (Components, error) {
	ratios := func(x []float64) (task, rater float64) {
		if r.raters < 2 {
			return x[0] * x[0], 0 // one rater's leaning is part of the mean
		}
		return x[0] * x[0], x[1] * x[1]
	}
	problem := optimize.Problem{Func: func(x []float64) float64 {
		p, ok := r.at(ratios(x))
		if !ok {
			return math.Inf(1)
		}
		return p.deviance
	}}
	settings := &optimize.Settings{Converger: &optimize.FunctionConverge{Absolute: 1e-12, Iterations: 60}, MajorIterations: 2000}
	result, err := optimize.Minimize(problem, []float64{0.5, 0.3}, settings, &optimize.NelderMead{})
	if result == nil || (err != nil && !finite(result.F)) {
		return Components{}, missing("the variances of tasks and raters could not be estimated")
	}
	task, rater := ratios(result.X)
	if task < noVariance {
		task = 0
	}
	if rater < noVariance {
		rater = 0
	}
	p, ok := r.at(task, rater)
	if !ok {
		return Components{}, missing("the variances of tasks and raters could not be estimated")
	}
	return Components{Mean: centre + p.mean, Task: task * p.residual, Rater: rater * p.residual, Residual: p.residual}, nil
}
