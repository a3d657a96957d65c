package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"
)

// Comparison is one rater's verdict on the answers of two arms to one task. Score is
// that of arm B: 1 where B was better, ½ for a tie, 0 where A was better.
type Comparison struct {
	Observation
	// A and B number the arms; 0 is the control.
	A, B int
}

// RankedArm is the standing of one arm among all.
type RankedArm struct {
	// LogOdds is β, the log-odds of beating the control; exactly 0 for the control.
	LogOdds Interval
	// WinProbability is σ(β), the probability of beating the control, ½ for itself.
	WinProbability Interval
	// Rank is 1 for the strongest arm; arms of equal β have their number's order.
	Rank int
	// BestRank and WorstRank are the ranks that simultaneous intervals of all pairwise
	// differences leave open.
	BestRank, WorstRank int
}

// Ranking is a Bradley–Terry ranking of arms.
type Ranking struct {
	// Arms holds the arms by their number.
	Arms []RankedArm
	// Covariance is that of β_1, β_2, …: clustered by task alone, or that of the
	// bootstrap.
	Covariance [][]float64
	// Comparisons is their number.
	Comparisons int
	// Resamples counts the bootstrap's rounds, and LeftOut those among them whose wins
	// did not connect all arms; 0 without a bootstrap.
	Resamples, LeftOut int
}

// BradleyTerry ranks arms 0…arms−1 by the model of Bradley and Terry (1952),
// P(B beats A) = σ(β_B − β_A), with the control's β_0 fixed at 0 and a tie counting
// half a win for each (quasi-likelihood). It maximises Σ w_i[s_i η_i − ln(1 + e^η_i)]
// by Newton's method. The variance of a difference of two β is the sandwich
// c'H⁻¹MH⁻¹c with M summed over groups as in [Mean]: V_T over clusters, and where
// ratersSampled and at least [MinRaters] raters judged, plus max(V_R − V_C, 0) of that
// same difference, with Satterthwaite's degrees of freedom. Limits are t limits at the
// z-scale critical value z, of probabilities σ of those. Ranks come from all pairwise
// differences at the simultaneous level of z (Šidák 1967): an arm ranks behind those
// significantly stronger and before those significantly weaker.
//
// It assumes that one strength per arm explains all pairs; it is for ranking, decisions
// use the win rate. Arms that no chain of wins connects in both directions, or too few
// tasks, give a [*MissingError]; scores outside [0,1], unknown arms or an arm against
// itself an error.
func BradleyTerry(arms int, comparisons []Comparison, ratersSampled bool, z float64) (Ranking, error) {
	if !(z > 0) || !finite(z) {
		return Ranking{}, fmt.Errorf("ranking: critical value %v, want a finite number above 0", z)
	}
	observations := make([]Observation, len(comparisons))
	for i, c := range comparisons {
		observations[i] = c.Observation
		if !(c.Score >= 0 && c.Score <= 1) {
			return Ranking{}, fmt.Errorf("ranking: comparison %d has the score %v, want 0 to 1", i, c.Score)
		}
		if err := checkPair(arms, c.A, c.B); err != nil {
			return Ranking{}, err
		}
	}
	mean, err := Mean(observations, ratersSampled) // for its checks and counts
	if err != nil {
		return Ranking{}, err
	}
	if err := mean.Enough(); err != nil {
		return Ranking{}, err
	}
	total := 0.0
	for _, o := range observations {
		total += o.Weight
	}
	outcomes := newOutcomes(arms)
	for _, c := range comparisons {
		outcomes.add(c.A, c.B, c.Weight/total, c.Score)
	}
	if err := outcomes.connected(); err != nil {
		return Ranking{}, err
	}
	fit := newStrengths(arms)
	if !fit.maximise(outcomes) {
		return Ranking{}, missing("the wins do not determine the arms' strengths")
	}
	s := newSandwich(fit, comparisons, total, mean)
	return s.ranking(z, len(comparisons))
}

