package provider

import (
	"errors"
	"strings"
	"testing"

	"modeltrial/eval"
)

// TestResponsesTraps runs what is particular to OpenAI's Responses.
func TestResponsesTraps(t *testing.T) {
	last := func(kind, fields string) string {
		return named("response."+kind, `{"type":"response.`+kind+`","response":{"id":"r1","model":"served-2",`+fields+`}}`)
	}
	begin := responsesDialect.text("Hel")
	cases := []struct {
		name    string
		events  string
		check   func(Answer) bool // nil: a failure is wanted
		retry   bool
		message string
	}{
		{"the text at the end alone", responsesBegin + last("completed", `"output":[{"type":"reasoning","id":"x","summary":[]},{"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[]}]}]`), func(a Answer) bool {
			return a.Text == "Hello" && a.FinishReason == FinishStop && a.ModelServed == "served-2"
		}, false, ""},
		{"reasoning is no text", responsesBegin + named("response.reasoning_summary_text.delta", `{"type":"response.reasoning_summary_text.delta","delta":"Hm."}`) + begin + last("completed", `"output":[]`), func(a Answer) bool {
			return a.Text == "Hel"
		}, false, ""},
		{"a filter", begin + last("incomplete", `"incomplete_details":{"reason":"content_filter"}`), func(a Answer) bool { return eval.Declined(a.FinishReason) }, false, ""},
		{"incomplete for no reason given", begin + last("incomplete", `"incomplete_details":null`), func(a Answer) bool { return a.FinishReason == "incomplete" }, false, ""},
		{"tokens written to a cache", begin + last("completed", `"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":2,"cache_write_tokens":3},"output_tokens":1}`), func(a Answer) bool { return *a.Tokens.CacheWrite == 3 }, false, ""},
		{"cut after the last event", begin + last("completed", `"output":[]`) + "data: {", func(a Answer) bool { return a.Text == "Hel" }, false, ""},
		{"failed", begin + last("failed", `"error":{"code":"server_error","message":"Sorry"}`), nil, true, "Sorry"},
		{"failed for the request's sake", begin + last("failed", `"error":{"code":"invalid_prompt","message":"No"}`), nil, false, "No"},
		{"an error as an object", begin + named("error", `{"type":"error","error":{"type":"server_error","code":"server_error","message":"Sorry"}}`), nil, true, "Sorry"},
		{"an error without words", begin + named("error", `{"type":"error"}`), nil, true, "error"},
		{"done without completed", begin + named("response.output_text.done", `{"type":"response.output_text.done","text":"Hel"}`), nil, true, "without a finish reason"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			made, _ := serve(t, responsesDialect, stream(c.events))
			answer, err := made.Answer(t.Context(), request)
			if c.check != nil {
				if err != nil || !c.check(answer) {
					t.Errorf("got %+v, %v", answer, err)
				}
				return
			}
			var failure *Error
			if !errors.As(err, &failure) || failure.Temporary != c.retry || !strings.Contains(failure.Msg, c.message) {
				t.Errorf("got %+v, %v, want temporary %v and %q", answer, err, c.retry, c.message)
			}
		})
	}
}
