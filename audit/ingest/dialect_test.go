package ingest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"modeltrial/audit"
)

// bare is a task without its origin and metadata, which differ by format.
func bare(task audit.Task) audit.Task {
	task.Origin, task.Metadata = audit.Origin{}, nil
	task.CostSource, task.CostMissing = "", "" // told by the tests of costs
	return task
}

func nano(amount int64) *audit.NanoUSD { return new(audit.NanoUSD(amount)) }

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// Each export is invented after the tools' documentation.
var exports = []struct {
	format, container, text string
	want                    []audit.Task
	filtered                map[string]int
}{
	{
		format: "litellm", container: "csv", text: `request_id,call_type,spend,prompt_tokens,completion_tokens,startTime,endTime,completionStartTime,model,custom_llm_provider,user,api_key,metadata,request_tags,messages,response,proxy_server_request,session_id,status
r1,acompletion,0.0021,310,120,2026-11-02 09:00:00.000,2026-11-02 09:00:02.400,2026-11-02 09:00:00.600,gpt-5,openai,ann@example.org,sk-hash,"{""user_api_key_team_alias"":""support""}","[""eu""]","[{""role"":""system"",""content"":""Be brief""},{""role"":""user"",""content"":""Hi""},{""role"":""assistant"",""content"":""Hello""},{""role"":""user"",""content"":""Summarise""}]","{""choices"":[{""message"":{""content"":""Refund""}}]}",{},s1,success
r2,acompletion,0.0004,55,20,2026-11-02 09:01:00.000,2026-11-02 09:01:01.000,2026-11-02 09:01:01.000,claude-haiku,,,,{},[],{},{},"{""messages"":[{""role"":""user"",""content"":""Sort this""}]}",,success
r3,acompletion,0.0004,55,20,2026-11-02 09:01:00.000,2026-11-02 09:01:01.000,,claude-haiku,,,,{},[],{},{},{},,success
r4,acompletion,0,0,0,2026-11-02 09:01:00.000,2026-11-02 09:01:01.000,,claude-haiku,,,,{},[],{},{},{},,failure
r5,aembedding,0.0001,5,0,2026-11-02 09:01:00.000,2026-11-02 09:01:01.000,,embed-3,,,,{},[],"[{""role"":""user"",""content"":""text""}]",{},{},,success
`,
		want: []audit.Task{
			{
				ID: "r1", Timestamp: at("2026-11-02T09:00:00Z"), Team: "support", User: hashed("ann@example.org"), Model: "gpt-5", Provider: "openai", System: "Be brief", Prompt: "Summarise", Response: "Refund", Tags: []string{"eu"},
				Conversation: []audit.Message{{Role: "user", Content: "Hi"}, {Role: "assistant", Content: "Hello"}}, Cluster: "s1",
				Tokens: audit.Tokens{Input: new(int64(310)), Output: new(int64(120))}, Cost: nano(2_100_000), LatencyMS: new(int64(2400)), TTFTMS: new(int64(600)),
			},
			{
				ID: "r2", Timestamp: at("2026-11-02T09:01:00Z"), Model: "claude-haiku", Prompt: "Sort this",
				Tokens: audit.Tokens{Input: new(int64(55)), Output: new(int64(20))}, Cost: nano(400_000), LatencyMS: new(int64(1000)),
			},
		},
		filtered: map[string]int{
			"requests whose text was not kept (store_prompts_in_spend_logs is off)": 1,
			"failed requests without text":                                          1,
			"calls that answer with no text (aembedding)":                           1,
		},
	},
	{
		format: "langfuse", container: "jsonl", text: `{"id":"o1","trace_id":"t1","type":"GENERATION","start_time":"2026-11-02 09:00:00.000000","end_time":"2026-11-02 09:00:01.500000","name":"draft","input":"[{\"role\":\"user\",\"content\":\"Draft\"}]","output":"Dear","provided_model_name":"gpt-5","usage_details":{"input":210,"output":80},"total_cost":0.0017,"latency":1.5,"time_to_first_token":0.4}
{"id":"o2","trace_id":"t2","type":"GENERATION","start_time":"2026-11-02 09:05:00.000000","end_time":null,"input":"spam?","provided_model_name":"gemini-flash","usage_details":{},"total_cost":0,"latency":null,"user_id":"u9","session_id":"s9","tags":["x"]}
{"id":"o3","trace_id":"t2","type":"SPAN","start_time":"2026-11-02 09:05:00.000000","input":"retrieve","provided_model_name":null,"usage_details":{}}
{"id":"o4","trace_id":"t2","type":"GENERATION","start_time":"2026-11-02 09:05:00.000000","input":"","provided_model_name":"gpt-5","usage_details":{"input":100,"input_cached_tokens":50,"output":7,"output_reasoning_tokens":3,"total":160}}
{"id":"o5","trace_id":"t5","type":"GENERATION","start_time":"2026-11-02 09:05:00.000000","input":"cached?","provided_model_name":"gpt-5","usage_details":{"input":100,"input_cached_tokens":50,"cache_creation_input_tokens":20,"output":7,"output_reasoning_tokens":3,"total":160},"total_cost":0.001}
`,
		want: []audit.Task{
			{
				ID: "o1", Timestamp: at("2026-11-02T09:00:00Z"), Model: "gpt-5", Prompt: "Draft", Response: "Dear", Cluster: "t1",
				Tokens: audit.Tokens{Input: new(int64(210)), Output: new(int64(80))}, Cost: nano(1_700_000), LatencyMS: new(int64(1500)), TTFTMS: new(int64(400)),
			},
			{ID: "o2", Timestamp: at("2026-11-02T09:05:00Z"), Model: "gemini-flash", Prompt: "spam?", User: "u9", Cluster: "s9", Tags: []string{"x"}},
			{
				ID: "o5", Timestamp: at("2026-11-02T09:05:00Z"), Model: "gpt-5", Prompt: "cached?", Cluster: "t5", Cost: nano(1_000_000),
				Tokens: audit.Tokens{Input: new(int64(170)), Cached: new(int64(50)), CacheWrite: new(int64(20)), Output: new(int64(10)), Reasoning: new(int64(3))},
			},
		},
		filtered: map[string]int{"observations that are no generation (SPAN)": 1, "generations without input": 1},
	},
	{
		format: "langsmith", container: "jsonl", text: `{"id":"a1","name":"ChatOpenAI","run_type":"llm","start_time":"2026-11-02T09:00:00Z","end_time":"2026-11-02T09:00:02Z","inputs":{"messages":[{"role":"user","content":"Fix SQL"}]},"outputs":{"content":"SELECT 1"},"extra":{"metadata":{"ls_model_name":"gpt-5"}},"prompt_tokens":44,"completion_tokens":12,"completion_cost":"0.00031","status":"success"}
{"id":"a2","name":"ChatAnthropic","run_type":"llm","start_time":1793610000000,"end_time":1793610001200,"inputs":{},"outputs":null,"error":"overloaded","status":"error"}
{"id":"a3","run_type":"chain","start_time":1793610000000,"end_time":1793610001200,"inputs":{"question":"x"}}
{"id":"a4","run_type":"llm","start_time":1793610000000,"end_time":1793610001200,"first_token_time":1793610000300,"inputs":{"messages":[[{"lc":1,"type":"constructor","id":["langchain","schema","messages","SystemMessage"],"kwargs":{"content":"Be kind"}},{"lc":1,"type":"constructor","id":["langchain","schema","messages","HumanMessage"],"kwargs":{"content":"Hello","type":"human"}}]]},"outputs":{"generations":[[{"text":"Hi there","message":{"kwargs":{"content":"Hi there"}}}]]},"extra":{"invocation_params":{"model":"claude"},"metadata":{"thread_id":"th1"}},"prompt_cost":"0.0001","completion_cost":"0.0002"}
`,
		want: []audit.Task{
			{
				ID: "a1", Timestamp: at("2026-11-02T09:00:00Z"), Model: "gpt-5", Prompt: "Fix SQL", Response: "SELECT 1",
				Tokens: audit.Tokens{Input: new(int64(44)), Output: new(int64(12))}, Cost: nano(310_000), LatencyMS: new(int64(2000)),
			},
			{
				ID: "a4", Timestamp: at("2026-11-02T09:00:00Z"), Model: "claude", System: "Be kind", Prompt: "Hello", Response: "Hi there", Cluster: "th1",
				Cost: nano(300_000), LatencyMS: new(int64(1200)), TTFTMS: new(int64(300)),
			},
		},
		filtered: map[string]int{"failed requests without text": 1, "runs that are no call of a model (chain)": 1},
	},
	{
		format: "helicone", container: "csv", text: `response_id,response_created_at,response_status,request_created_at,request_body,request_properties,request_user_id,model,prompt_tokens,completion_tokens,latency,cost
h1,2026-11-02T09:00:02Z,200,2026-11-02T09:00:00Z,"{""messages"":[{""role"":""user"",""content"":""Translate: ja""}]}","{""team"":""ops""}",u1,gpt-5-mini,18,6,820,0.00002
h2,2026-11-02T09:01:02Z,429,2026-11-02T09:01:00Z,,,u2,gpt-5-mini,,,110,
h3,2026-11-02T09:02:02Z,200,2026-11-02T09:02:00Z,"{""""messages"""":[{""""role"""":""""user"""",""""content"""":""""Again""""}]}",,u1,gpt-5-mini,18,6,820,0.00002
`,
		want: []audit.Task{
			{
				ID: "h1", Timestamp: at("2026-11-02T09:00:00Z"), Team: "ops", User: "u1", Model: "gpt-5-mini", Prompt: "Translate: ja",
				Tokens: audit.Tokens{Input: new(int64(18)), Output: new(int64(6))}, Cost: nano(20_000), LatencyMS: new(int64(820)),
			},
			{
				ID: "h3", Timestamp: at("2026-11-02T09:02:00Z"), User: "u1", Model: "gpt-5-mini", Prompt: "Again",
				Tokens: audit.Tokens{Input: new(int64(18)), Output: new(int64(6))}, Cost: nano(20_000), LatencyMS: new(int64(820)),
			},
		},
		filtered: map[string]int{"failed requests without text": 1},
	},
	{
		format: "helicone", container: "json", text: `[{"response_id":"h1","request_created_at":"2026-11-02T09:00:00Z","request_body":{"messages":[{"role":"user","content":"Go"}]},"response_body":{"choices":[{"message":{"role":"assistant","content":"Went"}}]},"model":"gpt-5-mini","latency":820},
]`,
		want: []audit.Task{{ID: "h1", Timestamp: at("2026-11-02T09:00:00Z"), Model: "gpt-5-mini", Prompt: "Go", Response: "Went", LatencyMS: new(int64(820))}},
	},
	{
		format: "otel", container: "jsonl", text: strings.ReplaceAll(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"bot"}}]},"scopeSpans":[{"spans":[
{"traceId":"t1","spanId":"s1","startTimeUnixNano":"1793610000000000000","endTimeUnixNano":"1793610002000000000","attributes":[{"key":"gen_ai.request.model","value":{"stringValue":"gpt-5"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"31"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":7}},{"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"12"}},{"key":"gen_ai.usage.cache_creation.input_tokens","value":{"intValue":"5"}},{"key":"gen_ai.input.messages","value":{"stringValue":"[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"New names\"}]}]"}},{"key":"gen_ai.output.messages","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"role","value":{"stringValue":"assistant"}},{"key":"parts","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"type","value":{"stringValue":"text"}},{"key":"content","value":{"stringValue":"Yes"}}]}}]}}}]}}]}}},{"key":"gen_ai.system_instructions","value":{"stringValue":"[{\"type\":\"text\",\"content\":\"Be short\"}]"}},{"key":"gen_ai.response.time_to_first_chunk","value":{"doubleValue":0.25}}]},
{"traceId":"t2","spanId":"s2","startTimeUnixNano":1793610010000000000,"endTimeUnixNano":1793610011000000000,"attributes":[{"key":"gen_ai.system","value":{"stringValue":"anthropic"}},{"key":"gen_ai.request.model","value":{"stringValue":"claude"}},{"key":"gen_ai.usage.prompt_tokens","value":{"intValue":"9"}},{"key":"gen_ai.prompt.1.content","value":{"stringValue":"Flattened"}},{"key":"gen_ai.prompt.1.role","value":{"stringValue":"user"}},{"key":"gen_ai.prompt.0.role","value":{"stringValue":"system"}},{"key":"gen_ai.prompt.0.content","value":{"stringValue":"Sys"}},{"key":"gen_ai.completion.0.content","value":{"stringValue":"Flat answer"}},{"key":"gen_ai.completion.0.role","value":{"stringValue":"assistant"}}]},
{"traceId":"t3","spanId":"s3","startTimeUnixNano":"1793610010000000000","endTimeUnixNano":"1793610011000000000","attributes":[{"key":"openinference.span.kind","value":{"stringValue":"LLM"}},{"key":"llm.model_name","value":{"stringValue":"llama"}},{"key":"llm.input_messages.0.message.role","value":{"stringValue":"user"}},{"key":"llm.input_messages.0.message.content","value":{"stringValue":"Inference"}},{"key":"output.value","value":{"stringValue":"Out"}},{"key":"llm.token_count.prompt","value":{"intValue":5}}]},
{"traceId":"t4","spanId":"s4","startTimeUnixNano":"1793610010000000000","endTimeUnixNano":"1793610011000000000","attributes":[{"key":"http.method","value":{"stringValue":"GET"}}]},
{"traceId":"t5","spanId":"s5","startTimeUnixNano":"1793610010000000000","endTimeUnixNano":"1793610011000000000","attributes":[{"key":"gen_ai.usage.prompt_tokens","value":{"intValue":"9"}}]},
{"traceId":"t6","spanId":"s6","startTimeUnixNano":"1793610010000000000","endTimeUnixNano":"1793610011000000000","attributes":[{"key":"gen_ai.request.model","value":{"stringValue":"gpt-5"}}]}
]}]}]}`, "\n", "") + "\n" + strings.ReplaceAll(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[
{"traceId":"t6","spanId":"s6","timeUnixNano":"1793610010000000000","eventName":"gen_ai.user.message","body":{"kvlistValue":{"values":[{"key":"content","value":{"stringValue":"In a log"}}]}}},
{"traceId":"t6","spanId":"s6","timeUnixNano":"1793610011000000000","attributes":[{"key":"event.name","value":{"stringValue":"gen_ai.choice"}}],"body":{"kvlistValue":{"values":[{"key":"message","value":{"kvlistValue":{"values":[{"key":"content","value":{"stringValue":"Logged answer"}}]}}}]}}},
{"traceId":"t7","spanId":"s7","timeUnixNano":"1793610012000000000","eventName":"gen_ai.client.inference.operation.details","attributes":[{"key":"gen_ai.request.model","value":{"stringValue":"gpt-5"}},{"key":"gen_ai.input.messages","value":{"stringValue":"[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"Log alone\"}]}]"}}]},
{"traceId":"t8","spanId":"s8","body":{"stringValue":"started"}}
]}]}]}`, "\n", "") + "\n",
		want: []audit.Task{
			{
				ID: "t1:s1", Timestamp: at("2026-11-02T09:00:00Z"), Model: "gpt-5", Provider: "openai", System: "Be short", Prompt: "New names", Response: "Yes", Cluster: "t1",
				Tokens: audit.Tokens{Input: new(int64(31)), Cached: new(int64(12)), CacheWrite: new(int64(5)), Output: new(int64(7))}, LatencyMS: new(int64(2000)), TTFTMS: new(int64(250)),
			},
			{
				ID: "t2:s2", Timestamp: at("2026-11-02T09:00:10Z"), Model: "claude", Provider: "anthropic", System: "Sys", Prompt: "Flattened", Response: "Flat answer", Cluster: "t2",
				Tokens: audit.Tokens{Input: new(int64(9))}, LatencyMS: new(int64(1000)),
			},
			{
				ID: "t3:s3", Timestamp: at("2026-11-02T09:00:10Z"), Model: "llama", Prompt: "Inference", Response: "Out", Cluster: "t3",
				Tokens: audit.Tokens{Input: new(int64(5))}, LatencyMS: new(int64(1000)),
			},
			{ID: "t6:s6", Timestamp: at("2026-11-02T09:00:10Z"), Model: "gpt-5", Prompt: "In a log", Response: "Logged answer", Cluster: "t6", LatencyMS: new(int64(1000))},
			{ID: "t7:s7", Timestamp: at("2026-11-02T09:00:12Z"), Model: "gpt-5", Prompt: "Log alone", Cluster: "t7"},
		},
		filtered: map[string]int{
			"spans that are no call of a model": 1, "spans of model calls without text (recording it is opt-in)": 1,
		},
	},
	{
		format: "promptfoo", container: "json", text: `{"evalId":"eval-1","results":{"version":3,"results":[{"promptIdx":0,"testIdx":0,"provider":{"id":"openai:chat:gpt-5"},"prompt":{"raw":"Say hi"},"vars":{},"response":{"output":"hi","tokenUsage":{"prompt":3,"completion":1}},"success":true,"score":1,"latencyMs":400,"cost":0.0001},
{"promptIdx":1,"testIdx":0,"provider":{"id":"anthropic:claude"},"prompt":{"raw":"[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"user\",\"content\":\"U\"}]"},"vars":{},"error":"timeout","success":false,"score":0,"latencyMs":9000}],"prompts":[],"stats":{}},"config":{}}`,
		want: []audit.Task{
			{
				ID: "eval-1/0/0/openai:chat:gpt-5", Model: "gpt-5", Provider: "openai", Prompt: "Say hi", Response: "hi", Cluster: "eval-1/0",
				Tokens: audit.Tokens{Input: new(int64(3)), Output: new(int64(1))}, Cost: nano(100_000), LatencyMS: new(int64(400)),
			},
			{ID: "eval-1/0/1/anthropic:claude", Model: "claude", Provider: "anthropic", System: "S", Prompt: "U", Cluster: "eval-1/0", LatencyMS: new(int64(9000))},
		},
	},
	{
		format: "promptfoo", container: "jsonl", text: `{"promptIdx":0,"testIdx":3,"provider":{"id":"openai:gpt-5"},"prompt":{"raw":"Say hi"},"vars":{},"response":{"output":"hi"},"success":true,"score":1,"latencyMs":400,"cost":0.0001,"id":"p1"}
`,
		want: []audit.Task{{ID: "p1", Model: "gpt-5", Provider: "openai", Prompt: "Say hi", Response: "hi", Cluster: "3", Cost: nano(100_000), LatencyMS: new(int64(400))}},
	},
	{
		format: "chatgpt", container: "json", text: `[{"id":"c1","title":"Ja","create_time":1793610000.5,"current_node":"n5","default_model_slug":"gpt-5","mapping":{
"root":{"id":"root","parent":null,"children":["n0"],"message":null},
"n0":{"id":"n0","parent":"root","children":["n1"],"message":{"author":{"role":"system"},"content":{"content_type":"text","parts":[""]}}},
"n1":{"id":"n1","parent":"n0","children":["n2","n2b"],"message":{"id":"m1","author":{"role":"user"},"create_time":1793610001.0,"content":{"content_type":"text","parts":["Hello?"]}}},
"n2b":{"id":"n2b","parent":"n1","children":[],"message":{"author":{"role":"assistant"},"content":{"content_type":"text","parts":["Abandoned"]}}},
"n2":{"id":"n2","parent":"n1","children":["n3"],"message":{"author":{"role":"assistant"},"content":{"content_type":"text","parts":["Hai"]},"metadata":{"model_slug":"gpt-5-thinking"}}},
"n3":{"id":"n3","parent":"n2","children":["n4"],"message":{"id":"m3","author":{"role":"user"},"content":{"content_type":"multimodal_text","parts":[{"content_type":"image_asset_pointer"},"And this?"]}}},
"n4":{"id":"n4","parent":"n3","children":["n5"],"message":{"author":{"role":"tool"},"content":{"content_type":"text","parts":["tool says"]}}},
"n5":{"id":"n5","parent":"n4","children":[],"message":{"author":{"role":"assistant"},"content":{"content_type":"text","parts":["A cat"]}}}}},
{"id":"c2","title":"empty","create_time":1793610000,"current_node":"x","mapping":{"x":{"id":"x","parent":"x","children":[],"message":null}}}]`,
		want: []audit.Task{
			{ID: "m1", Timestamp: at("2026-11-02T09:00:01Z"), Model: "gpt-5-thinking", Provider: "openai", Prompt: "Hello?", Response: "Hai", Cluster: "c1"},
			{
				ID: "m3", Timestamp: at("2026-11-02T09:00:00.5Z"), Model: "gpt-5", Provider: "openai", Prompt: "And this?", Response: "A cat", Cluster: "c1",
				Conversation: []audit.Message{{Role: "user", Content: "Hello?"}, {Role: "assistant", Content: "Hai"}},
			},
		},
		filtered: map[string]int{"conversations without a turn of the user": 1},
	},
	{
		format: "claude", container: "json", text: `[{"uuid":"u1","name":"Mail","created_at":"2026-11-02T09:00:00Z","chat_messages":[{"uuid":"m1","sender":"human","text":"Shorten this","created_at":"2026-11-02T09:00:01Z","attachments":[{"file_name":"mail.txt","extracted_content":"Dear all"}]},{"uuid":"m2","sender":"assistant","text":"","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Done."}]},{"uuid":"m3","sender":"human","text":"","content":[{"type":"text","text":"Shorter"}]}]}]`,
		want: []audit.Task{
			{ID: "m1", Timestamp: at("2026-11-02T09:00:01Z"), Provider: "anthropic", Prompt: "Shorten this\n\n[mail.txt]\nDear all", Response: "Done.", Cluster: "u1"},
			{
				ID: "m3", Timestamp: at("2026-11-02T09:00:00Z"), Provider: "anthropic", Prompt: "Shorter", Cluster: "u1",
				Conversation: []audit.Message{{Role: "user", Content: "Shorten this\n\n[mail.txt]\nDear all"}, {Role: "assistant", Content: "Done."}},
			},
		},
	},
}

