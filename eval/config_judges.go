package eval

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
)

// judges checks the panel and its rubrics.
func (c *checker) judges(config Config) {
	pilot := config.Pilot
	c.judgeThresholds(pilot.JudgeThresholds)
	seen := map[string]bool{}
	for i, judge := range pilot.Judges {
		path := fmt.Sprintf("$.pilot.judges[%d]", i)
		if judge.Name == "" {
			c.fail(path, "a judge needs a name, under which its ratings are kept")
		}
		if seen[judge.Name] {
			c.fail(path+".name", "judge %q stands here twice", judge.Name)
		}
		seen[judge.Name] = true
		switch provider, known := config.Provider(judge.Provider); {
		case !known:
			c.fail(path+".provider", "judge %q: provider %q is not under providers", judge.Name, judge.Provider)
		case provider.Kind == ProviderRecorded:
			c.fail(path+".provider", "judge %q: provider %q is of kind recorded, which cannot judge; choose one of kind openai, or simulated to try things out", judge.Name, provider.Name)
		}
		if judge.Model == "" {
			c.fail(path, "judge %q needs a model", judge.Name)
		}
		if most := judge.Parameters.MaxOutput(); most < 1 || most > 1_000_000 {
			c.fail(path+".parameters.max_output_tokens", "max_output_tokens is %d; choose 1 to 1000000", most)
		}
		if judge.Parameters.System != "" {
			c.fail(path+".parameters.system", "judge %q: what a judge is told is its rubric; write one under rubrics", judge.Name)
		}
		if judge.Pipeline() {
			c.fail(path+".steps", "judge %q: a judge is one model and has no steps", judge.Name)
		}
		if !judgesAnything(pilot, judge) {
			c.fail(path+".model", "judge %q is of the family %s, as an arm of every comparison is: a judge may prefer its own; choose a judge of another maker, or allow it with same_family_judges: true", judge.Name, judge.Family())
		}
	}
	for category, rubric := range pilot.Rubrics {
		path := "$.pilot.rubrics." + string(category)
		if !slices.Contains(config.CategoryNames(), category) {
			c.fail(path, "rubrics: category %q is not known; there are %s", category, listCategories(config.CategoryNames()))
		}
		if strings.TrimSpace(rubric) == "" {
			c.fail(path, "the rubric of %q is empty; leave it out for the built-in one", category)
		}
	}
}

// judgesAnything says whether there is a comparison that a judge may rate.
func judgesAnything(pilot Protocol, judge Arm) bool {
	comparisons := 0
	for _, useCase := range pilot.UseCases {
		for _, candidate := range useCase.Candidates {
			if pilot.MayJudge(judge, pilot.Control, candidate) {
				return true
			}
			comparisons++
		}
	}
	return comparisons == 0
}

func (c *checker) checks(config Config) {
	seen := map[string]bool{}
	for i, rule := range config.Pilot.Checks {
		path := fmt.Sprintf("$.pilot.checks[%d]", i)
		if rule.Name == "" {
			c.fail(path, "a check needs a name, under which its ratings are kept")
		}
		if _, judge := config.Pilot.Judge(rule.Name); seen[rule.Name] || judge {
			c.fail(path+".name", "%q stands here twice, among checks and judges; choose another name", rule.Name)
		}
		seen[rule.Name] = true
		for j, category := range rule.Categories {
			if !slices.Contains(config.CategoryNames(), category) {
				c.fail(fmt.Sprintf("%s.categories[%d]", path, j), "category %q is not known; there are %s", category, listCategories(config.CategoryNames()))
			}
		}
		c.checkKind(path, rule)
	}
}

// checkKind checks what the kind of a check needs.
func (c *checker) checkKind(path string, rule CheckRule) {
	switch rule.Kind {
	case CheckExact, CheckNormalised:
	case CheckNumeric:
		for field, value := range map[string]float64{"tolerance": rule.Tolerance, "relative_tolerance": rule.RelativeTolerance} {
			if !(value >= 0) || math.IsInf(value, 0) {
				c.fail(path+"."+field, "%s is %v; choose 0 or more", field, value)
			}
		}
	case CheckPattern:
		if _, err := rule.Expression("x"); err != nil {
			c.fail(path+".pattern", "check %q: %v", rule.Name, err)
		}
	case CheckSchema:
		if len(rule.Schema) == 0 {
			c.fail(path, "check %q needs a schema", rule.Name)
		}
	case CheckSimilarity:
		if !(rule.Threshold > 0 && rule.Threshold <= 1) {
			c.fail(path, "check %q: threshold is %v; choose the least chrF2 that passes, above 0 and up to 1", rule.Name, rule.Threshold)
		}
	case CheckCommand:
		c.command(path, rule)
	default:
		names := make([]string, len(CheckKinds))
		for i, kind := range CheckKinds {
			names[i] = string(kind)
		}
		c.fail(path+".kind", "kind %q of check %q is not known; choose %s", rule.Kind, rule.Name, strings.Join(names, ", "))
	}
}

// command checks what a command is and may take.
func (c *checker) command(path string, rule CheckRule) {
	const longest, leastMemory, mostMemory = 3600, 16, 1 << 20
	if len(rule.Command) == 0 || rule.Command[0] == "" || strings.Contains(strings.Join(rule.Command, ""), "\x00") {
		c.fail(path, "check %q needs a command: a list of a program and its arguments, such as [python3, %q]", rule.Name, AnswerMark)
	}
	if name := rule.AnswerFile(); name != filepath.Base(name) || !filepath.IsLocal(name) || name == "." || name == ReferenceFile || strings.Contains(name, "\x00") {
		c.fail(path+".file", "check %q: file is %q; choose a plain file name other than %s, such as answer.py", rule.Name, name, ReferenceFile)
	}
	if rule.TimeoutSeconds < 0 || rule.TimeoutSeconds > longest {
		c.fail(path+".timeout_seconds", "check %q: timeout_seconds is %d; choose 1 to %d, or leave it out for %.0f", rule.Name, rule.TimeoutSeconds, longest, CheckRule{}.Timeout().Seconds())
	}
	if rule.MemoryMB != 0 && (rule.MemoryMB < leastMemory || rule.MemoryMB > mostMemory) {
		c.fail(path+".memory_mb", "check %q: memory_mb is %d; choose %d to %d, or leave it out for %d", rule.Name, rule.MemoryMB, leastMemory, mostMemory, CheckRule{}.Memory()>>20)
	}
}
