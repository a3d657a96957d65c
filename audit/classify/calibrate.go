package classify

import "math"

// A heldOut is the scores of a sample by a model that has not seen its kind.
type heldOut struct {
	scores []float64
	label  int
}

// calibrate finds the temperature that makes held-out labels most likely. With
// too few kinds to hold any out it leaves the scores as they are.
func (t *training) calibrate() float64 {
	var held []heldOut
	for fold := range t.options.Folds {
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
		m := t.fit(in)
		for _, i := range out {
			held = append(held, heldOut{m.scoreSample(&t.samples[i]), t.samples[i].label})
		}
	}
	if len(held) == 0 {
		return 1
	}
	return bestTemperature(held)
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