func TestExportsAreRecognisedByContent(t *testing.T) {
	t.Parallel()
	for _, export := range exports {
		t.Run(export.format+" in "+export.container, func(t *testing.T) {
			t.Parallel()
			tasks, report := readTasks(t, write(t, export.text), Options{})
			if container := cmp0(report.Container, report.Format); report.Format != export.format || container != export.container {
				t.Errorf("read as %s in %s", report.Format, container)
			}
			for i := range tasks {
				tasks[i] = bare(tasks[i])
			}
			if diff := cmp.Diff(export.want, tasks); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(export.filtered, report.FilteredReasons); diff != "" {
				t.Errorf("filtered (-want +got):\n%s", diff)
			}
			if report.Rejected > 0 || report.Rows != report.Imported+report.Filtered {
				t.Errorf("report: %+v", report)
			}
		})
	}
}

func cmp0(first, second string) string {
	if first == "" {
		return second
	}
	return first
}

// packed are the ways in which a text may be stored.
var packed = map[string]func(t testing.TB, text string) []byte{
	"gzip": func(t testing.TB, text string) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	},
	"zstd": func(t testing.TB, text string) []byte {
		w, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		return w.EncodeAll([]byte(text), nil)
	},
	"zip": func(t testing.TB, text string) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for name, content := range map[string]string{"export/conversations.json": text, "export/user.json": "{}"} {
			part, err := w.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	},
}

