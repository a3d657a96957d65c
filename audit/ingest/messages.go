package ingest

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"modeltrial/audit"
)

// A chat is what a request to a model holds: the task is the last turn of the user,
// what was said before is its conversation.
type chat struct {
	system       string
	conversation []audit.Message
	prompt       string
	answer       string // what the assistant said after the prompt, where the list has that too
	left         int    // tool calls, tool results and empty turns, which are no text
}

// mostNested bounds how deep in objects text is looked for.
const mostNested = 8

// textJSON parses text that is JSON: an object or a list. Quotes that an export
// doubled twice over are made single. Other text gives no result.
func textJSON(text string) (gjson.Result, bool) {
	text = strings.TrimSpace(text)
	if text == "" || (text[0] != '{' && text[0] != '[') {
		return gjson.Result{}, false
	}
	if json.Valid([]byte(text)) { // bounds the depth too
		return gjson.Parse(text), true
	}
	if single := strings.ReplaceAll(text, `""`, `"`); len(single) < len(text) && json.Valid([]byte(single)) {
		return gjson.Parse(single), true
	}
	return gjson.Result{}, false
}

// unwrap parses a string that holds JSON.
func unwrap(value gjson.Result) gjson.Result {
	if value.Type == gjson.String {
		if inner, ok := textJSON(value.Str); ok {
			return inner
		}
	}
	return value
}

// present says whether a value holds anything: {} and [] are how some logs write
// that a text was not kept.
func present(value gjson.Result) bool {
	switch {
	case value.Type == gjson.String:
		return strings.TrimSpace(value.Str) != ""
	case value.IsObject(), value.IsArray():
		some := false
		value.ForEach(func(_, _ gjson.Result) bool { some = true; return false })
		return some
	}
	return value.Exists() && value.Type != gjson.Null
}

// readChat reads the text of a request: a list of messages, the body of a request to
// one of the usual APIs, or text alone.
func readChat(value gjson.Result) chat {
	var c chat
	c.request(unwrap(value), 0)
	c.settle()
	return c
}

// ReadRequest reads the body of a request to a model, which has to be valid JSON, as an
// import reads a logged one: the prompt, the system prompt and the conversation before.
func ReadRequest(body []byte) audit.Task {
	c := readChat(gjson.ParseBytes(body))
	return audit.Task{System: c.system, Conversation: c.conversation, Prompt: c.prompt}
}

// request reads a request's body.
func (c *chat) request(value gjson.Result, depth int) {
	if !present(value) || depth > mostNested {
		return
	}
	switch {
	case value.IsArray():
		value.ForEach(func(_, message gjson.Result) bool {
			c.message(unwrap(message), depth+1)
			return true
		})
	case value.IsObject():
		c.body(value, depth)
	default:
		c.add("user", value.String())
	}
}

// systemKeys and requestKeys are where bodies keep instructions and messages.
var (
	systemKeys  = []string{"system", "instructions", "system_instruction", "systemInstruction"}
	requestKeys = []string{"messages", "contents", "input", "prompt", "prompts", "question", "query", "inputs", "text", "content"}
)

func (c *chat) body(value gjson.Result, depth int) {
	if value.Get("role").Exists() || value.Get("kwargs").Exists() {
		c.message(value, depth+1)
		return
	}
	for _, key := range systemKeys {
		if text := contentText(value.Get(key), depth+1); text != "" {
			c.add("system", text)
		}
	}
	for _, key := range requestKeys {
		if inner := unwrap(value.Get(key)); present(inner) {
			c.request(inner, depth+1)
			return
		}
	}
	// An object without any of the usual keys, such as a template's variables, is the
	// task as it stands.
	c.add("user", value.Raw)
}

// message reads one message, or a list of them.
func (c *chat) message(value gjson.Result, depth int) {
	if depth > mostNested {
		return
	}
	if value.IsArray() { // a batch: a list of lists
		c.request(value, depth+1)
		return
	}
	if !value.IsObject() {
		c.add("user", value.String())
		return
	}
	if inner := value.Get("message"); inner.IsObject() && !value.Get("role").Exists() {
		value = inner
	}
	role := value.Get("role").String()
	body := value
	if kwargs := value.Get("kwargs"); kwargs.IsObject() { // LangChain's serialised messages
		body = kwargs
		if role == "" {
			role = cmp.Or(kwargs.Get("type").String(), langChainRole(value.Get("id")))
		}
	} else if data := value.Get("data"); data.IsObject() && role == "" {
		body = data
	}
	if role == "" {
		role = value.Get("type").String()
	}
	c.add(role, contentText(body, depth+1))
}

// langChainRole is the role that the class of a message says.
func langChainRole(id gjson.Result) string {
	role := ""
	id.ForEach(func(_, part gjson.Result) bool { role = part.String(); return true })
	return strings.TrimSuffix(strings.TrimSuffix(role, "Chunk"), "Message")
}

// add takes one turn in. Roles are named in several ways.
func (c *chat) add(role, text string) {
	switch strings.ToLower(role) {
	case "system", "developer":
		if text != "" {
			c.system = join(c.system, text)
		}
		return
	case "assistant", "ai", "model":
		role = "assistant"
	case "tool", "function", "function_call", "function_call_output", "toolresult", "reasoning":
		c.left++
		return
	default:
		role = "user"
	}
	if strings.TrimSpace(text) == "" {
		c.left++
		return
	}
	c.conversation = append(c.conversation, audit.Message{Role: role, Content: text})
}

