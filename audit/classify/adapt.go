package classify

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"modeltrial/audit"
)

// AdaptVersion is raised where the same log would give another model than before.
const AdaptVersion = 1

// AdaptsFrom is the least number of texts that [Model.Adapt] learns from, and AdaptsTo the
// number beyond which more gain little and take longer.
const (
	AdaptsFrom = 200
	AdaptsTo   = 10_000
)

// AdaptsToOneIn is of how many texts one is to be learned from.
func AdaptsToOneIn(texts int) int { return max(1, (texts+AdaptsTo-1)/AdaptsTo) }

const (
	// adaptParts is into how many parts a log is cut. What is learned from three of them
	// is said of the fourth, so that no text is directly a witness for itself.
	adaptParts = 4
	// adaptRounds is how often it is learned from the log, each time from what was said of
	// it the time before.
	adaptRounds = 2
	// likely is the least probability from which on a category counts as a label.
	likely = 0.6
	// logWeight is what the log's own wording counts beside what was known before.
	logWeight = 1
	// leastLabels is how many texts of each category there have to be.
	leastLabels = 5
	// adaptedTemperature divides the sum of both, which are no independent witnesses, and
	// adaptedThreshold is the least probability of a sure prediction, for the built-in
	// categories. A log has no labels to find them by; these are right for labelled prompts
	// of other sources (see README).
	adaptedTemperature = 2.75
	adaptedThreshold   = 0.8
)

// Adapt gives a model that has learned the wording of a log beside what m knows: the tasks
// of an organisation resemble each other, so that those whose category is plain tell of the
// others. It is self-training (Scudder 1965, IEEE Transactions on Information Theory 11;
// Yarowsky 1995, ACL) with a second model, fitted to the log alone by m's own predictions,
// whose scores are added to m's. Nothing is known of the texts but what they say.
//
// The texts are those of a log, or of a random sample of it; more than [AdaptsTo] gain
// little. It returns nil where there are fewer than [AdaptsFrom], or a category is hardly
// among them: then there is nothing to set the others against. The same texts in the same
// order give the same model on the same architecture. An error is one of the texts' or the
// context's.
func (m *Model) Adapt(ctx context.Context, texts iter.Seq2[string, error]) (*Model, error) {
	m = m.Unadapted()
	a, err := newAdaptation(m, texts)
	if err != nil || len(a.t.samples) < AdaptsFrom {
		return nil, err
	}
	var students []*Model
	for range adaptRounds {
		if students, err = a.learn(ctx); students == nil || err != nil {
			return nil, err
		}
		a.judge(students)
	}
	return m.taught(students, a.how()), nil
}

// An adaptation is the log under way.
type adaptation struct {
	model  *Model
	t      *training   // a sample's fold is its part, and its label what it seems to be
	known  [][]float64 // what the model says of each sample: logarithms of probabilities up to a constant
	both   [][]float64 // the same with what the log's other parts say
	likely []bool
}

func newAdaptation(m *Model, texts iter.Seq2[string, error]) (*adaptation, error) {
	options := Options{Categories: m.categories, Bits: m.bits, Epochs: 3, Dropout: 0.3, Folds: adaptParts, Seed: 1}.withDefaults()
	a := &adaptation{model: m, t: &training{options: options}}
	x := newExtractor(m.bits)
	for text, err := range texts {
		if err != nil {
			return nil, err
		}
		s := x.sample(text)
		s.fold = partOf(text, adaptParts)
		known := m.scoreSample(&s)
		for k := range known {
			known[k] /= m.temperature
		}
		a.t.samples, a.known, a.likely = append(a.t.samples, s), append(a.known, known), append(a.likely, false)
		a.label(len(a.known)-1, known)
	}
	return a, nil
}

// label takes what is most probable by the scores for a sample's label.
func (a *adaptation) label(i int, scores []float64) {
	p := slices.Clone(scores)
	softmax(p, 1)
	best := mostProbable(p)
	a.t.samples[i].label, a.likely[i] = best, p[best] >= likely
}