func TestExportsAreReadPacked(t *testing.T) {
	t.Parallel()
	for _, export := range exports {
		for name, pack := range packed {
			t.Run(export.format+" "+name, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "export.bin")
				if err := os.WriteFile(path, pack(t, export.text), 0o600); err != nil {
					t.Fatal(err)
				}
				if name == "zip" {
					path += "/export/conversations.json"
				}
				tasks, report := readTasks(t, path, Options{})
				if len(tasks) != len(export.want) || report.Format != export.format || (name != "zip" && report.Compression != name) {
					t.Errorf("%d tasks, %+v; want %d", len(tasks), report, len(export.want))
				}
			})
		}
	}
}

const (
	openRouterActivity = `{"data":[{"date":"2026-11-01","model":"openai/gpt-5","provider_name":"OpenAI","usage":1.42,"requests":210,"prompt_tokens":90000,"completion_tokens":31000},{"date":"2026-12-01","model":"deepseek/deepseek-chat","usage":0.08,"byok_usage_inference":0.02,"requests":95,"prompt_tokens":40000,"completion_tokens":9000}]}`
	openAIPages        = `{"data":[{"start_time":1793577600,"end_time":1793664000,"results":[{"input_tokens":1000,"input_cached_tokens":400,"output_tokens":500,"num_model_requests":5,"model":"gpt-5","batch":false},{"input_tokens":90,"output_tokens":30,"num_model_requests":2,"model":"gpt-5-mini"}]}],"has_more":false}`
)

