// Package routeapi answers an orchestration layer that asks for the label which gateways
// expect from their caller: the category of a prompt, how probable it is, and the route
// in force for it.
package routeapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/audit/ingest"
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
	Arm string `json:"arm"`
	// Model is the name that a gateway knows; nil of a pipeline, whose models are in
	// Steps, in order. WhyMissing then says so.
	Model *string  `json:"model"`
	Steps []string `json:"steps,omitempty"`
	// ReplacesModel is the one model whose work moves; empty where all of the category's
	// does, and where nothing moves.
	ReplacesModel  string            `json:"replaces_model"`
	Decision       eval.DecisionKind `json:"decision"`
	DecidedAt      string            `json:"decided_at"` // RFC 3339
	ProtocolSHA256 string            `json:"protocol_sha256"`
	WhyMissing     map[string]string `json:"why_missing,omitempty"`
}

// UseTable takes a routing table for the requests that come from now on.
func (h *Handler) UseTable(table eval.RoutingTable) error {
	next := &routes{of: map[audit.Category][]byte{}, none: missing("the routing table has no route for the category")}
	for _, r := range table.Routes {
		route := Route{
			Arm: r.Arm, Model: &r.Model, Steps: r.Steps, ReplacesModel: r.ReplacesModel, Decision: r.Decision,
			DecidedAt: table.DecidedAt.UTC().Format(time.RFC3339), ProtocolSHA256: table.ProtocolSHA256,
		}
		if len(r.Steps) > 0 {
			route.Model, route.WhyMissing = nil, map[string]string{"model": "the arm is a pipeline: call the models of its steps in order, with the templates of modeltrial.yaml"}
		}
		text, err := json.Marshal(route)
		if err != nil {
			return fmt.Errorf("route of %q: %w", r.Category, err)
		}
		next.of[r.Category] = append([]byte(`,"route":`), append(text, "}\n"...)...)
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
	Messages []json.RawMessage `json:"messages"`
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
		asked.task = chatTask(body.Bytes())
	}
	if asked.Prompt == "" && asked.System == "" {
		return task{}, errors.New("there is no prompt; send it as prompt, or as messages with one of the role user")
	}
	return asked.task, nil
}

// chatTask is the task of a chat request, read as an import reads a logged one.
func chatTask(body []byte) task {
	logged := ingest.ReadRequest(body)
	t := task{System: logged.System, Prompt: logged.Prompt}
	for _, turn := range slices.Backward(logged.Conversation) {
		if turn.Role == "user" {
			t.Previous = turn.Content
			break
		}
	}
	return t
}
