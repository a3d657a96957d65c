package report

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

type litellmFile struct {
	Models []litellmModel `yaml:"model_list"`
	Router litellmRouter  `yaml:"router_settings"`
}

type litellmModel struct {
	Name   yamlText      `yaml:"model_name"`
	Params litellmParams `yaml:"litellm_params"`
}

type litellmParams struct {
	Model           yamlText   `yaml:"model"`
	APIBase         yamlText   `yaml:"api_base,omitempty"`
	APIKey          yamlText   `yaml:"api_key"`
	Temperature     *float64   `yaml:"temperature,omitempty"`
	TopP            *float64   `yaml:"top_p,omitempty"`
	MaxTokens       *int64     `yaml:"max_tokens,omitempty"`
	ReasoningEffort yamlText   `yaml:"reasoning_effort,omitempty"`
	Tags            []yamlText `yaml:"tags"`
}

type litellmRouter struct {
	TagFiltering bool `yaml:"enable_tag_filtering"`
}

// litellmName is the model name that callers ask for.
const litellmName = "modeltrial"

// litellmDefault is the tag of requests without a known one.
const litellmDefault = "default"

// exportLiteLLM writes a LiteLLM proxy configuration that routes by tag: callers
// ask for one model name and send the category as a tag.
func exportLiteLLM(w io.Writer, plan exportPlan) error {
	file := litellmFile{Router: litellmRouter{TagFiltering: true}}
	for _, target := range plan.targets {
		file.Models = append(file.Models, litellmModel{Name: litellmName, Params: litellmEndpoint(target)})
	}
	usage := []string{
		fmt.Sprintf("Callers ask for model %q and send the task's category as a tag: the header", litellmName),
		`x-litellm-tags: CATEGORY, or "metadata": {"tags": ["CATEGORY"]} in the body.`,
	}
	for _, r := range plan.routes {
		tags := &file.Models[r.target].Params.Tags
		tag := litellmTag(r.category)
		*tags = append(*tags, yamlText(tag))
		if tag != r.category {
			usage = append(usage, fmt.Sprintf("The tag of the category %s is %s: LiteLLM takes a ! or & at the beginning for an order.", strconv.Quote(r.category), tag))
		} else if headerValue(tag) != tag {
			usage = append(usage, fmt.Sprintf("A header cannot carry the category %s: send it in the body.", strconv.Quote(r.category)))
		}
	}
	switch taken := slices.ContainsFunc(plan.routes, func(r exportRoute) bool { return r.category == litellmDefault }); {
	case taken:
		usage = append(usage, "Requests without a known tag go where the category default goes: LiteLLM has no other name for them.")
	case plan.fallback >= 0:
		tags := &file.Models[plan.fallback].Params.Tags
		*tags = append(*tags, litellmDefault)
		usage = append(usage, "Requests without a known tag go to the model tagged default, the one that was in use.")
	default:
		// Without a default LiteLLM would send them to any model of the name.
		file.Models = append(file.Models, litellmModel{Name: litellmName, Params: litellmParams{
			Model: fillIn + "/the-model-in-use", APIKey: "none", Tags: []yamlText{litellmDefault},
		}})
		usage = append(usage, "FILL IN the model tagged default: requests without a known tag go there.")
	}
	usage = append(usage, "Keys are read from the environment variables named below; no key stands in this file.")
	if err := plan.writeComment(w, usage...); err != nil {
		return err
	}
	return writeYAML(w, file)
}

// litellmTag is the tag of a category: LiteLLM takes tags that begin with ! or & for
// orders to leave out or to require others.
func litellmTag(category string) string {
	if strings.ContainsRune("!&%", rune(category[0])) {
		return url.QueryEscape(category)
	}
	return category
}

// litellmEndpoint is how LiteLLM reaches a target. Where no endpoint is known it is a
// provider that LiteLLM does not have, so that it refuses and names it.
func litellmEndpoint(target exportTarget) litellmParams {
	params := litellmParams{
		Model:       yamlText(target.family() + "/" + target.Model),
		APIKey:      "none", // without it LiteLLM would send a key of its own environment to an endpoint that needs none
		Temperature: target.Parameters.Temperature, TopP: target.Parameters.TopP,
		MaxTokens: target.Parameters.MaxOutputTokens, ReasoningEffort: yamlText(target.Parameters.ReasoningEffort),
	}
	if variable := target.keyVariable(); variable != "" {
		params.APIKey = yamlText("os.environ/" + variable)
	}
	// LiteLLM adds v1 and the path to Anthropic's address itself.
	if base := target.base(); target.family() == "anthropic" {
		params.APIBase = yamlText(strings.TrimSuffix(base, "/v1"))
	} else {
		params.APIBase = yamlText(base)
	}
	return params
}