func TestReadSpend(t *testing.T) {
	t.Parallel()
	november := at("2026-11-01T00:00:00Z")
	cases := []struct {
		name, format, text string
		want               []audit.SpendEntry
	}{
		{"OpenRouter's API", "openrouter", openRouterActivity, []audit.SpendEntry{
			{Start: november, Model: "openai/gpt-5", Provider: "OpenAI", Spend: audit.Spend{Requests: new(int64(210)), InputTokens: new(int64(90000)), OutputTokens: new(int64(31000)), Cost: nano(1_420_000_000)}},
			{Start: at("2026-12-01T00:00:00Z"), Model: "deepseek/deepseek-chat", Spend: audit.Spend{Requests: new(int64(95)), InputTokens: new(int64(40000)), OutputTokens: new(int64(9000)), Cost: nano(100_000_000)}},
		}},
		{"OpenRouter's CSV", "openrouter", "Date,Model,Spend ($),Tokens,Requests\n2026-11-01,openai/gpt-5,$1.42,121000,210\n", []audit.SpendEntry{
			{Start: november, Model: "openai/gpt-5", Spend: audit.Spend{Requests: new(int64(210)), Cost: nano(1_420_000_000)}},
		}},
		{"OpenAI's usage", "openai-usage", openAIPages, []audit.SpendEntry{
			{Start: at("2026-11-02T00:00:00Z"), Model: "gpt-5", Provider: "openai", Detail: "batch=false", Spend: audit.Spend{Requests: new(int64(5)), InputTokens: new(int64(1000)), CachedTokens: new(int64(400)), OutputTokens: new(int64(500))}},
			{Start: at("2026-11-02T00:00:00Z"), Model: "gpt-5-mini", Provider: "openai", Spend: audit.Spend{Requests: new(int64(2)), InputTokens: new(int64(90)), OutputTokens: new(int64(30))}},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, c.text)
			var entries []audit.SpendEntry
			report, err := ReadSpend(t.Context(), path, Options{}, func(entry audit.SpendEntry) error {
				entries = append(entries, entry)
				return nil
			})
			if err != nil || report.Format != c.format || report.Imported != len(c.want) {
				t.Errorf("%+v, %v", report, err)
			}
			if diff := cmp.Diff(c.want, entries); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			if _, err := ReadTasks(t.Context(), path, Options{}, func(audit.Task) (Outcome, error) { return Imported, nil }); !errors.Is(err, ErrSpend) {
				t.Errorf("read as tasks: %v, want %v", err, ErrSpend)
			}
		})
	}
}

