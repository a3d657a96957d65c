package judge

import (
	"fmt"
	"slices"
	"strings"

	"modeltrial/audit"
	"modeltrial/eval"
)

// builtIn are the rubrics of the built-in categories, the most weighty point first.
var builtIn = map[audit.Category]string{
	audit.Reasoning: `1. Is the conclusion right? Work the problem out yourself before you compare.
2. Does each step follow from what is given, with no condition overlooked or made up?
3. Is what remains uncertain said to be so?
4. Can the reader follow it without reading twice?`,
	audit.Coding: `1. Would the code run and do what was asked, edge cases included? Trace it with an input.
2. Does it keep to the language, versions, interfaces and constraints that the task names?
3. Is it safe: no lost data, no injection, no swallowed error?
4. Could a colleague maintain it: plain names, no needless parts, an explanation where one is due?`,
	audit.Math: `1. Is the final result right? Work it out yourself before you compare.
2. Is each step of the way right and the method sound?
3. Are units, domains and rounding those that the task asks for?
4. Is the result easy to find?`,
	audit.Creative: `1. Does it do what was asked: form, length, audience, voice, and everything that must be in it?
2. Is it alive: concrete, surprising where that helps, free of stock phrases?
3. Does it hold together from beginning to end?
4. Is the language right and the rhythm good?`,
	audit.General: `1. Is it right? A false statement weighs more than a missing one.
2. Does it answer what was asked, all of it, in the form that was asked for?
3. Is it faithful to the material that the task gives, with nothing made up?
4. Could it be sent as it is: clear, to the point, in a fitting tone?`,
}

// ownCategory is the rubric of a category without a built-in one.
const ownCategory = `1. Is it right? A false statement weighs more than a missing one.
2. Does it do what was asked, all of it, in the form that was asked for?
3. Is it faithful to the material that the task gives, with nothing made up?
4. How much work would it take until an expert could use it?`

// Criteria are the points of a rubric, each by its first sentence, in the order of their
// numbers: what people can grade answers by. A rubric without numbered points has none.
func Criteria(rubric string) (criteria []string) {
	for line := range strings.Lines(rubric) {
		digits := strings.TrimLeft(strings.TrimSpace(line), "0123456789")
		number := len(strings.TrimSpace(line)) - len(digits)
		if number == 0 || digits == "" || (digits[0] != '.' && digits[0] != ')') {
			continue
		}
		point := strings.TrimSpace(digits[1:])
		for i := range len(point) - 1 {
			if strings.IndexByte("?!.", point[i]) >= 0 && point[i+1] == ' ' {
				point = point[:i+1]
				break
			}
		}
		if point != "" && !slices.Contains(criteria, point) {
			criteria = append(criteria, point)
		}
	}
	return criteria
}

// Rubric is what judges go by in a category: the protocol's own rubric, or the
// built-in one. In a category of the organisation's own its description goes before
// the general one.
func Rubric(protocol eval.Protocol, category eval.CategoryConfig) string {
	if own := strings.TrimSpace(protocol.Rubrics[category.Name]); own != "" {
		return own
	}
	if rubric, ok := builtIn[category.Name]; ok {
		return rubric
	}
	if description := strings.TrimSpace(category.Description); description != "" {
		return fmt.Sprintf("The tasks are: %s\n%s", description, ownCategory)
	}
	return ownCategory
}