// settle makes the last turn of the user the prompt.
func (c *chat) settle() {
	turns := c.conversation
	c.conversation = nil
	at := len(turns) - 1
	for at >= 0 && turns[at].Role != "user" {
		at--
	}
	if at < 0 {
		for _, turn := range turns {
			c.answer = join(c.answer, turn.Content)
		}
		if c.prompt = c.system; len(turns) == 0 || c.prompt != "" {
			c.system = ""
		}
		return
	}
	for _, turn := range turns[at+1:] {
		c.answer = join(c.answer, turn.Content)
	}
	first := at // several messages of the user in a row are one turn
	for first > 0 && turns[first-1].Role == "user" {
		first--
	}
	for _, turn := range turns[first : at+1] {
		c.prompt = join(c.prompt, turn.Content)
	}
	if first > 0 {
		c.conversation = turns[:first]
	}
}

func join(before, text string) string {
	if before == "" {
		return text
	}
	return before + "\n\n" + text
}

// contentText is the text of a message's content: a string, or the parts of type
// text of a list. Images and other parts have none.
func contentText(value gjson.Result, depth int) string {
	if depth > mostNested {
		return ""
	}
	switch {
	case value.Type == gjson.String:
		return value.Str
	case value.IsArray():
		text := ""
		value.ForEach(func(_, part gjson.Result) bool {
			if inner := contentText(part, depth+1); inner != "" {
				text = join(text, inner)
			}
			return true
		})
		return text
	case value.IsObject():
		if kind := value.Get("type").Str; kind == "reasoning" || kind == "thinking" {
			return ""
		}
		for _, key := range []string{"content", "parts", "text", "value", "output_text"} {
			if inner := value.Get(key); present(inner) {
				if text := contentText(inner, depth+1); text != "" {
					return text
				}
			}
		}
	}
	return ""
}

// answerKeys are where the bodies of answers keep the text.
var answerKeys = []string{
	"choices", "message", "content", "candidates", "output", "outputs", "generations", "messages", "parts", "text", "output_text",
	"completion", "response", "answer", "result", "delta", "kwargs", "data",
}

// readAnswer is the text of an answer: text alone, a message, a list of them, or the
// body of a response of one of the usual APIs. Of an answer that is a call of tools
// alone it is that call as JSON.
func readAnswer(value gjson.Result) string {
	value = unwrap(value)
	if text := answerText(value, 0); text != "" {
		return text
	}
	for _, path := range []string{"choices.0.message.tool_calls", "message.tool_calls", "tool_calls", "0.tool_calls", "kwargs.tool_calls"} {
		if calls := value.Get(path); present(calls) {
			return calls.Raw
		}
	}
	return ""
}

func answerText(value gjson.Result, depth int) string {
	if depth > mostNested || !present(value) {
		return ""
	}
	switch {
	case value.IsArray():
		return answerList(value, depth)
	case !value.IsObject():
		return value.String()
	}
	if t := value.Get("type").String(); t == "reasoning" || t == "thinking" || t == "tool_use" || t == "tool_call" || t == "function_call" {
		return ""
	}
	for _, key := range answerKeys {
		if inner := unwrap(value.Get(key)); present(inner) {
			if text := answerText(inner, depth+1); text != "" {
				return text
			}
		}
	}
	return ""
}

// answerList is the text of a list: of messages the last one of the assistant, of
// alternatives the first, of the parts of one answer all of them.
func answerList(value gjson.Result, depth int) string {
	parts, last, first := "", "", ""
	messages := false
	value.ForEach(func(_, item gjson.Result) bool {
		text := answerText(item, depth+1)
		role := strings.ToLower(item.Get("role").String())
		switch {
		case role == "assistant" || role == "ai" || role == "model":
			messages, last = true, cmp.Or(text, last)
		case role != "":
			messages = true
		case item.Get("index").Exists() || item.Get("finish_reason").Exists() || item.Get("finishReason").Exists() || item.IsArray():
			first = cmp.Or(first, text)
		case text != "":
			parts = join(parts, text)
		}
		return true
	})
	if messages {
		return last
	}
	return cmp.Or(first, parts)
}

// looksLikeChat says whether text is a list of messages or the body of a request,
// and not a text that happens to be JSON.
func looksLikeChat(text string) (gjson.Result, bool) {
	if text == "" || (text[0] != '[' && text[0] != '{') {
		return gjson.Result{}, false
	}
	value, ok := textJSON(text)
	if !ok {
		return value, false
	}
	if value.IsObject() {
		inner := value.Get("messages")
		return value, inner.IsArray() && allMessages(inner)
	}
	return value, allMessages(value)
}

func allMessages(list gjson.Result) bool {
	some := false
	list.ForEach(func(_, item gjson.Result) bool {
		some = item.Get("role").Type == gjson.String && (item.Get("content").Exists() || item.Get("parts").Exists() || item.Get("tool_calls").Exists())
		return some
	})
	return some
}
