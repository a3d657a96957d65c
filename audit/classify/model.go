package classify

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"modeltrial/audit"
	"modeltrial/datasets"
)

// A Prediction is what a model says about one text.
type Prediction struct {
	// Category is the most probable one.
	Category audit.Category
	// Probability of Category, between 0 and 1, calibrated on texts of kinds
	// that were held out of the training.
	Probability float64
	// Sure tells whether Probability reaches the model's threshold.
	Sure bool
	// Probabilities of all categories, in the order of the model's categories.
	Probabilities []float64
}

// A Model classifies texts. Make one with [Train], [Load] or [Default]. It is
// immutable and safe for concurrent use.
type Model struct {
	categories  []audit.Category
	bits        uint      // the table has 1<<bits buckets
	temperature float64   // divides the scores
	threshold   float64   // least probability of a sure prediction
	scales      []float64 // of the quantised weights, one per category
	dense       []float64 // denseCount × categories
	weights     []int8    // buckets × categories
	pool        *sync.Pool
	heldOut     *Score // nil unless just trained

	// Of a model that was adapted to a log, see [Model.Adapt]: what it was, what was learned
	// from the log, and both together.
	base      *Model
	students  []*Model
	logWeight float64
	parts     []func() *Model // each is made when it is first asked
}

// Default returns the model whose weights come with the program. The embedded
// file is checked by the tests, so a damaged one is a mistake of the build and
// panics.
var Default = sync.OnceValue(func() *Model {
	m, err := Load(datasets.Classifier)
	if err != nil {
		panic(err)
	}
	return m
})

// Threshold returns the least probability of a sure prediction.
func (m *Model) Threshold() float64 { return m.threshold }

// Temperature returns what the scores are divided by before they become
// probabilities.
func (m *Model) Temperature() float64 { return m.temperature }

// HeldOut returns how well models did that were trained like m on all kinds of
// examples but some, on the examples of these: what to expect of m on texts
// unlike those it was trained on. The kind stands as the source of a row. It is
// nil for a model that was loaded, and where no kind could be held out.
func (m *Model) HeldOut() *Score { return m.heldOut }

// Classify says which category text belongs to. Any text gives a result: bytes
// that are no UTF-8 are read as U+FFFD, and of a text longer than 2,500 bytes
// the first 1,500 and the last 1,000 are read. An empty text is never sure.
func (m *Model) Classify(text string) Prediction {
	m = m.of(text)
	scores := make([]float64, len(m.categories))
	if known := m.score(text, scores); !known {
		for i := range scores {
			scores[i] = 0
		}
		softmax(scores, 1)
		p := m.prediction(scores)
		if i := slices.Index(m.categories, audit.General); i >= 0 {
			p.Category, p.Probability = m.categories[i], scores[i]
		}
		p.Sure = false
		return p
	}
	softmax(scores, m.temperature)
	return m.prediction(scores)
}

// ClassifyAll is [Model.Classify] of each text. Those that a part of an adapted model is
// for come one after the other, since the weights of one stay in the processor's cache.
func (m *Model) ClassifyAll(texts []string) []Prediction {
	predictions := make([]Prediction, len(texts))
	if len(m.parts) == 0 {
		for i, text := range texts {
			predictions[i] = m.Classify(text)
		}
		return predictions
	}
	of := make([][]int, len(m.parts))
	for i, text := range texts {
		part := partOf(text, len(m.parts))
		of[part] = append(of[part], i)
	}
	for part, indexes := range of {
		for _, i := range indexes {
			predictions[i] = m.parts[part]().Classify(texts[i])
		}
	}
	return predictions
}

// prediction picks the most probable category.
func (m *Model) prediction(probabilities []float64) Prediction {
	best := mostProbable(probabilities)
	return Prediction{
		Category:      m.categories[best],
		Probability:   probabilities[best],
		Sure:          probabilities[best] >= m.threshold,
		Probabilities: probabilities,
	}
}

// mostProbable is the index of the highest probability; the first of equals wins.
func mostProbable(probabilities []float64) int {
	best := 0
	for i, p := range probabilities {
		if p > probabilities[best] {
			best = i
		}
	}
	return best
}

// score adds up the weights of text's features. It reports false for a text
// without any feature.
func (m *Model) score(text string, scores []float64) bool {
	x := m.pool.Get().(*extractor)
	defer m.pool.Put(x)
	x.extract(text)
	if len(x.tokens) == 0 {
		return false
	}
	for i, v := range x.dense {
		for k := range scores {
			scores[k] += v * m.dense[i*len(scores)+k]
		}
	}
	sums := make([]int32, 0, 16)
	sums = slices.Grow(sums, len(scores))[:len(scores)]
	for g := range x.buckets {
		m.sum(sums, x.buckets[g])
		norm := groupNorm(len(x.buckets[g]))
		for k, sum := range sums {
			scores[k] += float64(sum) * m.scales[k] * norm
		}
	}
	return true
}

func (m *Model) sum(sums []int32, buckets []uint32) {
	n := len(m.categories)
	if n != 5 {
		clear(sums)
		for _, b := range buckets {
			for k, w := range m.weights[int(b)*n : int(b)*n+n] {
				sums[k] += int32(w)
			}
		}
		return
	}
	// The built-in five, with the sums in registers.
	var s0, s1, s2, s3, s4 int32
	for _, b := range buckets {
		w := (*[5]int8)(m.weights[int(b)*5:])
		s0 += int32(w[0])
		s1 += int32(w[1])
		s2 += int32(w[2])
		s3 += int32(w[3])
		s4 += int32(w[4])
	}
	sums[0], sums[1], sums[2], sums[3], sums[4] = s0, s1, s2, s3, s4
}

// groupNorm scales n binary features to unit length.
func groupNorm(n int) float64 {
	if n == 0 {
		return 0
	}
	return 1 / math.Sqrt(float64(n))
}

// softmax turns scores divided by temperature into probabilities, in place.
func softmax(scores []float64, temperature float64) {
	top := slices.Max(scores)
	total := 0.0
	for i, s := range scores {
		scores[i] = math.Exp((s - top) / temperature)
		total += scores[i]
	}
	for i := range scores {
		scores[i] /= total
	}
}

// followUp is the length in bytes up to which a prompt in a conversation is taken
// for a follow-up that borrows the turn before it.
const followUp = 80

// ClassifyTask puts a task into a category by its prompt. A short follow-up in a
// conversation is read together with the user's turn before it; an empty prompt
// falls back to the system prompt.
func (m *Model) ClassifyTask(system, prompt, previousTurn string) Prediction {
	return m.Classify(TaskText(system, prompt, previousTurn))
}

// TaskText is the text of a task that [Model.ClassifyTask] reads, and that is learned
// from where a person has categorised the task.
func TaskText(system, prompt, previousTurn string) string {
	switch {
	case len(prompt) <= followUp && previousTurn != "":
		return previousTurn + "\n" + prompt
	case prompt == "":
		return system
	}
	return prompt
}

// Categories are those that m tells apart, in the order of the probabilities.
func (m *Model) Categories() []audit.Category { return slices.Clone(m.categories) }

// Guesses are the categories of a prediction of m, the most probable first.
func (m *Model) Guesses(p Prediction) []audit.Guess {
	guesses := make([]audit.Guess, len(m.categories))
	for k, category := range m.categories {
		guesses[k] = audit.Guess{Category: category, Probability: p.Probabilities[k]}
	}
	slices.SortStableFunc(guesses, func(a, b audit.Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	return guesses
}
