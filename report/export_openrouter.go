package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"modeltrial/eval"
)

type openRouterFile struct {
	About   []string           `json:"about"`
	Usage   []string           `json:"usage"`
	Presets []openRouterPreset `json:"presets"`
}

// An openRouterPreset is made by sending Request to the address of its slug.
type openRouterPreset struct {
	Category *string        `json:"category"` // null: any other
	Slug     string         `json:"slug"`
	Request  map[string]any `json:"request"`
}

// exportOpenRouter writes a preset for each category and one for any other, as bodies
// of the requests that make them. OpenRouter reads no file, so that the file also
// says how to send them.
func exportOpenRouter(w io.Writer, plan exportPlan) error {
	file := openRouterFile{About: plan.about(), Usage: []string{
		"Make or renew the presets, with the key in the environment: jq -c '.presets[]' FILE | while read -r preset; do " +
			"jq -c .request <<<\"$preset\" | curl --fail --json @- -H \"Authorization: Bearer $OPENROUTER_API_KEY\" " +
			"\"https://openrouter.ai/api/v1/presets/$(jq -r .slug <<<\"$preset\")/chat/completions\"; done",
		"Callers pass the task's category by the model that they ask for: \"model\": \"@preset/SLUG\", with the slug of the category below.",
		"No key stands in this file.",
	}}
	add := func(category *string, slug string, target exportTarget) {
		file.Presets = append(file.Presets, openRouterPreset{Category: category, Slug: slug, Request: openRouterRequest(target)})
	}
	for _, r := range plan.routes {
		add(&r.category, "modeltrial-"+r.slug, plan.targets[r.target])
	}
	if plan.fallback >= 0 {
		slug := "modeltrial-" + plan.freeSlug("default")
		add(nil, slug, plan.targets[plan.fallback])
		file.Usage = append(file.Usage, fmt.Sprintf("For any other category ask for @preset/%s, the model that was in use.", slug))
	}
	for _, t := range plan.targets {
		if _, note := openRouterModel(t); note != "" {
			file.Usage = append(file.Usage, line(note))
		}
	}
	return JSON(w, file)
}

func openRouterRequest(target exportTarget) map[string]any {
	model, _ := openRouterModel(target)
	request := map[string]any{"model": model}
	for _, field := range target.fields() {
		switch field.name {
		case "reasoning_effort":
			request["reasoning"] = map[string]any{"effort": field.value}
		case target.maxTokensField():
			request["max_tokens"] = field.value
		default:
			request[field.name] = field.value
		}
	}
	return request
}

// openRouterModel is OpenRouter's name of a model, with a note where a person has to
// look at it.
func openRouterModel(target exportTarget) (name, note string) {
	host := target.host()
	switch {
	case target.missing != "":
		return fillIn + "/" + target.Model, fmt.Sprintf("FILL IN OpenRouter's name of the model of %s: %s.", target.arm, target.missing)
	case host == "openrouter.ai" || strings.HasSuffix(host, ".openrouter.ai"):
		return target.Model, ""
	case host == "api.openai.com":
		return "openai/" + target.Model, ""
	case target.Provider.Kind == eval.ProviderAnthropic && host == "api.anthropic.com":
		return "anthropic/" + target.Model, fmt.Sprintf("Check the name of %s: OpenRouter may write the version of the model in another way than Anthropic.", strconv.Quote("anthropic/"+target.Model))
	}
	return fillIn + "/" + target.Model, fmt.Sprintf("FILL IN OpenRouter's name of the model of %s: it answered at %s.", target.arm, host)
}

// freeSlug is name, or name with a number where a category has it.
func (p exportPlan) freeSlug(name string) string {
	free := name
	for n := 2; slices.ContainsFunc(p.routes, func(r exportRoute) bool { return r.slug == free }); n++ {
		free = name + "-" + strconv.Itoa(n)
	}
	return free
}
