package report

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"modeltrial/eval"
)

type litellmFile struct {
	Models []litellmModel `yaml:"model_list"`
	Router litellmRouter  `yaml:"router_settings"`
}

type litellmModel struct {
	Name   string        `yaml:"model_name"`
	Params litellmParams `yaml:"litellm_params"`
}

type litellmParams struct {
	Model   string   `yaml:"model"`
	APIBase string   `yaml:"api_base,omitempty"`
	APIKey  string   `yaml:"api_key"`
	Tags    []string `yaml:"tags"`
}

type litellmRouter struct {
	TagFiltering bool `yaml:"enable_tag_filtering"`
}

// litellmName is the model name that callers ask for.
const litellmName = "modeltrial"

// exportLiteLLM writes a LiteLLM proxy configuration that routes by tag: callers
// ask for one model name and send the category as a tag.
func exportLiteLLM(w io.Writer, table eval.RoutingTable, providers map[string]eval.Provider) error {
	if len(table.Routes) == 0 {
		return fmt.Errorf("the routing table has no route")
	}
	// An entry for each model of each provider: two may serve a model of one name.
	type endpoint struct{ provider, model string }
	file := litellmFile{Router: litellmRouter{TagFiltering: true}}
	at := map[endpoint]int{}
	var unknown []string
	add := func(r eval.Route, tag string) {
		provider := providers[r.Arm]
		key := endpoint{provider.Name, r.Model}
		i, ok := at[key]
		if !ok {
			i = len(file.Models)
			at[key] = i
			file.Models = append(file.Models, litellmModel{Name: litellmName, Params: litellmEndpoint(provider, line(r.Model))})
			if why := noEndpoint(provider); why != "" {
				unknown = append(unknown, fmt.Sprintf("%s: %s", r.Arm, why))
			}
		}
		file.Models[i].Params.Tags = append(file.Models[i].Params.Tags, tag)
	}
	for _, r := range withoutPipelines(table.Routes) {
		add(r, line(string(r.Category)))
	}
	kept, anyKept := keptRoute(table)
	if anyKept {
		add(kept, "default")
	}
	var comment strings.Builder
	exportComment(&comment, table)
	fmt.Fprintf(&comment, "#\n# Callers ask for model %q and send the task's category as a tag: the header\n", litellmName)
	comment.WriteString("# x-litellm-tags: CATEGORY, or \"metadata\": {\"tags\": [\"CATEGORY\"]} in the body.\n")
	for _, warning := range ExportWarnings("litellm", table) {
		fmt.Fprintf(&comment, "# ! %s.\n", warning)
	}
	for _, r := range withoutPipelines(table.Routes) {
		if r.ReplacesModel != "" {
			fmt.Fprintf(&comment, "# Only work now on %s moves: send the tag %s with its requests alone.\n", line(r.ReplacesModel), line(string(r.Category)))
		}
	}
	if anyKept {
		comment.WriteString("# Requests without a known tag go to the model tagged default, the one that was in use.\n")
	} else {
		comment.WriteString("# Every category switches: tag one model default yourself, for requests without a known tag.\n")
	}
	comment.WriteString("# Keys are read from the environment variables named below; no key stands in this file.\n")
	for _, arm := range unknown {
		fmt.Fprintf(&comment, "# FILL IN the endpoint of %s\n", line(arm))
	}
	comment.WriteString("\n")
	content, err := yaml.MarshalWithOptions(file, yaml.IndentSequence(true))
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, comment.String()+string(content))
	return err
}

// litellmEndpoint is how LiteLLM reaches a model. Where no endpoint is known it is
// a provider that LiteLLM does not have, so that it refuses and names it.
func litellmEndpoint(provider eval.Provider, model string) litellmParams {
	if noEndpoint(provider) != "" {
		return litellmParams{Model: "FILL-IN-THE-PROVIDER/" + model, APIKey: "os.environ/FILL_IN_THE_KEY_VARIABLE"}
	}
	family, host := "openai/", "api.openai.com"
	if provider.Kind == eval.ProviderAnthropic {
		family, host = "anthropic/", "api.anthropic.com"
	}
	params := litellmParams{Model: family + model, APIKey: "os.environ/" + line(provider.APIKeyEnv)}
	if provider.APIKeyEnv == "" {
		params.APIKey = "none" // LiteLLM would send a key of its own environment to an endpoint that needs no key
	}
	if base, err := url.Parse(provider.BaseURL); err != nil || base.Hostname() != host {
		params.APIBase = line(provider.BaseURL)
	}
	return params
}

// noEndpoint says why the endpoint of a provider is not known, if it is not.
func noEndpoint(provider eval.Provider) string {
	switch provider.Kind {
	case eval.ProviderOpenAI, eval.ProviderAnthropic:
		return ""
	case eval.ProviderRecorded, eval.ProviderSimulated:
		return fmt.Sprintf("its answers are %s (provider %s), so modeltrial knows none", provider.Kind, provider.Name)
	}
	return "its provider is not in modeltrial.yaml"
}

// keptRoute is a route that keeps the model in use now, which untagged requests
// get; ok is false where every category switches.
func keptRoute(table eval.RoutingTable) (route eval.Route, ok bool) {
	i := slices.IndexFunc(table.Routes, func(r eval.Route) bool { return r.Arm == r.Control && len(r.Steps) == 0 })
	if i < 0 {
		return eval.Route{}, false
	}
	return table.Routes[i], true
}

// exportComment says what a configuration was made from, with the evidence of
// each route, as comment lines.
func exportComment(b *strings.Builder, table eval.RoutingTable) {
	say := func(format string, args ...any) { b.WriteString("# " + line(fmt.Sprintf(format, args...)) + "\n") }
	say("%s", routingHead(table))
	say("decided %s", table.DecidedAt.UTC().Format(time.RFC3339))
	if notice := provenance(table.Provenance); notice != "" {
		say("%s", notice)
	}
	for _, r := range table.Routes {
		say("%s -> %s: %s", r.Category, r.Model, joined(string(r.Decision), joined(r.Reason, staysNote(r))))
	}
}
