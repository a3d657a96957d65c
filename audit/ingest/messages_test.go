package ingest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"modeltrial/audit"
)

func TestReadChatKnowsTheUsualRequests(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, text string
		want       chat
	}{
		{"text", `"Just ask"`, chat{prompt: "Just ask"}},
		{"OpenAI chat", `{"model":"x","messages":[{"role":"developer","content":"S"},{"role":"user","content":"A"},{"role":"assistant","content":"B"},{"role":"user","content":[{"type":"text","text":"C"},{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"D"}]}]}`, chat{
			system: "S", prompt: "C\n\nD", conversation: []audit.Message{{Role: "user", Content: "A"}, {Role: "assistant", Content: "B"}},
		}},
		{"OpenAI responses", `{"instructions":"S","input":[{"role":"user","content":[{"type":"input_text","text":"A"}]}]}`, chat{system: "S", prompt: "A"}},
		{"OpenAI responses, text", `{"input":"A"}`, chat{prompt: "A"}},
		{"completion", `{"prompt":"A","max_tokens":5}`, chat{prompt: "A"}},
		{"Anthropic", `{"system":[{"type":"text","text":"S"}],"messages":[{"role":"user","content":"A"}]}`, chat{system: "S", prompt: "A"}},
		{"Gemini", `{"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[{"text":"A"}]},{"role":"model","parts":[{"text":"B"}]},{"role":"user","parts":[{"text":"C"}]}]}`, chat{
			system: "S", prompt: "C", conversation: []audit.Message{{Role: "user", Content: "A"}, {Role: "assistant", Content: "B"}},
		}},
		{"JSON in a string", `"[{\"role\":\"user\",\"content\":\"A\"}]"`, chat{prompt: "A"}},
		{"with the answer", `[{"role":"user","content":"A"},{"role":"assistant","content":"B"}]`, chat{prompt: "A", answer: "B"}},
		{"two messages of the user", `[{"role":"user","content":"A"},{"role":"user","content":"B"}]`, chat{prompt: "A\n\nB"}},
		{"tools", `[{"role":"user","content":"A"},{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},{"role":"tool","content":"42"}]`, chat{prompt: "A", left: 2}},
		{"system alone", `[{"role":"system","content":"Translate: ja"}]`, chat{prompt: "Translate: ja"}},
		{"LangChain", `{"messages":[{"type":"human","data":{"content":"A"}},{"type":"ai","data":{"content":"B"}},{"type":"human","data":{"content":"C"}}]}`, chat{
			prompt: "C", conversation: []audit.Message{{Role: "user", Content: "A"}, {Role: "assistant", Content: "B"}},
		}},
		{"OpenTelemetry", `[{"role":"user","parts":[{"type":"text","content":"A"},{"type":"tool_call","name":"f"}]}]`, chat{prompt: "A"}},
		{"template variables", `{"customer":"Ann","topic":"x"}`, chat{prompt: `{"customer":"Ann","topic":"x"}`}},
		{"nothing", `{}`, chat{}},
		{"an empty list", `[]`, chat{}},
		{"null", `null`, chat{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := readChat(gjson.Parse(c.text))
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(chat{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.text, diff)
			}
		})
	}
}