func TestRejectedRecordsOfAnExportKeepTheirColumns(t *testing.T) {
	t.Parallel()
	const header = "response_id,request_created_at,request_body,model,prompt_tokens,latency,cost"
	path := write(t, header+"\nh1,2026-11-02T09:00:00Z,\"{\"\"prompt\"\":\"\"a\"\"}\",gpt-5,many,820,0.1\nh2,2026-11-02T09:00:00Z\nh3,soon,\"{\"\"prompt\"\":\"\"a\"\"}\",gpt-5,1,820,0.1\nh4,2026-11-02T09:00:00Z,\"{\"\"prompt\"\":\"\"b\"\"}\",gpt-5,1,820,0.1\n")
	tasks, report := readTasks(t, path, Options{})
	if len(tasks) != 1 || tasks[0].Prompt != "b" || report.Rejected != 3 {
		t.Fatalf("%d tasks, %+v", len(tasks), report)
	}
	rows := readRejects(t, path)
	want := [][]string{
		{"h1", "2026-11-02T09:00:00Z", `{"prompt":"a"}`, "gpt-5", "many", "820", "0.1", "2", "input_tokens", `input_tokens: "many" is not a number; leave it empty where it is not known`, ""},
		{"h2", "2026-11-02T09:00:00Z", "", "", "", "", "", "3", "", `has 2 of 7 fields, without "request_body", "model", "prompt_tokens", "latency", "cost"; write empty fields too, and put text with line breaks in quotes`, ""},
		{"h3", "soon", `{"prompt":"a"}`, "gpt-5", "1", "820", "0.1", "4", "timestamp", `timestamp: "soon" is not a time; write it like 2026-11-02T09:00:00Z`, ""},
	}
	if diff := cmp.Diff(append([][]string{append(strings.Split(header, ","), rejectColumns...)}, want...), rows); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	// Of JSON the record is kept as it is, and one that is broken does not spoil the next.
	path = write(t, `[{"response_id":"h1","request_created_at":"soon","request_body":{"prompt":"a"}},{"response_id":"h2","request_body":{"prompt":"b"},},{"response_id":"h3","request_body":{"prompt":"c"}}]`)
	tasks, report = readTasks(t, path, Options{})
	if len(tasks) != 1 || tasks[0].ID != "h3" || report.Rejected != 2 {
		t.Fatalf("%d tasks, %+v", len(tasks), report)
	}
	if rows := readRejects(t, path); rows[0][0] != "json" || rows[1][0] != `{"response_id":"h1","request_created_at":"soon","request_body":{"prompt":"a"}}` || rows[2][0] != `{"response_id":"h2","request_body":{"prompt":"b"},}` {
		t.Errorf("rejects are %q", rows)
	}
}

