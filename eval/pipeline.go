package eval

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"modeltrial/audit"
)

// A Step is one call of an arm that is a pipeline. Its answer goes into the next step,
// and that of the last step is the arm's.
type Step struct {
	Name       string     `yaml:"name" json:"name"` // letters, digits and _, by which later templates name it
	Provider   string     `yaml:"provider" json:"provider"`
	Model      string     `yaml:"model" json:"model"`
	Parameters Parameters `yaml:"parameters" json:"parameters"`
	// Template makes what is sent in the place of the task's prompt, in the language of
	// text/template: {{.Task}} is the prompt, {{.Previous}} the answer of the step before,
	// {{.Steps.NAME}} that of an earlier step. The task's system prompt and conversation
	// are sent with it. Without one the first step gets the task as it is, and each later
	// one is asked to check and revise the answer before it. What is left out in the file
	// is filled in when it is read, so that the locked protocol holds every word.
	Template string `yaml:"template" json:"template"`
}

// The templates of steps that have none of their own.
const (
	draftTemplate  = `{{.Task}}`
	reviewTemplate = `{{.Task}}

---
Below is a draft of an answer to the request above. Check it: is it right, complete, and what was asked for? Then give the final answer, with everything corrected that needs it. Where the draft is right already, give it as it is. Reply with the final answer alone: do not mention the draft or the check.

<draft>
{{.Previous}}
</draft>`
)

// fillTemplates gives each step without a template the usual one.
func fillTemplates(arms []Arm) {
	for _, arm := range arms {
		for i := range arm.Steps {
			switch step := &arm.Steps[i]; {
			case step.Template != "":
			case i == 0:
				step.Template = draftTemplate
			default:
				step.Template = reviewTemplate
			}
		}
	}
}

// Pipeline says whether an arm is more than one call.
func (a Arm) Pipeline() bool { return len(a.Steps) > 0 }

// Calls are what an arm calls in order: itself, or each step of a pipeline under the
// arm's name.
func (a Arm) Calls() []Arm {
	if !a.Pipeline() {
		return []Arm{a}
	}
	calls := make([]Arm, len(a.Steps))
	for i, step := range a.Steps {
		calls[i] = Arm{Name: a.Name, Provider: step.Provider, Model: step.Model, Parameters: step.Parameters}
	}
	return calls
}

// inTurn stands between what the steps of a pipeline have in order.
const inTurn = " → "

// Label is an arm's model, or those of a pipeline's steps in order.
func (a Arm) Label() string { return strings.Join(a.models(), inTurn) }

// ServedModels are the names in [Response.ModelServed]: one, or of a pipeline one for
// each step, empty where the provider of a step gave none.
func ServedModels(served string) []string { return strings.Split(served, inTurn) }

// models are the models that an arm calls, in order.
func (a Arm) models() []string {
	var models []string
	for _, call := range a.Calls() {
		models = append(models, call.Model)
	}
	return models
}

// Names are those that tell which arms a pilot has: of its arms and of every model that
// one of them calls. Raters must not see them.
func (p Protocol) Names() []string {
	var names []string
	for _, arm := range p.Arms {
		names = append(append(names, arm.Name), arm.models()...)
	}
	return names
}

// StepTask is what a step of the arm is asked, 1 being the first: the task with the
// step's text in the place of its prompt. earlier are the answers of the steps before,
// in order. It returns an error where the template names what is not there.
func (a Arm) StepTask(task audit.Task, step int, earlier []string) (audit.Task, error) {
	if !a.Pipeline() {
		return task, nil
	}
	if step < 1 || step > len(a.Steps) || len(earlier) != step-1 {
		return task, fmt.Errorf("arm %q has %d steps, and step %d was asked for after %d answers", a.Name, len(a.Steps), step, len(earlier))
	}
	values := templateValues{Task: task.Prompt, Steps: map[string]string{}}
	for i, text := range earlier {
		values.Previous = text
		values.Steps[a.Steps[i].Name] = text
	}
	prompt, err := a.Steps[step-1].render(values)
	if err != nil {
		return task, fmt.Errorf("arm %q, step %q: %w", a.Name, a.Steps[step-1].Name, err)
	}
	task.Prompt = prompt
	return task, nil
}

// templateValues are what a template can name.
type templateValues struct {
	Task, Previous string
	Steps          map[string]string // answers by the names of earlier steps
}

func (s Step) render(values templateValues) (string, error) {
	parsed, err := template.New("template").Option("missingkey=error").Parse(s.Template)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	if err := parsed.Execute(&text, values); err != nil {
		return "", err
	}
	return text.String(), nil
}

// A ResponseStep is what one call gave that is a part of an arm's answer: a step of a
// pipeline, or of a repeat. The answer of the last step of the first repeat is the arm's
// [Response].
type ResponseStep struct {
	Response
	Repeat int // from 1
	Step   int // from 1
}

// Whole is the response that a pipeline's steps make together, in order: the last one's
// text and finish reason; tokens, cost, latency and attempts added up, each unknown where
// it is of any step; the time to the first token of what its user sees, the last step's
// answer. It panics without a step.
func Whole(steps []ResponseStep) Response {
	whole := steps[len(steps)-1].Response
	for _, step := range steps[:len(steps)-1] {
		whole.Attempts += step.Attempts
		whole.Tokens = audit.Tokens{
			Input: sum(whole.Tokens.Input, step.Tokens.Input), Cached: sum(whole.Tokens.Cached, step.Tokens.Cached),
			CacheWrite: sum(whole.Tokens.CacheWrite, step.Tokens.CacheWrite),
			Output:     sum(whole.Tokens.Output, step.Tokens.Output), Reasoning: sum(whole.Tokens.Reasoning, step.Tokens.Reasoning),
		}
		whole.Cost = sum(whole.Cost, step.Cost)
		whole.LatencyMS = sum(whole.LatencyMS, step.LatencyMS)
		whole.TTFTMS = sum(whole.TTFTMS, step.LatencyMS)
	}
	if len(steps) > 1 {
		whole.ModelServed = inOrder(steps, func(r Response) string { return r.ModelServed })
		whole.Fingerprint = inOrder(steps, func(r Response) string { return r.Fingerprint })
	}
	return whole
}

// sum is a sum of which both parts are known; nil where one is not.
func sum[N ~int64](x, y *N) *N {
	if x == nil || y == nil {
		return nil
	}
	total := *x + *y
	return &total
}

// inOrder is a word of each step in order; empty where no step has one.
func inOrder(steps []ResponseStep, of func(Response) string) string {
	words := make([]string, len(steps))
	for i, step := range steps {
		words[i] = of(step.Response)
	}
	if !slices.ContainsFunc(words, func(word string) bool { return word != "" }) {
		return ""
	}
	return strings.Join(words, inTurn)
}
