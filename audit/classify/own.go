package classify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"modeltrial/audit"
)

// An OwnCategory is a category that an organisation described itself.
type OwnCategory struct {
	Name        audit.Category
	Description string
	Examples    []string
}

// A Reviewed task is a text that a person has categorised.
type Reviewed struct {
	TaskID   string
	Text     string
	Category audit.Category
}

// A Lesson is what a workspace adds to the built-in training texts: its own
// categories, none where the built-in ones are used, and what people corrected.
type Lesson struct {
	Categories []OwnCategory
	Reviewed   []Reviewed // any order; the same set always gives the same model
}

// Empty says that there is nothing to learn: the built-in model does.
func (l Lesson) Empty() bool { return len(l.Categories) == 0 && len(l.Reviewed) == 0 }

// Repeats is how often an example of the workspace counts as one of the built-in
// texts: these are many and of everybody, those few and of the very work that is to
// be sorted. Dropout shows a different part of it each time.
const Repeats = 4

// fewExamples is the number of a category's examples under which the user is warned,
// and minToValidate the number that each category needs for a cross-validation.
const (
	fewExamples   = 20
	minToValidate = 5
)

// Learned says how a workspace's model came about.
type Learned struct {
	// Examples counts the workspace's own examples by category, reviewed tasks
	// included, and BuiltIn the built-in texts beside them.
	Examples map[audit.Category]int `json:"examples"`
	BuiltIn  map[audit.Category]int `json:"built_in_texts"`
	// Accuracy is that of own categories by cross-validation in five folds over the
	// workspace's examples, descriptions and built-in texts always being learned
	// from; nil, and WhyMissing, where a category has too few examples and where the
	// categories are the built-in ones, which audit score measures.
	Accuracy   *audit.Interval `json:"accuracy"`
	WhyMissing string          `json:"why_missing,omitempty"`
	Warnings   []string        `json:"warnings"`
	// LogTasks is from how many tasks the log's wording was learned, without labels, and
	// LogSize how many it had then; 0 where nothing was to be learned.
	LogTasks int `json:"log_tasks"`
	LogSize  int `json:"log_size"`
}

// Learn trains a model for a workspace from the built-in texts and its lesson.
// Categories that have the name of a built-in one learn from its texts too. The same
// input gives the same model on the same architecture, in whatever order the
// reviewed tasks come. It returns an error where a category has nothing to learn from.
func Learn(builtIn []Example, lesson Lesson) (*Model, Learned, error) {
	options := lesson.options()
	base, own := lesson.examples(builtIn, options.Categories)
	learned := Learned{Examples: map[audit.Category]int{}, BuiltIn: map[audit.Category]int{}, Warnings: []string{}}
	for _, e := range base {
		if !strings.HasPrefix(e.Kind, descriptionKind) {
			learned.BuiltIn[e.Category]++
		}
	}
	for _, e := range own {
		learned.Examples[e.Category]++
	}
	for _, c := range options.Categories {
		has := func(e Example) bool { return e.Category == c }
		if !slices.ContainsFunc(base, has) && !slices.ContainsFunc(own, has) {
			return nil, learned, fmt.Errorf("category %q has neither a description nor an example, so nothing can be put into it; describe it and give some prompts under categories in modeltrial.yaml", c)
		}
	}
	if len(options.Categories) < 2 {
		return nil, learned, errors.New("there is one category only, so there is nothing to tell apart; list at least two under categories in modeltrial.yaml")
	}
	if len(lesson.Categories) > 0 {
		learned.Warnings = lesson.warnings(learned)
		if err := learned.validate(base, own, options); err != nil {
			return nil, learned, err
		}
	} else {
		learned.WhyMissing = "corrections are of the tasks that the categoriser found hard; measure it with a random sample: modeltrial audit classify --sample 200"
	}
	model, err := Train(append(slices.Clone(base), repeated(own)...), options)
	return model, learned, err
}

const descriptionKind = "description of "

func (l Lesson) options() Options {
	options := DefaultOptions()
	options.Folds, options.Runs = 3, 2 // somebody waits for it: calibration takes a fit for each
	if len(l.Categories) == 0 {
		return options
	}
	options.Categories = nil
	for _, c := range l.Categories {
		options.Categories = append(options.Categories, c.Name)
	}
	return options
}

