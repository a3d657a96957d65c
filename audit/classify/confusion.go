package classify

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"modeltrial/audit"
)

// A Confusion counts tasks of which both the true category and the categoriser's are
// known: those of a random sample that a person has categorised without seeing the
// machine's answer. Make one with [NewConfusion]. It is for one goroutine.
type Confusion struct {
	categories []audit.Category
	counts     [][]int // by truth, then prediction, in the order of categories
}

// NewConfusion makes an empty one for these categories.
func NewConfusion(categories []audit.Category) *Confusion {
	c := &Confusion{categories: slices.Clone(categories), counts: make([][]int, len(categories))}
	for i := range c.counts {
		c.counts[i] = make([]int, len(categories))
	}
	return c
}

// Add counts a task. It returns an error for a category that c does not have.
func (c *Confusion) Add(truth, predicted audit.Category) error {
	i, j := slices.Index(c.categories, truth), slices.Index(c.categories, predicted)
	if i < 0 || j < 0 {
		return fmt.Errorf("confusion matrix of %v: truth %q, prediction %q", c.categories, truth, predicted)
	}
	c.counts[i][j]++
	return nil
}

// Categories are those of the matrix, in its order.
func (c *Confusion) Categories() []audit.Category { return slices.Clone(c.categories) }

// Rows is how many tasks were counted.
func (c *Confusion) Rows() int {
	rows := 0
	for i := range c.counts {
		rows += c.ofTruth(i)
	}
	return rows
}

func (c *Confusion) ofTruth(i int) int {
	rows := 0
	for _, n := range c.counts[i] {
		rows += n
	}
	return rows
}

// Accuracy is the share of tasks for which the two agree, with its interval; nil of
// no task.
func (c *Confusion) Accuracy() *audit.Interval {
	right := 0
	for i := range c.counts {
		right += c.counts[i][i]
	}
	return Wilson(right, c.Rows())
}

// Rate estimates P(predicted | truth): the probability that the categoriser puts a
// task of category truth into category predicted, with its Wilson interval. It is nil
// where no task of category truth was counted, and for a category that c does not
// have. A return on investment with router errors is a sum over these (statistics:
// saving = Σ_c' B_c' Σ_c P(c | c')·(1 − R_{c', arm routed for c})).
func (c *Confusion) Rate(predicted, truth audit.Category) *audit.Interval {
	i, j := slices.Index(c.categories, truth), slices.Index(c.categories, predicted)
	if i < 0 || j < 0 {
		return nil
	}
	return Wilson(c.counts[i][j], c.ofTruth(i))
}

// Counts gives {truth: {predicted: count}} without zeros.
func (c *Confusion) Counts() map[audit.Category]map[audit.Category]int {
	counts := map[audit.Category]map[audit.Category]int{}
	for i, truth := range c.categories {
		for j, n := range c.counts[i] {
			if n == 0 {
				continue
			}
			if counts[truth] == nil {
				counts[truth] = map[audit.Category]int{}
			}
			counts[truth][c.categories[j]] = n
		}
	}
	return counts
}

// MinReviewed is how many reviewed tasks of a random sample a correction needs.
const MinReviewed = 50

// worstCondition is the condition number of the confusion matrix above which it is
// taken for singular: an error of one point in a rate would move a share by half.
const worstCondition = 50

// A CorrectedShare is the share of tasks that truly are of a category: nil, and a
// reason, where it cannot be told.
type CorrectedShare struct {
	Share      *audit.Interval
	WhyMissing string
}

// Correct estimates the true share of each category among tasks that the categoriser
// sorted as counted says, in which c's own tasks are included, by inverting the
// confusion matrix. With q the shares as sorted and M the rates P(predicted | truth),
//
//	π̂ = (Mᵀ)⁻¹ q
//
// For two categories this is (q + specificity − 1)/(sensitivity + specificity − 1)
// (Rogan and Gladen 1978, American Journal of Epidemiology 107); in general see
// Buonaccorsi 2010, Measurement Error, section 3.3, and, as adjusted count, Forman
// 2008, Data Mining and Knowledge Discovery 17. A negative share becomes 0 and the
// others shrink to the sum of 1.
//
// The standard error is that of the delta method. The n_c reviewed tasks of a
// category c are a random part of its N_c = N·π̂_c, so that
//
//	Cov π̂ = A·( Σ_c π̂_c²·(1/n_c − 1/N_c)·(diag M_c − M_c M_cᵀ) )·Aᵀ,  A = (Mᵀ)⁻¹
//
// where for the variance alone each row M_c gets a quarter of a task more, spread as
// the predictions of all, so that a category without an error in a small sample is
// not taken for one without errors (in the manner of Agresti and Coull 1998; chosen by
// simulation: with 100 reviewed tasks the limits enclose the truth in 98 to 99%
// of logs, without it in 90 to 98%; with 600 in 96%). Limits are the estimate ± z
// standard errors at 95%, cut at 0 and 1.
//
// A category of which the sample has no task gets no estimate, and its share counts
// as 0 for the others; it is under about 3/n. Under [MinReviewed] tasks, and where
// the rows of M are too much alike to tell the categories apart, there is none at all.
func (c *Confusion) Correct(counted map[audit.Category]int) map[audit.Category]CorrectedShare {
	all := map[audit.Category]CorrectedShare{}
	fail := func(format string, args ...any) map[audit.Category]CorrectedShare {
		for _, category := range c.categories {
			all[category] = CorrectedShare{WhyMissing: fmt.Sprintf(format, args...)}
		}
		return all
	}
	rows, total := c.Rows(), 0
	for _, category := range c.categories {
		total += counted[category]
	}
	if total == 0 {
		return fail("no task was categorised by the categoriser")
	}
	if rows < MinReviewed {
		return fail("%d tasks of a random sample are reviewed, a correction needs %d", rows, MinReviewed)
	}
	var seen []int // the categories that the sample has tasks of
	for i, category := range c.categories {
		if c.ofTruth(i) > 0 {
			seen = append(seen, i)
			continue
		}
		all[category] = CorrectedShare{WhyMissing: fmt.Sprintf("none of the %d reviewed tasks is %s", rows, category)}
	}
	estimate, covariance, ok := c.invert(seen, counted, total)
	if !ok {
		return fail("in the reviewed sample the categoriser does not tell the categories apart: the confusion matrix cannot be inverted; review more tasks")
	}
	shares := onSimplex(estimate)
	for at, i := range seen {
		se := math.Sqrt(max(covariance.At(at, at), 0))
		low, high := estimate[at]-normalQuantile*se, estimate[at]+normalQuantile*se
		// An estimate moved to the simplex stays within its limits.
		all[c.categories[i]] = CorrectedShare{Share: &audit.Interval{
			Estimate: shares[at], StandardError: se, Level: level,
			Low: min(clip(low), shares[at]), High: max(clip(high), shares[at]),
		}}
	}
	return all
}

