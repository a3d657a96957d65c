package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"modeltrial/audit"
)

// chatGPT reads the conversations of a ChatGPT account's export. Each turn of the
// user is a task, with what was said before it.
var chatGPT = &dialect{
	name:   "chatgpt",
	is:     func(s *shape) bool { return s.has("mapping") && s.hasOne("current_node", "create_time", "title") },
	within: [][]string{{"conversations", anyElement}},
	draft:  draftChatGPT,
}

// claude reads the conversations of a Claude account's export.
var claude = &dialect{
	name:   "claude",
	is:     func(s *shape) bool { return s.has("chat_messages") },
	within: [][]string{{"conversations", anyElement}},
	draft:  draftClaude,
}

// A turn is a message of a conversation.
type turn struct {
	id, role, text, model, time string
}

// draftTurns makes a task of each turn of the user.
func draftTurns(conversation, title, provider string, turns []turn) []*draft {
	var drafts []*draft
	var before []audit.Message
	for i := 0; i < len(turns); {
		if turns[i].role != "user" {
			before = append(before, audit.Message{Role: "assistant", Content: turns[i].text})
			i++
			continue
		}
		asked, answered := turns[i], turn{}
		for i++; i < len(turns) && turns[i].role == "user"; i++ { // one turn in several messages
			asked.text = join(asked.text, turns[i].text)
		}
		first := i
		for ; i < len(turns) && turns[i].role != "user"; i++ {
			if turns[i].text != "" {
				answered.text = join(answered.text, turns[i].text)
			}
			answered.model = turns[i].model
		}
		d := newDraft()
		d.set("id", asked.id, "message id")
		if asked.id == "" {
			d.set("id", fmt.Sprintf("%s/%d", conversation, len(drafts)+1), "conversation id and turn")
		}
		d.chat(chat{conversation: before, prompt: asked.text}, "messages")
		d.set("response", answered.text, "messages")
		d.set("timestamp", asked.time, "message time")
		d.set("model", cmp.Or(answered.model, asked.model), "model slug")
		d.set("provider", provider, "the export's kind")
		d.set("cluster", conversation, "conversation id")
		d.note("title", title)
		d.note("turn", strconv.Itoa(len(drafts)+1))
		d.withoutText(false, "turns of the user without text, such as images")
		drafts = append(drafts, d)
		for _, said := range append([]turn{asked}, turns[first:i]...) {
			if said.text != "" {
				before = append(before, audit.Message{Role: said.role, Content: said.text})
			}
		}
	}
	if len(drafts) == 0 {
		d := newDraft()
		d.filtered = "conversations without a turn of the user"
		drafts = append(drafts, d)
	}
	return drafts
}

func draftChatGPT(r *record) []*draft {
	mapping, _ := r.get("mapping")
	nodes := map[string]gjson.Result{}
	mapping.ForEach(func(key, node gjson.Result) bool {
		nodes[key.Str] = node
		return true
	})
	slug, created := r.text("default_model_slug"), r.text("create_time")
	var turns []turn
	at := r.text("current_node")
	if _, ok := nodes[at]; !ok {
		at = newestLeaf(nodes)
	}
	for range len(nodes) { // a ring of parents ends too
		node, ok := nodes[at]
		if !ok {
			break
		}
		if said, ok := chatGPTTurn(at, node.Get("message")); ok {
			said.model = cmp.Or(said.model, slug)
			said.time = cmp.Or(said.time, created)
			turns = append(turns, said)
		}
		at = node.Get("parent").String()
	}
	slices.Reverse(turns)
	return draftTurns(r.text("conversation_id", "id"), r.text("title"), "openai", turns)
}

// chatGPTTurn reads a message of the user or the assistant; system and tool messages,
// and those that are not shown, are none.
func chatGPTTurn(id string, message gjson.Result) (turn, bool) {
	role := message.Get("author.role").Str
	kind := message.Get("content.content_type").Str
	if (role != "user" && role != "assistant") || kind == "user_editable_context" || kind == "model_editable_context" ||
		kind == "thoughts" || kind == "reasoning_recap" || message.Get("metadata.is_visually_hidden_from_conversation").Bool() {
		return turn{}, false
	}
	text := ""
	message.Get("content.parts").ForEach(func(_, part gjson.Result) bool {
		if part.Type == gjson.String && part.Str != "" { // other parts are images and files
			text = join(text, part.Str)
		}
		return true
	})
	if kind == "code" {
		text = message.Get("content.text").Str
	}
	said := turn{id: cmp.Or(message.Get("id").Str, id), role: role, text: text}
	if created := message.Get("create_time"); created.Type == gjson.Number {
		said.time = created.Raw
	}
	if role == "assistant" {
		said.model = message.Get("metadata.model_slug").Str
		if text == "" {
			return said, false
		}
	}
	return said, true
}

// newestLeaf is where a conversation ends that does not say so.
func newestLeaf(nodes map[string]gjson.Result) (newest string) {
	latest := -1.0
	for id, node := range nodes {
		if len(node.Get("children").Array()) > 0 {
			continue
		}
		created := node.Get("message.create_time").Float()
		if created > latest || (created == latest && id > newest) {
			newest, latest = id, created
		}
	}
	return newest
}

func draftClaude(r *record) []*draft {
	created := r.text("created_at")
	messages, _ := r.get("chat_messages")
	var turns []turn
	messages.ForEach(func(_, message gjson.Result) bool {
		said := turn{id: message.Get("uuid").Str, role: "assistant", text: claudeText(message), model: message.Get("model").Str}
		if sender := message.Get("sender").Str; sender == "human" || sender == "user" {
			said.role = "user"
		}
		said.time = cmp.Or(message.Get("created_at").String(), created)
		turns = append(turns, said)
		return true
	})
	return draftTurns(r.text("uuid"), r.text("name"), "anthropic", turns)
}

// claudeText is the text of a message, which newer exports keep in content, and of
// what was attached to it.
func claudeText(message gjson.Result) string {
	text := ""
	message.Get("content").ForEach(func(_, part gjson.Result) bool {
		if part.Get("type").Str == "text" && part.Get("text").Str != "" {
			text = join(text, part.Get("text").Str)
		}
		return true
	})
	if strings.TrimSpace(text) == "" {
		text = message.Get("text").String()
	}
	message.Get("attachments").ForEach(func(_, attachment gjson.Result) bool {
		if content := attachment.Get("extracted_content").Str; content != "" {
			text = join(text, "["+cmp.Or(attachment.Get("file_name").Str, "attachment")+"]\n"+content)
		}
		return true
	})
	return text
}
