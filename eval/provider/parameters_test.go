package provider

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
)

// parameterRequest asks for all that a dialect may carry.
func parameterRequest(p eval.Parameters) Request {
	with := request
	with.Task.Conversation = append([]audit.Message{{Role: "system", Content: "Be exact."}, {Role: "user"}}, request.Task.Conversation...)
	with.Arm.Parameters = p
	with.Schema = &Schema{Name: "verdict", Body: map[string]any{"type": "object"}}
	return with
}

// requestBody is what a dialect sends for a request.
func requestBody(t *testing.T, d dialect, request Request) string {
	t.Helper()
	var body []byte
	made := testDialect(t, d, func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body) // what came is checked by the caller
		stream(whole(d))(w, r)
	})
	if _, err := made.Answer(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestRequestCarriesTheArm(t *testing.T) {
	number, most, seed := 0.5, int64(300), int64(7)
	cases := []struct {
		dialect    dialect
		parameters eval.Parameters
		want       []string
		never      []string
	}{
		{
			chatDialect,
			eval.Parameters{Temperature: &number, TopP: &number, MaxOutputTokens: &most, Seed: &seed, ReasoningEffort: "high"},
			[]string{`"temperature":0.5`, `"top_p":0.5`, `"max_completion_tokens":300`, `"seed":7`, `"reasoning_effort":"high"`, `"stream":true`, `"json_schema"`, `"Be brief."`, `"Be exact."`},
			[]string{`"tools"`},
		},
		{
			responsesDialect,
			eval.Parameters{Temperature: &number, TopP: &number, MaxOutputTokens: &most, ReasoningEffort: "high"},
			[]string{
				`"temperature":0.5`, `"top_p":0.5`, `"max_output_tokens":300`, `"reasoning":{"effort":"high"}`, `"store":false`, `"stream":true`, `"json_schema"`,
				`"instructions":"Be brief."`, `{"content":"Be exact.","role":"system"}`, `{"content":"Yes?","role":"assistant"}`, `{"content":"Say hello","role":"user"}`,
			},
			[]string{`"tools"`, `"seed"`},
		},
		{
			messagesDialect,
			eval.Parameters{TopP: &number, MaxOutputTokens: &most, ReasoningEffort: "high"},
			[]string{
				`"top_p":0.5`, `"max_tokens":300`, `"effort":"high"`, `"thinking":{"type":"adaptive"}`, `"stream":true`, `"json_schema"`,
				`"system":[{"text":"Be brief.","type":"text"},{"text":"Be exact.","type":"text"}]`, `{"content":[{"text":"Yes?","type":"text"}],"role":"assistant"}`,
			},
			[]string{`"tools"`, `"text":""`, `"temperature"`, `"seed"`, `"role":"system"`},
		},
		{messagesDialect, eval.Parameters{Temperature: &number, ReasoningEffort: "none"}, []string{`"temperature":0.5`, `"thinking":{"type":"disabled"}`, `"max_tokens":4096`}, []string{`"effort"`}},
		{messagesDialect, eval.Parameters{System: "Be kind."}, []string{`"Be kind."`}, []string{`"Be brief."`, `"thinking"`}},
		{responsesDialect, eval.Parameters{System: "Be kind."}, []string{`"instructions":"Be kind."`}, []string{`"Be brief."`, `"reasoning"`}},
		{chatDialect, eval.Parameters{System: "Be kind."}, []string{`"Be kind."`}, []string{`"Be brief."`}},
	}
	for _, c := range cases {
		body := requestBody(t, c.dialect, parameterRequest(c.parameters))
		for _, part := range c.want {
			if !strings.Contains(body, part) {
				t.Errorf("%s: the request lacks %s: %s", c.dialect.name, part, body)
			}
		}
		for _, part := range c.never {
			if strings.Contains(body, part) {
				t.Errorf("%s: the request has %s: %s", c.dialect.name, part, body)
			}
		}
	}
}
