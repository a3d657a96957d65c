// Package routeapi answers an orchestration layer that asks for the label which gateways
// expect from their caller: the category of a prompt, how probable it is, and the route
// in force for it.
package routeapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/eval"
)

// Path is where [Handler] answers POST requests.
const Path = "/v1/classify"

// maxBody bounds a request, in bytes. The categoriser reads the first 1,500 bytes and
// the last 1,000 of a text, so that more of a prompt changes nothing.
const maxBody = 1 << 20

// A Handler answers POST /v1/classify. Prompts are neither stored nor logged. It is safe
// for concurrent use.
//
// The body is JSON with the prompt and, where known, what the audit goes by as well: the
// system prompt and the user's turn before (previous). In their place it may have the
// messages of a chat request, of which the last of the user is the prompt; other fields
// of such a request are passed over.
type Handler struct {
	model atomic.Pointer[classify.Model]
	table atomic.Pointer[routes]
}

// routes are the routes in force as they stand in an answer, and why there is none for
// any other category.
type routes struct {
	of   map[audit.Category][]byte
	none []byte
}

// New makes a handler that has no routes yet.
func New(model *classify.Model) *Handler {
	h := &Handler{}
	h.UseModel(model)
	h.table.Store(&routes{none: missing("no routing table is stored; run modeltrial route recommend")})
	return h
}

// UseModel takes a categoriser for the requests that come from now on.
func (h *Handler) UseModel(model *classify.Model) { h.model.Store(model) }

// A Route is what an answer says of the route in force.
type Route struct {
	Arm   string `json:"arm"`
	Model string `json:"model"`
	// ReplacesModel is the one model whose work moves; empty where all of the category's
	// does, and where nothing moves.
	ReplacesModel  string            `json:"replaces_model"`
	Decision       eval.DecisionKind `json:"decision"`
	DecidedAt      string            `json:"decided_at"` // RFC 3339
	ProtocolSHA256 string            `json:"protocol_sha256"`
}

// UseTable takes a routing table for the requests that come from now on.
func (h *Handler) UseTable(table eval.RoutingTable) error {
	next := &routes{of: map[audit.Category][]byte{}, none: missing("the routing table has no route for the category")}
	for _, r := range table.Routes {
		route, err := json.Marshal(Route{
			Arm: r.Arm, Model: r.Model, ReplacesModel: r.ReplacesModel, Decision: r.Decision,
			DecidedAt: table.DecidedAt.UTC().Format("2006-01-02T15:04:05Z07:00"), ProtocolSHA256: table.ProtocolSHA256,
		})
		if err != nil {
			return fmt.Errorf("route of %q: %w", r.Category, err)
		}
		next.of[r.Category] = append([]byte(`,"route":`), append(route, "}\n"...)...)
	}
	h.table.Store(next)
	return nil
}

// missing is the end of an answer without a route.
func missing(why string) []byte {
	return []byte(`,"route":null,"why_missing":{"route":` + strconv.Quote(why) + "}}\n")
}

// ServeHTTP answers {"schema", "category", "probability", "sure", "route"}. The
// probability is between 0 and 1 and calibrated; sure tells whether the audit would take
// the category without a person's look. The route is null, and why_missing says why,
// where the table has none. What cannot be answered is {"error"} with status 400, 404,
// 405 or 413.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	switch {
	case r.URL.Path != Path:
		refuse(w, http.StatusNotFound, "there is nothing at this address; POST to "+Path)
		return
	case r.Method != http.MethodPost:
		header.Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "send the prompt by POST")
		return
	}
	task, err := readTask(w, r)
	if err != nil {
		status := http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			status, err = http.StatusRequestEntityTooLarge, fmt.Errorf("the body has more than %d bytes; the beginning and the end of a prompt are enough", maxBody)
		}
		refuse(w, status, err.Error())
		return
	}
	prediction := h.model.Load().ClassifyTask(task.System, task.Prompt, task.Previous)
	category, err := json.Marshal(prediction.Category)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "the category cannot be written")
		return
	}
	answer := make([]byte, 0, 512)
	answer = append(answer, `{"schema":"modeltrial.classify/1","category":`...)
	answer = append(answer, category...)
	answer = append(answer, `,"probability":`...)
	answer = strconv.AppendFloat(answer, prediction.Probability, 'f', 4, 64)
	answer = append(answer, `,"sure":`...)
	answer = strconv.AppendBool(answer, prediction.Sure)
	table := h.table.Load()
	route, ok := table.of[prediction.Category]
	if !ok {
		route = table.none
	}
	_, _ = w.Write(append(answer, route...)) // who asked is gone where it fails
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why}) // who asked is gone where it fails
}

// A task is what the categoriser goes by.
type task struct {
	System   string `json:"system"`
	Prompt   string `json:"prompt"`
	Previous string `json:"previous"`
}

// A request is a task, or a chat request in its place.
type request struct {
	task
	Messages []message `json:"messages"`
}

type message struct {
	Role    string  `json:"role"`
	Content content `json:"content"`
}

// content is a message's text: a string, or the parts of type text one below the other.
type content string

// UnmarshalJSON takes a string, a list of parts, or null.
func (c *content) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		var parts []struct {
			Type string `json:"type"`
			Text string `json:"text"`
		}
		if err := json.Unmarshal(data, &parts); err != nil {
			return err
		}
		var texts []string
		for _, part := range parts {
			if part.Text != "" {
				texts = append(texts, part.Text)
			}
		}
		*c = content(strings.Join(texts, "\n"))
		return nil
	}
	return json.Unmarshal(data, (*string)(c))
}

// readTask reads a body, or says what is wrong with it.
func readTask(w http.ResponseWriter, r *http.Request) (task, error) {
	var body bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength <= maxBody {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		return task{}, fmt.Errorf("read the body: %w", err)
	}
	var asked request
	if err := json.Unmarshal(body.Bytes(), &asked); err != nil {
		return task{}, fmt.Errorf(`the body is not JSON like {"prompt": "..."}: %w`, err)
	}
	if len(asked.Messages) > 0 {
		if asked.Prompt != "" || asked.Previous != "" {
			return task{}, errors.New("there are both messages and a prompt; send one of them")
		}
		asked.task = chatTask(asked.System, asked.Messages)
	}
	if asked.Prompt == "" && asked.System == "" {
		return task{}, errors.New("there is no prompt; send it as prompt, or as messages with one of the role user")
	}
	return asked.task, nil
}

// chatTask reads the messages of a chat request as an import reads a logged one: several
// of the user in a row are one turn, and the last turn is the prompt.
func chatTask(system string, messages []message) task {
	t := task{System: system}
	join := func(before *string, text string) {
		if *before != "" && text != "" {
			text = *before + "\n\n" + text
		}
		*before = cmp.Or(text, *before)
	}
	last := "" // the user's message before this one
	spoke := false
	for _, m := range messages {
		text := string(m.Content)
		if strings.TrimSpace(text) == "" {
			continue
		}
		switch m.Role {
		case "user":
			if !spoke {
				t.Previous, t.Prompt = last, ""
			}
			join(&t.Prompt, text)
			last, spoke = text, true
		case "system", "developer":
			join(&t.System, text)
		default:
			spoke = false
		}
	}
	return t
}
