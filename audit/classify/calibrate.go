package classify

import (
	"cmp"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// A heldOut is the scores of a sample by a model that has not seen its kind.
type heldOut struct {
	scores []float64
	sample int
	label  int
}

// holdOut scores every sample by a model trained without the fold of its kind.
// With too few kinds to hold any out it gives none. As many folds are trained at the
// same time as there are processors, since each takes 80 MB at the default size; the
// result does not depend on which ends first.
func (t *training) holdOut() []heldOut {
	folds := make([][]heldOut, t.options.Folds)
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for fold := range folds {
		var in, out []int
		for i := range t.samples {
			if t.samples[i].fold == fold {
				out = append(out, i)
			} else {
				in = append(in, i)
			}
		}
		if len(in) == 0 || len(out) == 0 {
			continue
		}
		group.Go(func() error {
			m := t.fit(in)
			for _, i := range out {
				folds[fold] = append(folds[fold], heldOut{m.scoreSample(&t.samples[i]), i, t.samples[i].label})
			}
			return nil
		})
	}
	_ = group.Wait() // no fold gives an error
	return slices.Concat(folds...)
}

// calibrate sets the temperature and the threshold of m from what models said
// about texts of kinds that they had not seen, and keeps how well they did.
func (t *training) calibrate(m *Model, examples []Example, held []heldOut) {
	m.temperature, m.threshold = 1, t.options.Threshold
	if m.threshold == 0 {
		m.threshold = fallbackThreshold
	}
	if len(held) == 0 {
		return
	}
	m.temperature = bestTemperature(held)
	rows := make([]Labelled, len(held))
	predictions := make([]Prediction, len(held))
	for i, h := range held {
		e := examples[h.sample]
		rows[i] = Labelled{Text: e.Text, Category: e.Category, Source: e.Kind}
		softmax(h.scores, m.temperature)
		predictions[i] = m.prediction(h.scores)
	}
	if t.options.Threshold == 0 {
		m.threshold = sureThreshold(rows, predictions, t.options.SureAccuracy)
		for i := range predictions {
			predictions[i].Sure = predictions[i].Probability >= m.threshold
		}
	}
	m.heldOut = new(score(rows, predictions, m.categories))
}

// fallbackThreshold is the threshold of a model that had nothing held out, and
// mostThreshold the highest one that is ever chosen: a model of which no share
// is right as often as asked is sure of hardly anything.
const (
	fallbackThreshold = 0.7
	mostThreshold     = 0.99
)

// sureThreshold is the least probability, in whole percents, from which on the
// share of predictions that are right is at least accuracy.
func sureThreshold(rows []Labelled, predictions []Prediction, accuracy float64) float64 {
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(predictions[b].Probability, predictions[a].Probability), cmp.Compare(a, b))
	})
	best, right, next := 1.0, 0, 0
	for percent := 100; percent >= 0; percent-- {
		threshold := float64(percent) / 100
		for ; next < len(order) && predictions[order[next]].Probability >= threshold; next++ {
			right += count(predictions[order[next]].Category == rows[order[next]].Category)
		}
		if next > 0 && float64(right) >= accuracy*float64(next) {
			best = threshold
		}
	}
	return float64(float32(min(best, mostThreshold)))
}

func (m *Model) scoreSample(s *sample) []float64 {
	scores := make([]float64, len(m.categories))
	for i, v := range s.dense {
		for k := range scores {
			scores[k] += float64(v * m.dense[i*len(scores)+k])
		}
	}
	sums := make([]int32, len(scores))
	for _, buckets := range s.buckets {
		m.sum(sums, buckets)
		for k, sum := range sums {
			scores[k] += float64(float64(sum) * m.scales[k] * groupNorm(len(buckets)))
		}
	}
	return scores
}

// bestTemperature minimises the negative log likelihood over a grid from 0.25
// to 8 in steps of 2%; the likelihood has one maximum and the grid is finer
// than the labels can tell.
func bestTemperature(held []heldOut) float64 {
	best, least := 1.0, math.Inf(1)
	for t := 0.25; t < 8; t *= 1.02 {
		loss := 0.0
		for _, h := range held {
			p := append([]float64(nil), h.scores...)
			softmax(p, t)
			loss -= math.Log(max(p[h.label], 1e-12))
		}
		if loss < least {
			best, least = t, loss
		}
	}
	return float64(float32(best))
}
