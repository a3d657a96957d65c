package ingest

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"modeltrial/audit"
)

// otel reads OpenTelemetry spans of calls of models as OTLP JSON. The conventions
// for them are not stable: old, new, flattened and OpenInference names are read, and
// texts that stand in log records instead of spans.
var otel = &dialect{
	name:   "otel",
	is:     func(s *shape) bool { return s.hasOne("resource_spans", "resource_logs") },
	within: [][]string{{"resourceSpans", anyElement, "scopeSpans", anyElement, "spans", anyElement}},
	keep:   []string{"resource"},
	draft:  draftSpan,
}

// logRecords is where log records lie beside the spans.
var logRecords = [][]string{{"resourceLogs", anyElement, "scopeLogs", anyElement, "logRecords", anyElement}}

// attributes are a span's attributes by name, each as text or JSON.
type attributes map[string]gjson.Result

// readAttributes reads a list of OTLP attributes.
func readAttributes(list gjson.Result) attributes {
	found := attributes{}
	list.ForEach(func(_, attribute gjson.Result) bool {
		found[attribute.Get("key").String()] = gjson.Parse(anyValue(attribute.Get("value"), 0))
		return true
	})
	return found
}

// anyValue makes plain JSON of an OTLP AnyValue. An intValue may be a string.
func anyValue(value gjson.Result, depth int) string {
	if depth > 2*mostNested {
		return "null"
	}
	result := "null"
	value.ForEach(func(key, inner gjson.Result) bool {
		switch key.Str {
		case "stringValue", "boolValue", "doubleValue", "bytesValue":
			result = inner.Raw
		case "intValue":
			result = inner.Raw
			if inner.Type == gjson.String {
				result = quoteJSON(inner.Str)
			}
		case "arrayValue":
			var items []string
			inner.Get("values").ForEach(func(_, item gjson.Result) bool {
				items = append(items, anyValue(item, depth+1))
				return true
			})
			result = "[" + strings.Join(items, ",") + "]"
		case "kvlistValue":
			var items []string
			inner.Get("values").ForEach(func(_, item gjson.Result) bool {
				items = append(items, quoteJSON(item.Get("key").String())+":"+anyValue(item.Get("value"), depth+1))
				return true
			})
			result = "{" + strings.Join(items, ",") + "}"
		}
		return false
	})
	return result
}

func quoteJSON(text string) string { return string(gjson.AppendJSONString(nil, text)) }

// first gives the first of the attributes that holds anything.
func (a attributes) first(names ...string) (gjson.Result, string) {
	for _, name := range names {
		if value := a[name]; present(value) {
			return value, name
		}
	}
	return gjson.Result{}, ""
}

func (a attributes) take(d *draft, field string, names ...string) {
	value, from := a.first(names...)
	d.set(field, fieldText(value), from)
}

func draftSpan(r *record) []*draft {
	span := gjson.Parse(r.raw)
	d := newDraft()
	trace, id := span.Get("traceId").String(), span.Get("spanId").String()
	d.set("id", trace+":"+id, "traceId and spanId")
	a := readAttributes(span.Get("attributes"))
	d.set("timestamp", span.Get("startTimeUnixNano").String(), "startTimeUnixNano")
	d.set("latency_ms", r.between([]string{"start_time_unix_nano"}, []string{"end_time_unix_nano"}), "endTimeUnixNano - startTimeUnixNano")
	d.set("cluster", trace, "traceId")
	if why := notModelCall(a); why != "" {
		d.filtered = why
		return []*draft{d}
	}
	texts := spanTexts(span, a)
	if r.logs != nil {
		texts.merge(r.logs.take(trace, id))
	}
	d.measures(a)
	d.texts(texts)
	for name, value := range readAttributes(gjson.Parse(r.kept("resource")).Get("attributes")) {
		if name == "service.name" || name == "deployment.environment" || name == "deployment.environment.name" {
			d.note(name, fieldText(value))
		}
	}
	d.note("span", span.Get("name").String())
	failed := span.Get("status.code").Int() == 2 || span.Get("status.code").Str == "STATUS_CODE_ERROR"
	d.withoutText(failed, "spans of model calls without text (recording it is opt-in)")
	return []*draft{d}
}