func TestUserMappingGoesBeforeAnExports(t *testing.T) {
	t.Parallel()
	text := `{"id":"o1","trace_id":"t1","type":"SPAN","start_time":"2026-11-02 09:00:00","metadata":{"team":"red","ask":[{"role":"user","content":"Mapped"}]},"input":"Own","usage_details":{}}`
	tasks, report := readTasks(t, write(t, text), Options{Map: map[string]string{"prompt": "metadata.ask", "team": "metadata.team", "user": "metadata.nobody"}})
	if len(tasks) != 1 || tasks[0].Prompt != "Mapped" || tasks[0].Team != "red" || report.Mapped["prompt"] != "metadata.ask" {
		t.Errorf("%+v, %+v", tasks, report)
	}
	if len(report.Warnings) != 1 || report.Warnings[0] != "--map user=metadata.nobody: no record has it" {
		t.Errorf("warnings are %q", report.Warnings)
	}
	path := write(t, "response_id,request_created_at,request_body\nh,2026-11-02T09:00:00Z,x\n")
	_, err := ReadTasks(t.Context(), path, Options{Map: map[string]string{"team": "nothing"}}, func(audit.Task) (Outcome, error) { return Imported, nil })
	if err == nil || !strings.Contains(err.Error(), `there is no column "nothing"; there are "response_id"`) {
		t.Errorf("got %v", err)
	}
}