func TestReadAnswerKnowsTheUsualResponses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"text":               `"B"`,
		"OpenAI chat":        `{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"B"},"finish_reason":"stop"},{"index":1,"message":{"content":"other"}}]}`,
		"completion":         `{"choices":[{"index":0,"text":"B"}]}`,
		"OpenAI responses":   `{"output":[{"type":"reasoning","summary":[]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"B"}]}]}`,
		"Anthropic":          `{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"B"}]}`,
		"Gemini":             `{"candidates":[{"content":{"parts":[{"text":"B"}],"role":"model"},"finishReason":"STOP"}]}`,
		"message":            `{"role":"assistant","content":"B"}`,
		"messages":           `[{"role":"user","content":"A"},{"role":"assistant","content":"B"}]`,
		"LangChain":          `{"generations":[[{"text":"B","generation_info":{}}]],"llm_output":{}}`,
		"a key of its own":   `{"answer":"B"}`,
		"JSON in a string":   `"{\"choices\":[{\"message\":{\"content\":\"B\"}}]}"`,
		"OpenTelemetry":      `[{"role":"assistant","parts":[{"type":"text","content":"B"}],"finish_reason":"stop"}]`,
		"output in messages": `{"messages":[{"role":"assistant","content":"B"}]}`,
	} {
		if got := readAnswer(gjson.Parse(text)); got != "B" {
			t.Errorf("%s: %s gives %q", name, text, got)
		}
	}
	for _, text := range []string{`{}`, `[]`, `null`, `""`, `{"choices":[]}`, `{"content":[{"type":"thinking","thinking":"hm"}]}`} {
		if got := readAnswer(gjson.Parse(text)); got != "" {
			t.Errorf("%s gives %q, want nothing", text, got)
		}
	}
	if got := readAnswer(gjson.Parse(`{"choices":[{"message":{"content":null,"tool_calls":[{"id":"1"}]}}]}`)); got != `[{"id":"1"}]` {
		t.Errorf("calls of tools alone give %q", got)
	}
}

func TestPlainLogsHoldConversations(t *testing.T) {
	t.Parallel()
	want := audit.Task{
		ID: "1", System: "S", Prompt: "C", Response: "D",
		Conversation: []audit.Message{{Role: "user", Content: "A"}, {Role: "assistant", Content: "B"}},
	}
	for name, text := range map[string]string{
		"messages with the answer": `{"id":"1","messages":[{"role":"system","content":"S"},{"role":"user","content":"A"},{"role":"assistant","content":"B"},{"role":"user","content":"C"},{"role":"assistant","content":"D"}]}`,
		"columns":                  "id,system,prompt,response,history\n1,S,C,D,\"[{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"A\"\"},{\"\"role\"\":\"\"assistant\"\",\"\"content\"\":\"\"B\"\"}]\"\n",
		"a request in a column":    "id,input,output\n1,\"{\"\"messages\"\":[{\"\"role\"\":\"\"system\"\",\"\"content\"\":\"\"S\"\"},{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"A\"\"},{\"\"role\"\":\"\"assistant\"\",\"\"content\"\":\"\"B\"\"},{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"C\"\"}]}\",D\n",
	} {
		tasks, report := readTasks(t, write(t, text), Options{})
		if len(tasks) != 1 {
			t.Fatalf("%s: %+v", name, report)
		}
		if diff := cmp.Diff(want, bare(tasks[0])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	// Text that only looks like JSON stays what it is.
	tasks, _ := readTasks(t, write(t, "prompt\n\"[1, 2, 3] what is the sum?\"\n\"[{\"\"role\"\":1}]\"\n{}\n"), Options{})
	if len(tasks) != 3 || tasks[1].Prompt != `[{"role":1}]` || tasks[2].Prompt != "{}" {
		t.Errorf("got %+v", tasks)
	}
	_, report := readTasks(t, write(t, "prompt,conversation\na,nonsense\n"), Options{})
	if report.Rejected != 1 || !strings.Contains(report.Reasons[0], "conversation: is no list of messages") {
		t.Errorf("got %+v", report)
	}
}

func TestLongConversationsStayBounded(t *testing.T) {
	t.Parallel()
	// 600 turns of 4 KB: the histories of all turns would be 360 MB.
	var b strings.Builder
	b.WriteString(`[{"uuid":"u","name":"long","created_at":"2026-11-02T09:00:00Z","chat_messages":[`)
	text := strings.Repeat("word ", 800)
	for i := range 600 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"sender":"` + []string{"human", "assistant"}[i%2] + `","text":"` + text + `"}`)
	}
	b.WriteString("]}]")
	tasks := 0
	report, err := ReadTasks(t.Context(), write(t, b.String()), Options{}, func(task audit.Task) (Outcome, error) {
		tasks++
		size := 0
		for _, turn := range task.Conversation {
			size += len(turn.Content)
		}
		if size > mostHistory {
			t.Fatalf("task %d has %d bytes of conversation", tasks, size)
		}
		return Imported, nil
	})
	if err != nil || tasks != 300 {
		t.Errorf("%d tasks, %+v, %v", tasks, report, err)
	}
}
