package report

import (
	"fmt"
	"io"
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
	Model  string   `yaml:"model"`
	APIKey string   `yaml:"api_key"`
	Tags   []string `yaml:"tags"`
}

type litellmRouter struct {
	TagFiltering bool `yaml:"enable_tag_filtering"`
}

// litellmName is the model name that callers ask for.
const litellmName = "modeltrial"

// exportLiteLLM writes a LiteLLM proxy configuration that routes by tag: callers
// ask for one model name and send the category as a tag.
func exportLiteLLM(w io.Writer, table eval.RoutingTable) error {
	if len(table.Routes) == 0 {
		return fmt.Errorf("the routing table has no route")
	}
	file := litellmFile{Router: litellmRouter{TagFiltering: true}}
	at := map[string]int{}
	add := func(model, tag string) {
		i, ok := at[model]
		if !ok {
			i = len(file.Models)
			at[model] = i
			file.Models = append(file.Models, litellmModel{
				Name: litellmName, Params: litellmParams{Model: model, APIKey: "os.environ/" + keyVariable(model)},
			})
		}
		file.Models[i].Params.Tags = append(file.Models[i].Params.Tags, tag)
	}
	var comment strings.Builder
	exportComment(&comment, table)
	fmt.Fprintf(&comment, "#\n# Callers ask for model %q and send the task's category as a tag: the header\n", litellmName)
	comment.WriteString("# x-litellm-tags: CATEGORY, or \"metadata\": {\"tags\": [\"CATEGORY\"]} in the body.\n")
	if defaultModel(table) == "" {
		comment.WriteString("# Every category switches: tag one model default yourself, for requests without a known tag.\n")
	} else {
		comment.WriteString("# Requests without a known tag go to the model tagged default, the one that was in use.\n")
	}
	comment.WriteString("# Keys are read from the environment variables named below; set your own names where they differ.\n\n")
	for _, r := range table.Routes {
		add(line(r.Model), line(string(r.Category)))
	}
	if model := defaultModel(table); model != "" {
		add(model, "default")
	}
	content, err := yaml.MarshalWithOptions(file, yaml.IndentSequence(true))
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, comment.String()+string(content))
	return err
}

// defaultModel is what untagged requests get: the model in use now, which is that
// of a category that keeps it. Empty where every category switches, for then the
// table does not name it.
func defaultModel(table eval.RoutingTable) string {
	for _, r := range table.Routes {
		if r.Arm == r.Control {
			return line(r.Model)
		}
	}
	return ""
}

// keyPrefixes are beginnings of model names whose provider is known by them.
var keyPrefixes = [][2]string{
	{"gpt", "OPENAI"},
	{"o1", "OPENAI"},
	{"o3", "OPENAI"},
	{"o4", "OPENAI"},
	{"claude", "ANTHROPIC"},
	{"gemini", "GEMINI"},
	{"deepseek", "DEEPSEEK"},
	{"mistral", "MISTRAL"},
	{"grok", "XAI"},
}

// keyVariable is the environment variable that holds a provider's key by the
// provider's custom; the part of the model before a slash names the provider.
func keyVariable(model string) string {
	provider, _, found := strings.Cut(model, "/")
	if !found {
		for _, known := range keyPrefixes {
			if strings.HasPrefix(strings.ToLower(model), known[0]) {
				return known[1] + "_API_KEY"
			}
		}
		return "PROVIDER_API_KEY"
	}
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, provider)
	return name + "_API_KEY"
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
		say("%s -> %s: %s", r.Category, r.Model, joined(string(r.Decision), r.Reason))
	}
}
