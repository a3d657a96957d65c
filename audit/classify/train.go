package classify

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"gonum.org/v1/gonum/floats"

	"modeltrial/audit"
)

// An Example is a text with its category. Kind names the family of texts it
// was written in: calibration holds out whole kinds, never single texts,
// because texts of one kind resemble each other.
type Example struct {
	Text     string
	Category audit.Category
	Kind     string
}

// Options of a training. The zero value of a field stands for its default.
type Options struct {
	// Categories to tell apart, in the order of the probabilities; by default
	// [audit.Categories].
	Categories []audit.Category
	// Bits of the hash table, 8 to 20; by default 20 (1,048,576 buckets).
	Bits uint
	// Epochs is how often each example is seen; by default 8.
	Epochs int
	// Runs is how many models are fitted, each to the examples in another order,
	// and averaged; by default 1. AdaGrad takes its longest steps first, so that
	// what one model has learned depends on what it happened to see first.
	Runs int
	// LearningRate of AdaGrad; by default 0.15.
	LearningRate float64
	// Dropout is the share of features left out at random whenever an example
	// is seen, so that no single word decides; by default 0.3, and a negative
	// value means none.
	Dropout float64
	// Folds of the calibration; by default 5.
	Folds int
	// Threshold is the least probability of a sure prediction. By default it is
	// chosen so that SureAccuracy of the sure predictions about held-out kinds
	// are right.
	Threshold float64
	// SureAccuracy is the share of sure predictions that should be right, where
	// Threshold is not given; by default 0.95.
	SureAccuracy float64
	// Seed of the shuffling and of the dropout.
	Seed uint64
}

func (o Options) withDefaults() Options {
	if o.Categories == nil {
		o.Categories = audit.Categories
	}
	o.Bits = orDefault(o.Bits, 20)
	o.Epochs = orDefault(o.Epochs, 8)
	o.Runs = orDefault(o.Runs, 1)
	o.LearningRate = orDefault(o.LearningRate, 0.15)
	o.Dropout = orDefault(o.Dropout, 0.3)
	o.Folds = orDefault(o.Folds, 5)
	o.SureAccuracy = orDefault(o.SureAccuracy, 0.95)
	return o
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// Train fits a multinomial logistic regression to examples by AdaGrad (Duchi,
// Hazan and Singer 2011, JMLR 12), each category having the same total weight,
// and calibrates its probabilities by temperature scaling (Guo and others
// 2017, ICML) on the examples of held-out kinds, where it also finds the
// threshold. The same examples in the same
// order with the same options give the same model on the same architecture. It
// returns an error where a category is unknown or has no example.
func Train(examples []Example, options Options) (*Model, error) {
	o := options.withDefaults()
	if o.Bits < 8 || o.Bits > 20 {
		return nil, fmt.Errorf("train: %d bits, want 8 to 20", o.Bits)
	}
	t, err := newTraining(examples, o)
	if err != nil {
		return nil, err
	}
	all := make([]int, len(examples))
	for i := range all {
		all[i] = i
	}
	var m *Model
	var fitting sync.WaitGroup
	fitting.Go(func() { m = t.fit(all) })
	held := t.holdOut()
	fitting.Wait()
	t.calibrate(m, examples, held)
	return m, nil
}

// A sample is an example turned into features.
type sample struct {
	buckets [groupCount][]uint32
	dense   [denseCount]float64
	label   int
	fold    int
}

type training struct {
	options Options
	samples []sample
}

func newTraining(examples []Example, o Options) (*training, error) {
	t := &training{options: o, samples: make([]sample, len(examples))}
	counts := make([]int, len(o.Categories))
	x := newExtractor(o.Bits)
	for i, e := range examples {
		label := slices.Index(o.Categories, e.Category)
		if label < 0 {
			return nil, fmt.Errorf("train: example %d has the unknown category %q", i+1, e.Category)
		}
		counts[label]++
		t.samples[i] = x.sample(e.Text)
		t.samples[i].label, t.samples[i].fold = label, foldOf(o.Folds, e.Kind)
	}
	if k := slices.Index(counts, 0); k >= 0 {
		return nil, fmt.Errorf("train: no example of the category %q", o.Categories[k])
	}
	if len(counts) < 2 {
		return nil, errors.New("train: needs at least two categories")
	}
	return t, nil
}

// sample turns a text into features, with neither label nor fold.
func (x *extractor) sample(text string) sample {
	x.extract(text)
	s := sample{dense: x.dense}
	for g := range s.buckets {
		s.buckets[g] = slices.Clone(x.buckets[g])
	}
	return s
}

func foldOf(folds int, of ...string) int {
	h := uint64(hashOffset)
	for _, s := range of {
		for _, r := range s {
			h = step(h, r)
		}
	}
	h ^= h >> 29
	return int(h * 0x9e3779b97f4a7c15 >> 33 % uint64(folds))
}

// fit trains on the samples with the given indexes. The model of the averaged weights
// gives the average of the scores of all runs.
func (t *training) fit(indexes []int) *Model {
	w := t.run(indexes, 0)
	if t.options.Runs == 1 {
		return w.model(t.options)
	}
	for number := 1; number < t.options.Runs; number++ {
		more := t.run(indexes, number)
		floats.Add(w.hashed, more.hashed)
		floats.Add(w.dense, more.dense)
	}
	floats.Scale(1/float64(t.options.Runs), w.hashed)
	floats.Scale(1/float64(t.options.Runs), w.dense)
	return w.model(t.options)
}

// run trains once, in an order that depends on number.
func (t *training) run(indexes []int, number int) *weights {
	n := len(t.options.Categories)
	w := newWeights(n, t.options)
	balance := t.balance(indexes)
	order := slices.Clone(indexes)
	random := rand.New(rand.NewPCG(t.options.Seed+uint64(number), uint64(len(order))))
	for epoch := range t.options.Epochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		rate := t.options.LearningRate / (1 + float64(epoch)/4)
		for _, i := range order {
			w.update(&t.samples[i], balance[t.samples[i].label], rate, random)
		}
	}
	return w
}