// checkPair returns an error unless two arms are different ones of 0…arms−1.
func checkPair(arms, a, b int) error {
	if arms < 2 || a < 0 || b < 0 || a >= arms || b >= arms || a == b {
		return fmt.Errorf("ranking: a comparison of arms %d and %d, want two different ones of 0 to %d", a, b, arms-1)
	}
	return nil
}

// outcomes sums comparisons by pair of arms: pair (a,b), a < b, stands at a·arms + b.
type outcomes struct {
	arms int
	// weight is the weight of a pair's comparisons, won that of the wins of b, ties ½.
	weight, won []float64
}

func newOutcomes(arms int) *outcomes {
	return &outcomes{arms: arms, weight: make([]float64, arms*arms), won: make([]float64, arms*arms)}
}

// add counts a comparison with b's score.
func (o *outcomes) add(a, b int, weight, score float64) {
	if a > b {
		a, b, score = b, a, 1-score
	}
	o.weight[a*o.arms+b] += weight
	o.won[a*o.arms+b] += weight * score
}

// beats reports whether arm a won at all against b; a tie is half a win.
func (o *outcomes) beats(a, b int) bool {
	if a > b {
		return o.won[b*o.arms+a] > 0
	}
	at := a*o.arms + b
	return o.weight[at]-o.won[at] > tiny*o.weight[at]
}

// connected returns a [*MissingError] unless chains of wins lead from each arm to each
// other, without which the likelihood has no maximum (Ford 1957).
func (o *outcomes) connected() error {
	if !o.reachesAll(o.beats) || !o.reachesAll(func(a, b int) bool { return o.beats(b, a) }) {
		return missing("some arms won or lost every comparison against the others, or never met them: their strengths cannot be compared")
	}
	return nil
}

// reachesAll reports whether every arm is reached from arm 0.
func (o *outcomes) reachesAll(edge func(a, b int) bool) bool {
	reached := make([]bool, o.arms)
	reached[0] = true
	queue := []int{0}
	for len(queue) > 0 {
		a := queue[0]
		queue = queue[1:]
		for b := range o.arms {
			if b != a && !reached[b] && edge(a, b) {
				reached[b] = true
				queue = append(queue, b)
			}
		}
	}
	return !slices.Contains(reached, false)
}

// strengths fits a Bradley–Terry model. It keeps its working memory, for many fits.
type strengths struct {
	// beta holds β of every arm, the control's 0 first.
	beta []float64
	// information is −H at beta, without the control.
	information *mat.SymDense
	cholesky    mat.Cholesky
	gradient    *mat.VecDense
	step        *mat.VecDense
	next        []float64
}

func newStrengths(arms int) *strengths {
	n := arms - 1
	return &strengths{
		beta: make([]float64, arms), next: make([]float64, arms),
		information: mat.NewSymDense(n, nil), gradient: mat.NewVecDense(n, nil), step: mat.NewVecDense(n, nil),
	}
}

// maximise brings beta from where it stands to the maximum for the outcomes, by
// Newton's method with halved steps; false where it does not get there. The information
// is left at the last step but one, which equals that at the maximum to rounding.
func (s *strengths) maximise(o *outcomes) bool {
	value := o.likelihood(s.beta)
	for range 200 {
		s.derive(o)
		if !s.cholesky.Factorize(s.information) {
			return false
		}
		if err := s.cholesky.SolveVecTo(s.step, s.gradient); err != nil {
			return false
		}
		length := mat.Norm(s.step, math.Inf(1))
		if !finite(length) {
			return false
		}
		factor := 1.0
		for range 60 {
			for k := range s.step.Len() {
				s.next[k+1] = s.beta[k+1] + factor*s.step.AtVec(k)
			}
			next := o.likelihood(s.next)
			if next >= value-tiny*math.Abs(value) {
				value = next
				break
			}
			factor /= 2
		}
		copy(s.beta, s.next)
		if length < 1e-9 {
			return true
		}
	}
	return false
}