// learn fits a model for each part to the likely labels of the others; none where they do
// not tell of every category.
func (a *adaptation) learn(ctx context.Context) ([]*Model, error) {
	learned := make([][]int, adaptParts)
	for part := range learned {
		counts := make([]int, len(a.model.categories))
		for i := range a.t.samples {
			if s := &a.t.samples[i]; s.fold != part && a.likely[i] {
				learned[part] = append(learned[part], i)
				counts[s.label]++
			}
		}
		if slices.Min(counts) < leastLabels {
			return nil, nil
		}
	}
	students := make([]*Model, adaptParts)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(min(runtime.GOMAXPROCS(0), 2)) // each takes 80 MB at the default size
	for part := range students {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			students[part] = a.t.fit(learned[part])
			return nil
		})
	}
	return students, group.Wait()
}

// judge labels each sample by what was known and what the log's other parts say.
func (a *adaptation) judge(students []*Model) {
	a.both = make([][]float64, len(a.known))
	for i := range a.t.samples {
		s := &a.t.samples[i]
		scores := students[s.fold].scoreSample(s)
		for k := range scores {
			scores[k] = float64(logWeight*scores[k]) + a.known[i][k]
		}
		a.both[i] = scores
		a.label(i, scores)
	}
}

// how is what gives right probabilities. Of own categories nothing was measured but what
// the model knows of itself: it goes on as sure of the log on the whole as it was before.
func (a *adaptation) how() adapting {
	if slices.Equal(a.model.categories, audit.Categories) {
		threshold := float32(adaptedThreshold)
		if a.model.threshold >= mostThreshold { // it is hardly sure of anything
			threshold = float32(a.model.threshold)
		}
		return adapting{logWeight, adaptedTemperature, threshold}
	}
	temperature, before := 1.0, confidence(a.known, 1)
	for temperature < 20 && confidence(a.both, temperature) > before {
		temperature *= 1.02
	}
	return adapting{logWeight, float32(temperature), float32(a.model.threshold)}
}

// confidence is the mean probability of the most probable category.
func confidence(scores [][]float64, temperature float64) float64 {
	sum := 0.0
	for _, s := range scores {
		p := slices.Clone(s)
		softmax(p, temperature)
		sum += slices.Max(p)
	}
	return sum / float64(len(scores))
}

// An adapting says how what was known and what was learned go together.
type adapting struct{ logWeight, temperature, threshold float32 }

// taught is m beside what students have learned from a log.
func (m *Model) taught(students []*Model, how adapting) *Model {
	whole := *m
	whole.temperature, whole.threshold, whole.heldOut = float64(how.temperature), float64(how.threshold), nil
	whole.base, whole.students, whole.logWeight = m, students, float64(how.logWeight)
	for _, student := range students {
		whole.parts = append(whole.parts, sync.OnceValue(func() *Model { return whole.with(student) }))
	}
	return &whole
}

// with is a model whose scores are those of what m was and of a student together.
func (m *Model) with(student *Model) *Model {
	n := len(m.categories)
	w := &weights{n: n, hashed: make([]float64, len(m.base.weights)), dense: make([]float64, len(m.base.dense))}
	for i := range w.hashed {
		if was, learned := m.base.weights[i], student.weights[i]; was != 0 || learned != 0 {
			w.hashed[i] = float64(float64(was)*m.base.scales[i%n])/m.base.temperature + float64(m.logWeight*float64(learned)*student.scales[i%n])
		}
	}
	for i := range w.dense {
		w.dense[i] = m.base.dense[i]/m.base.temperature + float64(m.logWeight*student.dense[i])
	}
	both := w.model(Options{Categories: m.categories, Bits: m.bits})
	both.temperature, both.threshold = m.temperature, m.threshold
	return both
}

// of is the model that says what m says of a text: of one that was adapted to a log, the
// part that has not learned from it.
func (m *Model) of(text string) *Model {
	if len(m.parts) == 0 {
		return m
	}
	return m.parts[partOf(text, len(m.parts))]()
}

// partOf is the part of a log that a text is in.
func partOf(text string, parts int) int {
	head, tail := ends(text)
	return foldOf(parts, head, tail)
}

// Unadapted is m before it was adapted to a log, or m itself.
func (m *Model) Unadapted() *Model {
	if m.base == nil {
		return m
	}
	return m.base
}
