package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"modeltrial/eval"
)

type vllmFile struct {
	Version   yamlText       `yaml:"version"`
	Listeners []vllmListener `yaml:"listeners"`
	Providers vllmProviders  `yaml:"providers"`
	Routing   vllmRouting    `yaml:"routing"`
}

type vllmListener struct {
	Name    yamlText `yaml:"name"`
	Address yamlText `yaml:"address"`
	Port    int      `yaml:"port"`
	Timeout yamlText `yaml:"timeout"`
}

type vllmProviders struct {
	Defaults *vllmDefaults `yaml:"defaults,omitempty"`
	Models   []vllmModel   `yaml:"models"`
}

type vllmDefaults struct {
	Model yamlText `yaml:"default_model"`
}

type vllmModel struct {
	Name     yamlText      `yaml:"name"`
	Model    yamlText      `yaml:"provider_model_id"`
	Format   yamlText      `yaml:"api_format"`
	Backends []vllmBackend `yaml:"backend_refs"`
}

type vllmBackend struct {
	Name     yamlText `yaml:"name"`
	BaseURL  yamlText `yaml:"base_url"`
	Provider yamlText `yaml:"provider"`
	KeyEnv   yamlText `yaml:"api_key_env,omitempty"`
}

type vllmRouting struct {
	Strategy  yamlText       `yaml:"strategy"`
	Cards     []vllmCard     `yaml:"modelCards"`
	Signals   vllmSignals    `yaml:"signals"`
	Decisions []vllmDecision `yaml:"decisions"`
}

type vllmCard struct {
	Name yamlText `yaml:"name"`
}

type vllmSignals struct {
	Metadata []vllmMetadata `yaml:"metadata"`
}

type vllmMetadata struct {
	Name      yamlText      `yaml:"name"`
	Key       yamlText      `yaml:"key"`
	Predicate vllmPredicate `yaml:"predicate"`
}

type vllmPredicate struct {
	Equals yamlText `yaml:"equals"`
}

type vllmDecision struct {
	Name        yamlText       `yaml:"name"`
	Description yamlText       `yaml:"description"`
	Priority    int            `yaml:"priority"`
	Rules       vllmRules      `yaml:"rules"`
	Models      []vllmModelRef `yaml:"modelRefs"`
}

type vllmRules struct {
	Operator   yamlText        `yaml:"operator"`
	Conditions []vllmCondition `yaml:"conditions"`
}

type vllmCondition struct {
	Type yamlText `yaml:"type"`
	Name yamlText `yaml:"name"`
}

type vllmModelRef struct {
	Model        yamlText `yaml:"model"`
	UseReasoning bool     `yaml:"use_reasoning"`
}

// exportVLLM writes a configuration of vLLM's semantic router, version v0.3, which
// decides by the metadata of the request and not by its own classifiers: the evidence
// is of these categories and of no others.
func exportVLLM(w io.Writer, plan exportPlan) error {
	file := vllmFile{
		Version:   "v0.3",
		Listeners: []vllmListener{{Name: "http-8899", Address: "127.0.0.1", Port: 8899, Timeout: "300s"}},
		Routing:   vllmRouting{Strategy: "priority"},
	}
	for _, t := range plan.targets {
		file.Providers.Models = append(file.Providers.Models, vllmModel{
			Name: yamlText(t.slug), Model: vllmText(t.Model), Format: yamlText(t.family()),
			Backends: []vllmBackend{{Name: "primary", BaseURL: vllmText(vllmBase(t)), Provider: yamlText(t.family()), KeyEnv: yamlText(t.keyVariable())}},
		})
		file.Routing.Cards = append(file.Routing.Cards, vllmCard{Name: yamlText(t.slug)})
	}
	usage := []string{"Callers ask for model \"auto\" and pass the task's category in the request's body: \"metadata\": {\"task_category\": \"CATEGORY\"}."}
	for i, r := range plan.routes {
		file.Routing.Signals.Metadata = append(file.Routing.Signals.Metadata, vllmMetadata{
			Name: yamlText(r.slug), Key: "task_category", Predicate: vllmPredicate{Equals: vllmText(r.category)},
		})
		file.Routing.Decisions = append(file.Routing.Decisions, vllmDecision{
			Name: yamlText(r.slug), Description: vllmText(plan.evidence(r)), Priority: len(plan.routes) - i,
			Rules:  vllmRules{Operator: "AND", Conditions: []vllmCondition{{Type: "metadata", Name: yamlText(r.slug)}}},
			Models: []vllmModelRef{{Model: yamlText(plan.targets[r.target].slug)}},
		})
	}
	if plan.fallback >= 0 {
		name := plan.targets[plan.fallback].slug
		file.Providers.Defaults = &vllmDefaults{Model: yamlText(name)}
		usage = append(usage, fmt.Sprintf("Requests without a known category go to %s, the one that was in use.", name))
	}
	for _, t := range plan.targets {
		if fields := t.fields(); len(fields) > 0 {
			usage = append(usage, fmt.Sprintf("%s answered with %s, which callers have to send.", t.arm, fieldsText(fields)))
		}
	}
	usage = append(usage, "Keys are read from the environment variables named below; no key stands in this file.")
	if err := plan.writeComment(w, usage...); err != nil {
		return err
	}
	return writeYAML(w, file)
}

// vllmText is text in which the router finds no variable to replace.
func vllmText(text string) yamlText { return yamlText(strings.ReplaceAll(text, "$", "$$")) }

// vllmBase is the address of a target, without the v1 of Anthropic's, which the router adds.
func vllmBase(t exportTarget) string {
	switch {
	case t.missing != "":
		return "https://fill-in-the-host.invalid/v1"
	case t.Provider.Kind == eval.ProviderAnthropic:
		return strings.TrimSuffix(strings.TrimRight(t.Provider.BaseURL, "/"), "/v1")
	}
	return strings.TrimRight(t.Provider.BaseURL, "/")
}

// fieldsText is fields as they stand in a request: temperature 0.2, top_p 0.9.
func fieldsText(fields []requestField) string {
	texts := make([]string, len(fields))
	for i, field := range fields {
		text, isText := field.value.(string)
		if isText {
			text = strconv.Quote(text)
		} else {
			text = fmt.Sprint(field.value)
		}
		texts[i] = field.name + " " + text
	}
	return strings.Join(texts, ", ")
}
