package eval

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"modeltrial/audit"
)

// CheckKind is the way in which a check compares an answer.
type CheckKind string

// The kinds of check. All but the JSON schema, and a pattern or a command that does not
// name it, need the task's reference answer.
const (
	CheckExact      CheckKind = "exact"       // the reference, to the character
	CheckNormalised CheckKind = "normalised"  // the reference, but for case, punctuation and spaces
	CheckNumeric    CheckKind = "numeric"     // the reference's number, within a tolerance
	CheckPattern    CheckKind = "regexp"      // a regular expression finds something in the answer
	CheckSchema     CheckKind = "json_schema" // the answer is JSON that keeps to a schema
	CheckSimilarity CheckKind = "similarity"  // chrF2 against the reference reaches a threshold
	CheckCommand    CheckKind = "command"     // a command that is run on the answer ends with exit code 0
)

// CheckKinds are all kinds of check.
var CheckKinds = []CheckKind{CheckExact, CheckNormalised, CheckNumeric, CheckPattern, CheckSchema, CheckSimilarity, CheckCommand}

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
	// Command is a program and its arguments, in which {answer} stands for the file that
	// holds the answer and {reference} for one that holds the reference.
	Command []string `yaml:"command" json:"command,omitempty"`
	// File is the answer's file; empty: answer.txt.
	File string `yaml:"file" json:"file,omitempty"`
	// CodeBlock has the longest fenced code block of the answer written to the file, where
	// there is one, instead of the whole.
	CodeBlock bool `yaml:"code_block" json:"code_block,omitempty"`
	// TimeoutSeconds is how long the command may take; 0: 10.
	TimeoutSeconds int `yaml:"timeout_seconds" json:"timeout_seconds,omitempty"`
	// MemoryMB is how many MiB of address space each of its processes may have; 0: 1024.
	MemoryMB int `yaml:"memory_mb" json:"memory_mb,omitempty"`
}

// ReferenceMark stands for the reference's text in a pattern, and for its file in a
// command; AnswerMark for the answer's file.
const (
	ReferenceMark = "{reference}"
	AnswerMark    = "{answer}"
)

// ReferenceFile is where a command finds the reference.
const ReferenceFile = "reference.txt"

// AnswerFile is where a command finds the answer.
func (r CheckRule) AnswerFile() string { return cmp.Or(r.File, "answer.txt") }

// Timeout is how long a command may take.
func (r CheckRule) Timeout() time.Duration {
	return time.Duration(cmp.Or(r.TimeoutSeconds, 10)) * time.Second
}

// Memory is the address space that each process of a command may have, in bytes.
func (r CheckRule) Memory() int64 { return int64(cmp.Or(r.MemoryMB, 1024)) << 20 }

// A CommandRun is what came of running a check's command on an answer.
type CommandRun struct {
	Key      string `db:"key"` // names everything that the outcome rests on
	Check    string `db:"check_name"`
	Passes   bool   `db:"passes"`
	Detail   string `db:"detail"`   // why it does not pass
	Confined bool   `db:"confined"` // it could write in its own directory alone
}

// Applies says whether the check is for a category.
func (r CheckRule) Applies(category audit.Category) bool {
	return len(r.Categories) == 0 || slices.Contains(r.Categories, category)
}

// NeedsReference says whether a task without a reference answer cannot be checked.
func (r CheckRule) NeedsReference() bool {
	switch r.Kind {
	case CheckSchema:
		return false
	case CheckCommand:
		return slices.ContainsFunc(r.Command, func(argument string) bool { return strings.Contains(argument, ReferenceMark) })
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
