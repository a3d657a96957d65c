package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/BurntSushi/toml"

	"modeltrial/eval"
)

type tensorZeroFile struct {
	Models    map[string]tensorZeroModel    `toml:"models"`
	Functions map[string]tensorZeroFunction `toml:"functions"`
}

type tensorZeroModel struct {
	Routing   []string                      `toml:"routing"`
	Providers map[string]tensorZeroProvider `toml:"providers"`
}

type tensorZeroProvider struct {
	Type    string `toml:"type"`
	Model   string `toml:"model_name"`
	APIBase string `toml:"api_base,omitempty"`
	APIKey  string `toml:"api_key_location"`
}

type tensorZeroFunction struct {
	Type     string                       `toml:"type"`
	Variants map[string]tensorZeroVariant `toml:"variants"`
}

type tensorZeroVariant struct {
	Type            string   `toml:"type"`
	Model           string   `toml:"model"`
	Temperature     *float64 `toml:"temperature,omitempty"`
	TopP            *float64 `toml:"top_p,omitempty"`
	MaxTokens       *int64   `toml:"max_tokens,omitempty"`
	ReasoningEffort string   `toml:"reasoning_effort,omitempty"`
}

// exportTensorZero writes a TensorZero configuration with a function for each category,
// of one variant each: callers pass the category by the function that they call.
func exportTensorZero(w io.Writer, plan exportPlan) error {
	file := tensorZeroFile{Models: map[string]tensorZeroModel{}, Functions: map[string]tensorZeroFunction{}}
	for _, t := range plan.targets {
		provider := tensorZeroProvider{Type: t.family(), Model: t.Model, APIBase: t.base(), APIKey: "none"}
		if variable := t.keyVariable(); variable != "" {
			provider.APIKey = "env::" + variable
		}
		switch {
		case t.Provider.Kind == eval.ProviderAnthropic && provider.APIBase != "":
			provider.APIBase += "/messages"
		case provider.APIBase != "":
			provider.APIBase += "/"
		}
		file.Models[t.slug] = tensorZeroModel{Routing: []string{t.slug}, Providers: map[string]tensorZeroProvider{t.slug: provider}}
	}
	add := func(name string, t exportTarget) {
		file.Functions[name] = tensorZeroFunction{Type: "chat", Variants: map[string]tensorZeroVariant{t.slug: {
			Type: "chat_completion", Model: t.slug, Temperature: t.Parameters.Temperature, TopP: t.Parameters.TopP,
			MaxTokens: t.Parameters.MaxOutputTokens, ReasoningEffort: t.Parameters.ReasoningEffort,
		}}}
	}
	usage := []string{"Callers pass the task's category by the function that they call: \"model\": \"tensorzero::function_name::CATEGORY\"."}
	for _, r := range plan.routes {
		add(r.slug, plan.targets[r.target])
		if r.slug != r.category {
			usage = append(usage, fmt.Sprintf("The function of the category %s is %s.", strconv.Quote(r.category), r.slug))
		}
	}
	if plan.fallback >= 0 {
		name := plan.freeSlug("default")
		add(name, plan.targets[plan.fallback])
		usage = append(usage, fmt.Sprintf("For any other category call the function %s, the model that was in use.", name))
	}
	usage = append(usage, "Keys are read from the environment variables named below; no key stands in this file.")
	if err := plan.writeComment(w, usage...); err != nil {
		return err
	}
	var content bytes.Buffer
	encoder := toml.NewEncoder(&content)
	encoder.Indent = ""
	if err := encoder.Encode(file); err != nil {
		return err
	}
	_, err := w.Write(content.Bytes())
	return err
}