// balance weighs the samples so that each category counts the same in total.
func (t *training) balance(indexes []int) []float64 {
	counts := make([]float64, len(t.options.Categories))
	for _, i := range indexes {
		counts[t.samples[i].label]++
	}
	for k, c := range counts {
		counts[k] = float64(len(indexes)) / float64(len(counts)) / max(c, 1)
	}
	return counts
}

// weights under training, with the sums of squared gradients of AdaGrad.
type weights struct {
	n             int
	dropout       uint64
	hashed, dense []float64
	hashedSquares []float64
	denseSquares  []float64
	scores        []float64
	kept          [groupCount][]uint32
}

func newWeights(n int, o Options) *weights {
	return &weights{
		n:             n,
		dropout:       uint64(max(o.Dropout, 0) * (1 << 32)),
		hashed:        make([]float64, n<<o.Bits),
		hashedSquares: make([]float64, n<<o.Bits),
		dense:         make([]float64, n*denseCount),
		denseSquares:  make([]float64, n*denseCount),
		scores:        make([]float64, n),
	}
}

// update moves the weights along the gradient of one sample. The conversions
// of products to float64 keep the compiler from fusing them with the sums,
// which would round differently on other machines.
func (w *weights) update(s *sample, balance, rate float64, random *rand.Rand) {
	clear(w.scores)
	for i, v := range s.dense {
		for k := range w.scores {
			w.scores[k] += float64(v * w.dense[i*w.n+k])
		}
	}
	var norms [groupCount]float64
	for g, buckets := range s.buckets {
		kept := w.kept[g][:0]
		for _, b := range buckets {
			if random.Uint64()>>32 >= w.dropout {
				kept = append(kept, b)
			}
		}
		w.kept[g] = kept
		norms[g] = groupNorm(len(kept))
		for _, b := range kept {
			for k := range w.scores {
				w.scores[k] += float64(norms[g] * w.hashed[int(b)*w.n+k])
			}
		}
	}
	softmax(w.scores, 1)
	w.scores[s.label]--
	for k := range w.scores {
		w.scores[k] *= balance
	}
	for i, v := range s.dense {
		move(w.dense[i*w.n:][:w.n], w.denseSquares[i*w.n:][:w.n], w.scores, v, rate)
	}
	for g, kept := range w.kept {
		for _, b := range kept {
			at := int(b) * w.n
			move(w.hashed[at:][:w.n], w.hashedSquares[at:][:w.n], w.scores, norms[g], rate)
		}
	}
}

func move(weights, squares, errors []float64, value, rate float64) {
	const start = 1e-3 // keeps the first steps of a rare feature short
	for k, e := range errors {
		gradient := float64(e * value)
		if gradient == 0 {
			continue
		}
		squares[k] += float64(gradient * gradient)
		weights[k] -= float64(rate * gradient / math.Sqrt(start+squares[k]))
	}
}

// model quantises the weights to 8 bits with one scale per category.
func (w *weights) model(o Options) *Model {
	m := &Model{
		categories:  slices.Clone(o.Categories),
		bits:        o.Bits,
		temperature: 1,
		scales:      make([]float64, w.n),
		dense:       make([]float64, len(w.dense)),
		weights:     make([]int8, len(w.hashed)),
		pool:        newExtractorPool(o.Bits),
	}
	for i, v := range w.dense {
		m.dense[i] = float64(float32(v))
	}
	for i, v := range w.hashed {
		if v != 0 { // most are, where little was learned from
			m.scales[i%w.n] = max(m.scales[i%w.n], math.Abs(v))
		}
	}
	for k := range m.scales {
		m.scales[k] = float64(float32(m.scales[k] / 127))
	}
	for i, v := range w.hashed {
		if v == 0 {
			continue
		}
		if scale := m.scales[i%w.n]; scale > 0 {
			m.weights[i] = int8(max(-127, min(127, math.Round(v/scale))))
		}
	}
	return m
}

// DefaultOptions are the options that the embedded weights are trained with.
// They ask for more than 95% of the sure predictions to be right, because the
// prompts of a stranger differ more from the training texts than these, many of
// which are by the same hand, from each other.
func DefaultOptions() Options {
	return Options{Epochs: 4, Runs: 2, Dropout: 0.25, SureAccuracy: 0.978, Seed: 20240229}.withDefaults()
}