// measures reads what a call says of itself beside its texts.
func (d *draft) measures(a attributes) {
	a.take(d, "team", "team", "team.id", "team.name")
	a.take(d, "user", "user.id", "enduser.id", "gen_ai.user.id")
	a.take(d, "model", "gen_ai.request.model", "gen_ai.response.model", "llm.model_name")
	a.take(d, "provider", "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
	a.take(d, "cluster", "gen_ai.conversation.id", "session.id")
	a.take(d, "tags", "tag.tags")
	a.take(d, "input_tokens", "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens")
	a.take(d, "output_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion", "llm.usage.completion_tokens")
	a.take(d, "cached_tokens", "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "llm.token_count.prompt_details.cache_read")
	a.take(d, "cache_write_tokens", "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens", "llm.token_count.prompt_details.cache_write")
	a.take(d, "reasoning_tokens", "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "llm.token_count.completion_details.reasoning")
	a.take(d, "cost_usd", "gen_ai.usage.cost", "gen_ai.usage.total_cost", "llm.cost.total")
	a.take(d, "ttft_s", "gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token")
}

// notModelCall says why a span is no call of a model, empty for one that is.
func notModelCall(a attributes) string {
	if kind := a["openinference.span.kind"].String(); kind != "" && !strings.EqualFold(kind, "LLM") {
		return "spans that are no call of a model (" + kind + ")"
	}
	if operation := a["gen_ai.operation.name"].String(); slices.Contains([]string{"embeddings", "execute_tool", "invoke_agent", "create_agent", "retrieval", "invoke_workflow"}, operation) {
		return "spans that are no call of a model (" + operation + ")"
	}
	for name := range a {
		if strings.HasPrefix(name, "gen_ai.") || strings.HasPrefix(name, "llm.") {
			return ""
		}
	}
	if present(a["openinference.span.kind"]) {
		return ""
	}
	return "spans that are no call of a model"
}

// callTexts are the texts of one call, as JSON that readChat and readAnswer know.
type callTexts struct {
	system, input, output gjson.Result
	from                  string
	messages              []audit.Message // of events, one each
	answer                string
	attributes            attributes // of log records
	time                  string     // of the first log record
}

// merge adds what log records say to what a span leaves out.
func (t *callTexts) merge(other *callTexts) {
	if other == nil {
		return
	}
	if !present(t.input) && len(t.messages) == 0 {
		t.input, t.messages, t.from = other.input, other.messages, other.from
	}
	if !present(t.system) {
		t.system = other.system
	}
	if !present(t.output) && t.answer == "" {
		t.output, t.answer = other.output, other.answer
	}
}

// spanTexts finds the texts in a span's attributes and events.
func spanTexts(span gjson.Result, a attributes) *callTexts {
	t := &callTexts{}
	t.attributesOf(a)
	span.Get("events").ForEach(func(_, event gjson.Result) bool {
		inner := readAttributes(event.Get("attributes"))
		t.event(event.Get("name").String(), gjson.Result{}, inner)
		return true
	})
	return t
}

// attributesOf takes texts out of attributes, the new names before the old ones.
func (t *callTexts) attributesOf(a attributes) {
	if !present(t.system) {
		t.system, _ = a.first("gen_ai.system_instructions")
	}
	if !present(t.input) {
		t.input, t.from = a.first("gen_ai.input.messages", "gen_ai.prompt", "gen_ai.request.messages")
	}
	if !present(t.input) {
		t.input, t.from = a.flattened("gen_ai.prompt.", "llm.input_messages.")
	}
	if !present(t.input) {
		t.input, t.from = a.first("input.value", "llm.prompts", "traceloop.entity.input")
	}
	if !present(t.output) {
		t.output, _ = a.first("gen_ai.output.messages", "gen_ai.completion")
	}
	if !present(t.output) {
		t.output, _ = a.flattened("gen_ai.completion.", "llm.output_messages.")
	}
	if !present(t.output) {
		t.output, _ = a.first("output.value", "traceloop.entity.output")
	}
}

// mostFlattened bounds the index of a flattened list.
const mostFlattened = 10_000

// flattened puts gen_ai.prompt.0.role, gen_ai.prompt.0.content and so on back into a
// list of messages, whichever of the prefixes they have.
func (a attributes) flattened(prefixes ...string) (gjson.Result, string) {
	for _, prefix := range prefixes {
		type message struct {
			role, content string
			parts         map[string]string
		}
		messages := map[int]*message{}
		for name, value := range a {
			rest, ok := strings.CutPrefix(name, prefix)
			if !ok {
				continue
			}
			index, key, _ := strings.Cut(rest, ".")
			at, err := strconv.Atoi(index)
			if err != nil || at < 0 || at > mostFlattened {
				continue
			}
			if messages[at] == nil {
				messages[at] = &message{parts: map[string]string{}}
			}
			switch key = strings.TrimPrefix(key, "message."); {
			case key == "role":
				messages[at].role = value.String()
			case key == "content":
				messages[at].content = contentText(unwrap(value), 0)
			case strings.HasPrefix(key, "contents.") && strings.HasSuffix(key, ".message_content.text"):
				messages[at].parts[key] = value.String()
			}
		}
		var list []audit.Message
		for _, at := range slices.Sorted(maps.Keys(messages)) {
			m := messages[at]
			for _, key := range slices.Sorted(maps.Keys(m.parts)) {
				m.content = join(m.content, m.parts[key])
			}
			list = append(list, audit.Message{Role: m.role, Content: m.content})
		}
		if text, err := json.Marshal(list); err == nil && len(list) > 0 {
			return gjson.ParseBytes(text), prefix + "N"
		}
	}
	return gjson.Result{}, ""
}

// event takes the texts of a span's event or of a log record.
func (t *callTexts) event(name string, body gjson.Result, a attributes) {
	t.attributesOf(a)
	content := body.Get("content")
	if !content.Exists() {
		content = a["content"]
	}
	if !content.Exists() && body.Type == gjson.String {
		content = body
	}
	role, isMessage := strings.CutSuffix(strings.TrimPrefix(name, "gen_ai."), ".message")
	switch {
	case name == "gen_ai.choice":
		message := body.Get("message")
		if !message.Exists() {
			message = a["message"]
		}
		if text := readAnswer(message); text != "" && t.answer == "" {
			t.answer = text
		}
	case isMessage && strings.HasPrefix(name, "gen_ai."):
		t.messages = append(t.messages, audit.Message{Role: role, Content: contentText(unwrap(content), 0)})
		t.from = "events " + name
	case body.IsObject():
		inner := attributes{}
		body.ForEach(func(key, value gjson.Result) bool {
			inner[key.Str] = value
			return true
		})
		t.attributesOf(inner)
	}
}

// texts gives a task the texts of its call.
func (d *draft) texts(t *callTexts) {
	c := chat{}
	if present(t.system) {
		c.add("system", contentText(unwrap(t.system), 0))
	}
	if present(t.input) {
		c.request(unwrap(t.input), 0)
	} else {
		for _, message := range t.messages {
			c.add(message.Role, message.Content)
		}
	}
	c.settle()
	d.chat(c, t.from)
	answer := readAnswer(t.output)
	if answer == "" {
		answer = t.answer
	}
	if answer == "" {
		answer = c.answer
	}
	d.set("response", answer, "output messages")
}

// otelLogs are the texts of log records by the span that they belong to.
type otelLogs struct {
	bySpan map[string]*callTexts
	order  []string
	size   int
	left   int // records beyond what is kept
}

// maxLogText bounds the text of log records that is kept for their spans.
const maxLogText = 32 << 20

// readLogs collects the log records of a file that hold texts of calls.
func readLogs(walk func(paths [][]string) (*walkers, error)) (*otelLogs, error) {
	logs := &otelLogs{bySpan: map[string]*callTexts{}}
	records, err := walk(logRecords)
	if err != nil {
		return nil, err
	}
	for {
		value, _, err := records.next()
		if err == io.EOF {
			return logs, nil
		}
		if _, bad := asFault(err); bad {
			continue // is said when the spans are read
		}
		if err != nil {
			return nil, err
		}
		if json.Valid(value) {
			logs.add(gjson.Parse(string(value)))
		}
	}
}

func (l *otelLogs) add(record gjson.Result) {
	a := readAttributes(record.Get("attributes"))
	name := record.Get("eventName").String()
	if name == "" {
		name = a["event.name"].String()
	}
	if !strings.HasPrefix(name, "gen_ai.") {
		return
	}
	l.size += len(record.Raw)
	if l.size > maxLogText {
		l.left++
		return
	}
	key := record.Get("traceId").String() + ":" + record.Get("spanId").String()
	if record.Get("spanId").String() == "" {
		key = "log:" + strconv.Itoa(len(l.order)) // belongs to no span
	}
	t := l.bySpan[key]
	if t == nil {
		t = &callTexts{attributes: attributes{}, time: record.Get("timeUnixNano").String()}
		if t.time == "" || t.time == "0" {
			t.time = record.Get("observedTimeUnixNano").String()
		}
		l.bySpan[key] = t
		l.order = append(l.order, key)
	}
	for name, value := range a {
		t.attributes[name] = value
	}
	t.event(name, gjson.Parse(anyValue(record.Get("body"), 0)), a)
}

// take gives the texts for a span and keeps them no longer.
func (l *otelLogs) take(trace, span string) *callTexts {
	key := trace + ":" + span
	t := l.bySpan[key]
	delete(l.bySpan, key)
	return t
}

// rest makes tasks of log records whose spans are not in the file.
func (l *otelLogs) rest() (drafts []*draft) {
	for _, key := range l.order {
		t, ok := l.bySpan[key]
		if !ok {
			continue
		}
		d := newDraft()
		trace, _, _ := strings.Cut(key, ":")
		d.set("id", key, "traceId and spanId")
		d.set("timestamp", t.time, "timeUnixNano")
		d.set("cluster", trace, "traceId")
		d.measures(t.attributes)
		d.texts(t)
		d.withoutText(false, "log records of model calls without text")
		drafts = append(drafts, d)
	}
	for range l.left {
		d := newDraft()
		d.filtered = "log records beyond what is joined with spans at once"
		drafts = append(drafts, d)
	}
	return drafts
}
