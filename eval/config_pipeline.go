package eval

import (
	"fmt"
	"regexp"
	"strings"

	"modeltrial/audit"
)

// stepName is what a template can name as {{.Steps.NAME}}.
var stepName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// armCalls checks what an arm calls: one model, or the steps of a pipeline.
func (c *checker) armCalls(path string, config Config, arm Arm) {
	if !arm.Pipeline() {
		c.call(path, fmt.Sprintf("arm %q", arm.Name), config, arm)
		return
	}
	if arm.Provider != "" || arm.Model != "" {
		c.fail(path, "arm %q has steps, each with a provider and a model of its own; leave provider and model of the arm out", arm.Name)
	}
	if arm.Parameters != (Parameters{}) {
		c.fail(path+".parameters", "arm %q has steps; write parameters into each of them", arm.Name)
	}
	seen := map[string]bool{}
	kinds := map[bool]bool{} // simulated or not
	for i, call := range arm.Calls() {
		step, at := arm.Steps[i], fmt.Sprintf("%s.steps[%d]", path, i)
		what := fmt.Sprintf("arm %q, step %q", arm.Name, step.Name)
		c.call(at, what, config, call)
		switch provider, known := config.Provider(step.Provider); {
		case !known:
		case provider.Kind == ProviderRecorded:
			c.fail(at+".provider", "%s: provider %q is of kind recorded, which has answers to tasks alone; give a pipeline that was run elsewhere as an arm of one recorded model", what, provider.Name)
		default:
			kinds[provider.Kind == ProviderSimulated] = true
		}
		switch {
		case !stepName.MatchString(step.Name):
			c.fail(at+".name", "a step's name is %q; choose letters, digits and _, such as draft or review", step.Name)
		case seen[step.Name]:
			c.fail(at+".name", "%s stands here twice", what)
		}
		seen[step.Name] = true
		c.template(at, what, arm, i)
	}
	if len(kinds) > 1 {
		c.fail(path+".steps", "arm %q: some steps are simulated and others are paid for; an answer must be one or the other", arm.Name)
	}
}

// call checks one call of an arm.
func (c *checker) call(path, what string, config Config, call Arm) {
	provider, ok := config.Provider(call.Provider)
	if !ok {
		c.fail(path+".provider", "%s: provider %q is not under providers", what, call.Provider)
	}
	if call.Model == "" {
		c.fail(path+".model", "%s needs a model", what)
	}
	c.parameters(path, provider, call.Parameters)
}

// template tries a step's template out on a task, with a mark for each text.
func (c *checker) template(path, what string, arm Arm, step int) {
	earlier := make([]string, step)
	for i := range earlier {
		earlier[i] = fmt.Sprintf("\x00answer %d\x00", i)
	}
	const prompt = "\x00task\x00"
	asked, err := arm.StepTask(audit.Task{Prompt: prompt}, step+1, earlier)
	switch {
	case err != nil:
		c.fail(path+".template", "%s: the template cannot be filled in: %v; it may name {{.Task}}, {{.Previous}} and {{.Steps.NAME}} of an earlier step", what, err)
	case step == 0 && !strings.Contains(asked.Prompt, prompt):
		c.fail(path+".template", "%s: the template never says {{.Task}}, so that every task would get the same", what)
	case strings.TrimSpace(asked.Prompt) == "":
		c.fail(path+".template", "%s: the template gives an empty prompt", what)
	case step > 0 && !strings.Contains(asked.Prompt, "\x00answer "):
		c.fail(path+".template", "%s: the template names no earlier answer, so that the steps before would be paid for nothing; write {{.Previous}}", what)
	}
}

// repeats checks how often each arm answers a task.
func (c *checker) repeats(config Config) {
	const most = 20
	pilot := config.Pilot
	if pilot.Repeats < 0 || pilot.Repeats > most {
		c.fail("$.pilot.repeats", "repeats is %d; choose 1 to %d, 1 is usual", pilot.Repeats, most)
	}
	if pilot.Repeats < 2 {
		return
	}
	for i, arm := range pilot.Arms {
		if provider, _ := config.Provider(arm.Provider); provider.Kind == ProviderRecorded {
			c.fail(fmt.Sprintf("$.pilot.arms[%d].provider", i), "arm %q has recorded answers, one to each task; leave repeats out, or call the arm's model", arm.Name)
		}
	}
}