// CorrectWithGiven is [Confusion.Correct] where for some tasks, counted in given, a
// person or the log has said the category: they are added as they are. The shares are
// of all tasks together.
func (c *Confusion) CorrectWithGiven(counted, given map[audit.Category]int) map[audit.Category]CorrectedShare {
	machine, all := 0, 0
	for _, category := range c.categories {
		machine += counted[category]
	}
	for _, n := range given {
		all += n
	}
	all += machine
	shares := c.Correct(counted)
	for category, corrected := range shares {
		if corrected.Share == nil {
			continue
		}
		sum := func(share float64) float64 {
			return (float64(given[category]) + share*float64(machine)) / float64(all)
		}
		s := corrected.Share
		s.StandardError *= float64(machine) / float64(all)
		s.Estimate, s.Low, s.High = sum(s.Estimate), sum(s.Low), sum(s.High)
	}
	return shares
}

// invert gives the shares of the categories with these indexes, which sum to 1 but
// may be negative, and their covariance. It reports false where the matrix is close
// to singular.
func (c *Confusion) invert(seen []int, counted map[audit.Category]int, total int) (shares []float64, covariance *mat.Dense, ok bool) {
	k := len(seen)
	transposed := mat.NewDense(k, k, nil) // Mᵀ: predicted × truth
	q := mat.NewVecDense(k, nil)
	for at, i := range seen {
		q.SetVec(at, float64(counted[c.categories[i]])/float64(total))
		n := float64(c.ofTruth(i))
		for to, j := range seen {
			transposed.Set(to, at, float64(c.counts[i][j])/n)
		}
	}
	if !(mat.Cond(transposed, 2) < worstCondition) { // NaN too
		return nil, nil, false
	}
	var inverse mat.Dense
	if err := inverse.Inverse(transposed); err != nil {
		return nil, nil, false
	}
	var solution mat.VecDense
	solution.MulVec(&inverse, q)
	sum := mat.Sum(&solution)
	if !(sum > 0) {
		return nil, nil, false
	}
	shares = make([]float64, k)
	for at := range shares {
		shares[at] = solution.AtVec(at) / sum
	}
	// The division by the sum, of derivative (I − shares·1ᵀ)/sum, changes nothing
	// where the sample has every category: the sum is 1 then.
	scale := mat.NewDense(k, k, nil)
	for a := range k {
		for b := range k {
			scale.Set(a, b, (indicator(a == b)-shares[a])/sum)
		}
	}
	var toShares, half mat.Dense
	toShares.Mul(scale, &inverse)
	half.Mul(&toShares, c.noise(seen, shares, float64(total)))
	covariance = &mat.Dense{}
	covariance.Mul(&half, toShares.T())
	return shares, covariance, true
}

// noise is Σ_c π_c²·(1/n_c − 1/N_c)·(diag M_c − M_c M_cᵀ), with the rows of M
// smoothed, over the categories with these indexes.
func (c *Confusion) noise(seen []int, shares []float64, total float64) *mat.Dense {
	const more = 0.25 // of a task, that smooths a row
	k := len(seen)
	spread := make([]float64, k)
	for to, j := range seen {
		for _, row := range c.counts {
			spread[to] += float64(row[j]) / float64(c.Rows())
		}
	}
	sum := mat.NewDense(k, k, nil)
	for at, i := range seen {
		n := float64(c.ofTruth(i))
		row := make([]float64, k)
		for to, j := range seen {
			row[to] = (float64(c.counts[i][j]) + more*spread[to]) / (n + more)
		}
		share := max(shares[at], 0)
		// π²·(1/n − 1/(N·π)) without dividing by a share of 0; nothing is left to
		// chance where every task was reviewed.
		weight := max(share*share/n-share/total, 0)
		for a := range k {
			for b := range k {
				sum.Set(a, b, sum.At(a, b)+weight*row[a]*(indicator(a == b)-row[b]))
			}
		}
	}
	return sum
}

// onSimplex cuts negative shares and scales the others to the sum of 1.
func onSimplex(shares []float64) []float64 {
	out := make([]float64, len(shares))
	sum := 0.0
	for i, s := range shares {
		out[i] = max(s, 0)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func indicator(b bool) float64 { return float64(count(b)) }

func clip(x float64) float64 { return max(0, min(x, 1)) }