// derive fills in gradient and information at beta.
func (s *strengths) derive(o *outcomes) {
	s.information.Zero()
	s.gradient.Zero()
	raw, gradient := s.information.RawSymmetric(), s.gradient.RawVector().Data
	for a := range o.arms {
		for b := a + 1; b < o.arms; b++ {
			w := o.weight[a*o.arms+b]
			if w == 0 {
				continue
			}
			p := logistic(s.beta[b] - s.beta[a])
			e, h := o.won[a*o.arms+b]-w*p, w*p*(1-p)
			gradient[b-1] += e
			raw.Data[(b-1)*raw.Stride+b-1] += h
			if a == 0 {
				continue
			}
			gradient[a-1] -= e
			raw.Data[(a-1)*raw.Stride+a-1] += h
			raw.Data[(a-1)*raw.Stride+b-1] -= h
		}
	}
}

// likelihood returns Σ [won·η − weight·ln(1 + e^η)], η = β_b − β_a.
func (o *outcomes) likelihood(beta []float64) float64 {
	sum := 0.0
	for a := range o.arms {
		for b := a + 1; b < o.arms; b++ {
			at := a*o.arms + b
			if o.weight[at] > 0 {
				eta := beta[b] - beta[a]
				sum += o.won[at]*eta - o.weight[at]*log1pExp(eta)
			}
		}
	}
	return sum
}

// sandwich holds the covariances H⁻¹MH⁻¹ of the β, the control's row and column of
// zeros first, for the three groupings of [Mean].
type sandwich struct {
	beta              []float64
	task, rater, cell *mat.Dense
	mean              WeightedMean
}

// newSandwich sums the scores of the comparisons by group. total is the sum of their
// weights and mean has the effective numbers of groups.
func newSandwich(fit *strengths, comparisons []Comparison, total float64, mean WeightedMean) *sandwich {
	n := len(fit.beta)
	inverse := mat.NewSymDense(n-1, nil)
	// A matrix that was factorized and solved can be inverted; a condition warning does
	// not change the result.
	_ = fit.cholesky.InverseTo(inverse)
	clusters, raters := newScores(n), newScores(n)
	cells := mat.NewDense(n, n, nil)
	cellWeights := 0.0
	for _, c := range comparisons {
		w := c.Weight / total
		e := w * (c.Score - logistic(fit.beta[c.B]-fit.beta[c.A]))
		clusters.add(c.Cluster, c.A, c.B, e)
		if c.Rater == NoRater {
			continue
		}
		raters.add(c.Rater, c.A, c.B, e)
		cellWeights += w * w
		for _, at := range []struct {
			i, j int
			sign float64
		}{{c.A, c.A, 1}, {c.B, c.B, 1}, {c.A, c.B, -1}, {c.B, c.A, -1}} {
			cells.Set(at.i, at.j, cells.At(at.i, at.j)+at.sign*e*e)
		}
	}
	s := &sandwich{beta: fit.beta, mean: mean}
	s.task = spread(inverse, clusters.outer(), 1-1/mean.EffectiveClusters)
	if mean.RatersSampled {
		s.rater = spread(inverse, raters.outer(), 1-1/mean.EffectiveRaters)
		s.cell = spread(inverse, cells, 1-cellWeights)
	}
	return s
}

// scores sums the derivatives of the likelihood by group: e for arm B, −e for arm A.
type scores struct {
	index *index
	arms  int
	sums  []float64
}

func newScores(arms int) *scores { return &scores{index: newIndex(64), arms: arms} }

func (s *scores) add(group, a, b int, e float64) {
	at := s.index.of(group) * s.arms
	if at == len(s.sums) {
		s.sums = append(s.sums, make([]float64, s.arms)...)
	}
	s.sums[at+a] -= e
	s.sums[at+b] += e
}