func TestForcedFormats(t *testing.T) {
	t.Parallel()
	// Without its marks a tool's export is read as what it is said to be.
	text := `{"id":"o1","start_time":"2026-11-02 09:00:00","input":[{"role":"user","content":"Ask"}],"model":"gpt-5","latency":2}`
	tasks, report := readTasks(t, write(t, text), Options{Format: "langfuse"})
	if len(tasks) != 1 || report.Format != "langfuse" || *tasks[0].LatencyMS != 2000 {
		t.Errorf("%+v, %+v", tasks, report)
	}
	for format, want := range map[string]string{"xlsx": "is not xlsx", "parquet": "is not parquet", "openrouter": "is an account of spend"} {
		_, err := ReadTasks(t.Context(), write(t, text), Options{Format: format}, func(audit.Task) (Outcome, error) { return Imported, nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--format %s: got %v, want it to say %q", format, err, want)
		}
	}
	// A list forced to be plain JSON is not taken for an export.
	tasks, report = readTasks(t, write(t, `[{"id":"o1","trace_id":"t","type":"SPAN","usage_details":{},"input":"x"}]`), Options{Format: JSON})
	if len(tasks) != 1 || report.Format != JSON {
		t.Errorf("%+v, %+v", tasks, report)
	}
	for _, format := range Formats() {
		if format != Auto && format != CSV && format != JSONL && format != JSON && format != XLSX && format != Parquet && dialectNamed(format) == nil {
			t.Errorf("%s names nothing", format)
		}
	}
	if len(Formats()) != 16 {
		t.Errorf("formats are %q", Formats())
	}
}
