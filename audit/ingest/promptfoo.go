package ingest

import (
	"strings"

	"github.com/tidwall/gjson"
)

// promptfoo reads the results of promptfoo: the document that -o x.json and export
// write, the rows of -o x.jsonl, and the table of -o x.csv.
var promptfoo = &dialect{
	name: "promptfoo",
	is: func(s *shape) bool {
		if s.has("results") && s.inner["results"].has("results") {
			return true
		}
		if len(promptfooGroups(s.keys)) > 0 {
			return true
		}
		return s.has("prompt_idx", "test_idx") || (s.has("prompt", "provider", "vars") && s.hasOne("latency_ms", "grading_result", "named_scores", "success"))
	},
	within: [][]string{{"results", "results", anyElement}},
	keep:   []string{"evalId"},
	draft:  draftPromptfoo,
}

func draftPromptfoo(r *record) []*draft {
	if groups := promptfooGroups(r.header); len(groups) > 0 {
		return draftPromptfooRow(r, groups)
	}
	d := newDraft()
	eval := fieldText(gjson.Parse(r.kept("evalId")))
	provider, from := r.get("provider.id", "provider")
	if !provider.IsObject() {
		d.provider(provider.String(), from)
	}
	test, prompt := r.text("test_idx"), r.text("prompt_idx")
	switch {
	case r.text("id") != "":
		d.take(r, "id", "id")
	case eval != "" && test != "":
		d.set("id", strings.Join([]string{eval, test, prompt, provider.String()}, "/"), "evalId, testIdx, promptIdx, provider")
	}
	if test != "" {
		d.set("cluster", strings.TrimPrefix(eval+"/"+test, "/"), "testIdx")
	}
	d.take(r, "cost_usd", "cost")
	d.take(r, "latency_ms", "latency_ms")
	d.take(r, "input_tokens", "token_usage.prompt", "response.tokenUsage.prompt")
	d.take(r, "output_tokens", "token_usage.completion", "response.tokenUsage.completion")
	d.take(r, "reasoning_tokens", "token_usage.completionDetails.reasoning", "response.tokenUsage.completionDetails.reasoning")
	raw, from := r.get("prompt.raw", "prompt")
	d.chat(readChat(raw), from)
	answer, from := r.get("response.output")
	if text := readAnswer(answer); text != "" {
		d.set("response", text, from)
	} else {
		d.set("response", fieldText(answer), from)
	}
	r.use("prompt", "provider", "response", "test_case", "test_idx", "prompt_idx", "prompt_id", "token_usage", "grading_result")
	d.withoutText(r.text("error") != "", "results without a prompt")
	d.extras(r)
	return []*draft{d}
}

// provider reads openai:chat:gpt-5 as a provider and a model.
func (d *draft) provider(id, from string) {
	provider, model, divided := strings.Cut(id, ":")
	if !divided {
		d.set("model", id, from)
		return
	}
	for _, kind := range []string{"chat:", "responses:", "completion:", "messages:"} {
		model = strings.TrimPrefix(model, kind)
	}
	d.set("provider", provider, from)
	d.set("model", model, from)
}