// examples are those that are always learned from, and those of the workspace in an
// order of their own. Each of the latter is a kind of its own, so that calibration
// and cross-validation hold out all of its repetitions together.
func (l Lesson) examples(builtIn []Example, categories []audit.Category) (base, own []Example) {
	for _, e := range builtIn {
		if slices.Contains(categories, e.Category) {
			base = append(base, e)
		}
	}
	for _, c := range l.Categories {
		if strings.TrimSpace(c.Description) != "" {
			base = append(base, Example{Text: c.Description, Category: c.Name, Kind: descriptionKind + string(c.Name)})
		}
		for _, text := range c.Examples {
			if strings.TrimSpace(text) != "" {
				own = append(own, Example{Text: text, Category: c.Name, Kind: "example: " + text})
			}
		}
	}
	for _, r := range l.sorted() {
		if slices.Contains(categories, r.Category) {
			own = append(own, Example{Text: r.Text, Category: r.Category, Kind: "reviewed: " + r.Text})
		}
	}
	return base, own
}

// sorted are the reviewed tasks by id.
func (l Lesson) sorted() []Reviewed {
	reviewed := slices.Clone(l.Reviewed)
	slices.SortFunc(reviewed, func(a, b Reviewed) int { return strings.Compare(a.TaskID, b.TaskID) })
	return reviewed
}

func repeated(examples []Example) []Example {
	var all []Example
	for range Repeats {
		all = append(all, examples...)
	}
	return all
}

func (l Lesson) warnings(learned Learned) []string {
	warnings := []string{}
	var few []string
	for _, c := range l.Categories {
		if n := learned.Examples[c.Name]; n < fewExamples && learned.BuiltIn[c.Name] == 0 {
			few = append(few, fmt.Sprintf("%s %d", c.Name, n))
		}
	}
	if len(few) > 0 {
		warnings = append(warnings, fmt.Sprintf("few examples to learn from (%s): expect many errors; give %d or more of each in modeltrial.yaml, or correct the unsure tasks: modeltrial audit classify --unsure FILE",
			strings.Join(few, ", "), fewExamples))
	}
	dropped := map[audit.Category]int{}
	for _, r := range l.Reviewed {
		if !slices.ContainsFunc(l.Categories, func(c OwnCategory) bool { return c.Name == r.Category }) {
			dropped[r.Category]++
		}
	}
	for _, name := range sortedNames(dropped) {
		warnings = append(warnings, fmt.Sprintf("%d reviewed tasks are of the category %q, which modeltrial.yaml does not list: nothing is learned from them", dropped[name], name))
	}
	return warnings
}

func sortedNames(counts map[audit.Category]int) []audit.Category {
	names := make([]audit.Category, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// validate estimates the accuracy by cross-validation: every example of the
// workspace is classified by a model that has not seen it. Folds are filled category
// by category, so that each has its part of every category.
func (l *Learned) validate(base, own []Example, options Options) error {
	const folds = 5
	for _, c := range options.Categories {
		if n := l.Examples[c]; n < minToValidate {
			l.WhyMissing = fmt.Sprintf("category %q has %d examples; a cross-validation needs %d of each", c, n, minToValidate)
			return nil
		}
	}
	fold, next := make([]int, len(own)), map[audit.Category]int{}
	of := map[string]int{} // the same text stays in one fold
	for i, e := range own {
		at, known := of[e.Text]
		if !known {
			at = next[e.Category] % folds
			next[e.Category]++
			of[e.Text] = at
		}
		fold[i] = at
	}
	options.Folds = 1 // no calibration: only the most probable category counts
	right := 0
	for out := range folds {
		var in []Example
		for i, e := range own {
			if fold[i] != out {
				in = append(in, e)
			}
		}
		m, err := Train(append(slices.Clone(base), repeated(in)...), options)
		if err != nil {
			return fmt.Errorf("cross-validation: %w", err)
		}
		for i, e := range own {
			if fold[i] == out && m.Classify(e.Text).Category == e.Category {
				right++
			}
		}
	}
	l.Accuracy = Wilson(right, len(own))
	return nil
}

// Fingerprint is a hash of all that a workspace's model is made of before it is adapted
// to the log: the built-in weights, which stand for the built-in texts and this program's
// way of training, and the lesson. A model of another fingerprint is out of date.
func (l Lesson) Fingerprint(builtInWeights []byte) string {
	weights := sha256.Sum256(builtInWeights)
	text, err := json.Marshal(struct {
		Weights    string
		Repeats    int
		Categories []OwnCategory
		Reviewed   []Reviewed
	}{hex.EncodeToString(weights[:]), Repeats, l.Categories, l.sorted()})
	if err != nil {
		panic(err) // strings can always be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