// outer returns the sum over groups of the outer products of their sums.
func (s *scores) outer() *mat.Dense {
	sums := mat.NewDense(s.index.count, s.arms, s.sums)
	var product mat.Dense
	product.Mul(sums.T(), sums)
	return &product
}

// spread returns H⁻¹MH⁻¹/correction with a row and a column of zeros for the control.
func spread(inverse *mat.SymDense, m *mat.Dense, correction float64) *mat.Dense {
	n := inverse.SymmetricDim()
	var half, whole mat.Dense
	half.Mul(inverse, m.Slice(1, n+1, 1, n+1))
	whole.Mul(&half, inverse)
	result := mat.NewDense(n+1, n+1, nil)
	for i := range n {
		for j := range n {
			result.Set(i+1, j+1, whole.At(i, j)/correction)
		}
	}
	return result
}

// difference returns β_i − β_j with its variance under the rule of [Mean].
func (s *sandwich) difference(i, j int) WeightedMean {
	contrast := func(v *mat.Dense) float64 {
		return denoise(v.At(i, i)+v.At(j, j)-v.At(i, j)-v.At(j, i), 1)
	}
	m := s.mean
	m.Estimate = s.beta[i] - s.beta[j]
	m.VarianceTask = contrast(s.task)
	m.Variance, m.DF = m.VarianceTask, m.EffectiveClusters-1
	if m.RatersSampled {
		m.VarianceRater, m.VarianceCell = contrast(s.rater), contrast(s.cell)
		m.Variance += max(m.VarianceRater-m.VarianceCell, 0)
		m.DF = m.satterthwaite()
	}
	return m
}

// ranking puts the parts together.
func (s *sandwich) ranking(z float64, comparisons int) (Ranking, error) {
	arms := len(s.beta)
	r := Ranking{Arms: make([]RankedArm, arms), Covariance: make([][]float64, arms-1), Comparisons: comparisons}
	for i := range r.Covariance {
		r.Covariance[i] = make([]float64, arms-1)
		for j := range r.Covariance[i] {
			r.Covariance[i][j] = s.task.At(i+1, j+1)
		}
	}
	r.Arms[0] = RankedArm{WinProbability: Interval{Estimate: 0.5, Low: 0.5, High: 0.5}}
	for i := 1; i < arms; i++ {
		d := s.difference(i, 0)
		logOdds, err := tInterval(d.Estimate, d.StandardError(), d.DF, z)
		if err != nil {
			return Ranking{}, err
		}
		r.Arms[i].LogOdds = logOdds
		r.Arms[i].WinProbability = logisticInterval(r.Arms[i].LogOdds)
	}
	together := sidak(z, arms*(arms-1)/2)
	r.rank(func(i, j int) bool {
		d := s.difference(i, j)
		return d.Estimate > TCritical(together, d.DF)*d.StandardError()
	})
	return r, nil
}

// sidak returns the z-scale critical value at which several two-sided intervals hold
// together with the level that z gives one (Šidák 1967): each at level^(1/count).
func sidak(z float64, count int) float64 {
	outside := 2 * normalSurvival(math.Abs(z))
	each := -math.Expm1(math.Log1p(-outside) / float64(count))
	return -mathext.NormalQuantile(max(each/2, MinP))
}

// rank fills in ranks, given which arms are significantly stronger than which.
func (r *Ranking) rank(stronger func(i, j int) bool) {
	order := make([]int, len(r.Arms))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(r.Arms[j].LogOdds.Estimate, r.Arms[i].LogOdds.Estimate)
	})
	for position, i := range order {
		arm := &r.Arms[i]
		arm.Rank, arm.BestRank, arm.WorstRank = position+1, 1, len(r.Arms)
		for j := range r.Arms {
			if i == j {
				continue
			}
			if stronger(j, i) {
				arm.BestRank++
			}
			if stronger(i, j) {
				arm.WorstRank--
			}
		}
	}
}
