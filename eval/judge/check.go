package judge

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"modeltrial/eval"
)

// A Checker applies one check. It is safe for concurrent use.
type Checker struct {
	rule   eval.CheckRule
	schema *jsonschema.Schema // of kind json_schema
}

// ErrNoReference says that a task has no reference answer, which the check needs.
var ErrNoReference = errors.New("the task has no reference answer")

// NewChecker makes the checker of a rule, which the configuration has been checked for.
// A schema that is none is an error; what it refers to must be in it, since nothing is
// loaded from files or the network.
func NewChecker(rule eval.CheckRule) (*Checker, error) {
	c := &Checker{rule: rule}
	if rule.Kind != eval.CheckSchema {
		return c, nil
	}
	text, err := json.Marshal(rule.Schema)
	if err != nil {
		return nil, fmt.Errorf("check %q: %w", rule.Name, err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		return nil, fmt.Errorf("check %q: %w", rule.Name, err)
	}
	const name = "https://check.invalid/schema.json" // relative references become addresses, which noLoader refuses
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	if err := compiler.AddResource(name, document); err != nil {
		return nil, fmt.Errorf("check %q: %w", rule.Name, err)
	}
	if c.schema, err = compiler.Compile(name); err != nil {
		return nil, fmt.Errorf("check %q: the schema cannot be used: %w", rule.Name, err)
	}
	return c, nil
}

// noLoader keeps a schema from reaching for files and the network.
type noLoader struct{}

// Load fails.
func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is outside of the schema; write it under $defs", url)
}

// Passes says whether an answer passes, given the task's reference answer. detail is
// what it rests on where that is not plain: a number, a similarity, a violation.
// [ErrNoReference] where the check needs a reference and there is none; another error
// where the reference is none that the check can use. A check of kind command is for
// [RunCommand].
func (c *Checker) Passes(answer, reference string) (passes bool, detail string, err error) {
	if c.rule.NeedsReference() && strings.TrimSpace(reference) == "" {
		return false, "", ErrNoReference
	}
	switch c.rule.Kind {
	case eval.CheckExact:
		return strings.TrimSpace(answer) == strings.TrimSpace(reference), "", nil
	case eval.CheckNormalised:
		return Normalise(answer) == Normalise(reference), "", nil
	case eval.CheckNumeric:
		return c.numeric(answer, reference)
	case eval.CheckPattern:
		expression, err := c.rule.Expression(strings.TrimSpace(reference))
		if err != nil {
			return false, "", fmt.Errorf("the reference is no regular expression: %w", err)
		}
		return expression.MatchString(answer), "", nil
	case eval.CheckSchema:
		return c.keepsToSchema(answer)
	case eval.CheckSimilarity:
		similarity := ChrF(answer, reference)
		return similarity >= c.rule.Threshold, fmt.Sprintf("chrF2 %.3f", similarity), nil
	}
	return false, "", fmt.Errorf("kind %q of check %q is not known", c.rule.Kind, c.rule.Name)
}

func (c *Checker) numeric(answer, reference string) (passes bool, detail string, err error) {
	want, ok := FinalNumber(reference)
	if !ok {
		return false, "", fmt.Errorf("the reference %.40q holds no number", reference)
	}
	got, ok := FinalNumber(answer)
	if !ok {
		return false, "no number", nil
	}
	within := max(c.rule.Tolerance, c.rule.RelativeTolerance*math.Abs(want))
	// Two roundings of binary fractions are no difference: 0.1 + 0.2 is 0.3.
	const rounding = 1e-12
	return math.Abs(got-want) <= within+rounding*math.Abs(want), fmt.Sprintf("%g", got), nil
}

// fence is a text that is one block of code.
var fence = regexp.MustCompile("(?s)^\\s*```[\\w+-]*\\s*\n(.*?)\n?\\s*```\\s*$")

// keepsToSchema reads the answer as one JSON value, with or without one code fence
// around it, as models often write it.
func (c *Checker) keepsToSchema(answer string) (passes bool, detail string, err error) {
	if inside := fence.FindStringSubmatch(answer); inside != nil {
		answer = inside[1]
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(answer))
	if err != nil {
		return false, "no JSON", nil
	}
	if err := c.schema.Validate(value); err != nil {
		var violation *jsonschema.ValidationError
		if errors.As(err, &violation) {
			for len(violation.Causes) > 0 {
				violation = violation.Causes[0]
			}
			return false, "/" + strings.Join(violation.InstanceLocation, "/") + ": " + strings.Join(violation.ErrorKind.KeywordPath(), "/"), nil
		}
		return false, "", err
	}
	return true, "", nil
}

// Verdict is what a check says of two answers: the one that alone passes is better, a
// tie says that both pass, both bad that neither does.
func Verdict(passesA, passesB bool) eval.Verdict {
	switch {
	case passesA && passesB:
		return eval.Tie
	case passesA:
		return eval.PrefersA
	case passesB:
		return eval.PrefersB
	}
	return eval.BothBad
}
