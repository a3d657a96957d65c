package eval

import (
	"regexp"
	"slices"
	"strings"

	"modeltrial/audit"
)

// CheckKind is the way in which a check compares an answer.
type CheckKind string

// The kinds of check. All but the JSON schema, and a pattern that does not name it,
// need the task's reference answer.
const (
	CheckExact      CheckKind = "exact"       // the reference, to the character
	CheckNormalised CheckKind = "normalised"  // the reference, but for case, punctuation and spaces
	CheckNumeric    CheckKind = "numeric"     // the reference's number, within a tolerance
	CheckPattern    CheckKind = "regexp"      // a regular expression finds something in the answer
	CheckSchema     CheckKind = "json_schema" // the answer is JSON that keeps to a schema
	CheckSimilarity CheckKind = "similarity"  // chrF2 against the reference reaches a threshold
)

// CheckKinds are all kinds of check.
var CheckKinds = []CheckKind{CheckExact, CheckNormalised, CheckNumeric, CheckPattern, CheckSchema, CheckSimilarity}

// A CheckRule is an entry under checks in the pilot of modeltrial.yaml.
type CheckRule struct {
	Name string    `yaml:"name" json:"name"`
	Kind CheckKind `yaml:"kind" json:"kind"`
	// Categories are those whose answers it checks; none: all use cases.
	Categories []audit.Category `yaml:"categories" json:"categories,omitempty"`
	// Tolerance is how far a number may be off, RelativeTolerance as a share of the
	// reference's; the wider of the two holds. Both 0: equal.
	Tolerance         float64 `yaml:"tolerance" json:"tolerance,omitempty"`
	RelativeTolerance float64 `yaml:"relative_tolerance" json:"relative_tolerance,omitempty"`
	// Pattern is a regular expression in Go's syntax, in which {reference} stands for
	// the reference's text; empty: the reference is the expression.
	Pattern string `yaml:"pattern" json:"pattern,omitempty"`
	// Schema is the JSON schema itself.
	Schema map[string]any `yaml:"schema" json:"schema,omitempty"`
	// Threshold is the least chrF2, 0 to 1, that passes.
	Threshold float64 `yaml:"threshold" json:"threshold,omitempty"`
}

// ReferenceMark stands for the reference's text in a pattern.
const ReferenceMark = "{reference}"

// Applies says whether the check is for a category.
func (r CheckRule) Applies(category audit.Category) bool {
	return len(r.Categories) == 0 || slices.Contains(r.Categories, category)
}

// NeedsReference says whether a task without a reference answer cannot be checked.
func (r CheckRule) NeedsReference() bool {
	switch r.Kind {
	case CheckSchema:
		return false
	case CheckPattern:
		return r.Pattern == "" || strings.Contains(r.Pattern, ReferenceMark)
	}
	return true
}

// Expression is the regular expression for a reference answer.
func (r CheckRule) Expression(reference string) (*regexp.Regexp, error) {
	if r.Pattern == "" {
		return regexp.Compile(reference)
	}
	return regexp.Compile(strings.ReplaceAll(r.Pattern, ReferenceMark, regexp.QuoteMeta(reference)))
}
