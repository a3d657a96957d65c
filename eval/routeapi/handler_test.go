package routeapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/eval"
)

func fixtureTable() eval.RoutingTable {
	return eval.RoutingTable{
		ProtocolSHA256: "3f9a", DecidedAt: time.Date(2026, 10, 30, 9, 0, 0, 0, time.UTC),
		Routes: []eval.Route{
			{Category: audit.Coding, Arm: "claude", Model: "claude-x", Decision: eval.Switch, ReplacesModel: "gpt-4o"},
			{Category: audit.Math, Arm: `cur"rent`, Model: "gpt-4o", Decision: eval.Keep},
		},
	}
}

type answer struct {
	Schema      string            `json:"schema"`
	Category    audit.Category    `json:"category"`
	Probability float64           `json:"probability"`
	Sure        bool              `json:"sure"`
	Route       *Route            `json:"route"`
	WhyMissing  map[string]string `json:"why_missing"`
	Error       string            `json:"error"`
}

func ask(t *testing.T, h http.Handler, method, path, body string) (int, answer) {
	t.Helper()
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	if got := recorder.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("the type is %q", got)
	}
	var a answer
	if err := json.Unmarshal(recorder.Body.Bytes(), &a); err != nil {
		t.Fatalf("%v in %q", err, recorder.Body.String())
	}
	if text := recorder.Body.String(); !strings.HasSuffix(text, "}\n") || strings.Count(text, "\n") != 1 {
		t.Errorf("the answer is not one line: %q", text)
	}
	return recorder.Code, a
}

const codePrompt = "Write a Python function that reverses a linked list, with unit tests."

func TestClassifyAnswersWithTheRouteInForce(t *testing.T) {
	h := New(classify.Default())
	body := `{"prompt": "` + codePrompt + `"}`
	if status, a := ask(t, h, http.MethodPost, Path, body); status != http.StatusOK || a.Route != nil || !strings.Contains(a.WhyMissing["route"], "route recommend") {
		t.Errorf("without a table: %d, %+v", status, a)
	}
	if err := h.UseTable(fixtureTable()); err != nil {
		t.Fatal(err)
	}
	status, a := ask(t, h, http.MethodPost, Path, body)
	want := classify.Default().ClassifyTask("", codePrompt, "")
	if status != http.StatusOK || a.Schema != "modeltrial.classify/1" || a.Category != audit.Coding || a.Sure != want.Sure || a.Probability < want.Probability-1e-4 || a.Probability > want.Probability+1e-4 {
		t.Errorf("%d, %+v, want %+v", status, a, want)
	}
	wantRoute := Route{Arm: "claude", Model: new("claude-x"), ReplacesModel: "gpt-4o", Decision: eval.Switch, DecidedAt: "2026-10-30T09:00:00Z", ProtocolSHA256: "3f9a"}
	if a.Route == nil || !reflect.DeepEqual(*a.Route, wantRoute) || a.WhyMissing != nil {
		t.Errorf("the route is %+v, want %+v", a.Route, wantRoute)
	}
	if _, a = ask(t, h, http.MethodPost, Path, `{"prompt": "Write a sonnet about the sea at night."}`); a.Category != audit.Creative || a.Route != nil || a.WhyMissing["route"] != "the routing table has no route for the category" {
		t.Errorf("a category without a route: %+v", a)
	}
	table := fixtureTable()
	table.Routes[0].Arm = "newer"
	if err := h.UseTable(table); err != nil {
		t.Fatal(err)
	}
	if _, a = ask(t, h, http.MethodPost, Path, body); a.Route == nil || a.Route.Arm != "newer" {
		t.Errorf("after a new table: %+v", a.Route)
	}
}

// TestClassifyNamesNoModelOfAPipeline: no gateway knows "small → claude-x".
func TestClassifyNamesNoModelOfAPipeline(t *testing.T) {
	h := New(classify.Default())
	table := fixtureTable()
	table.Routes[0].Model, table.Routes[0].Steps = "small → claude-x", []string{"small", "claude-x"}
	if err := h.UseTable(table); err != nil {
		t.Fatal(err)
	}
	_, a := ask(t, h, http.MethodPost, Path, `{"prompt": "`+codePrompt+`"}`)
	if r := a.Route; r == nil || r.Arm != "claude" || r.Model != nil || !slices.Equal(r.Steps, []string{"small", "claude-x"}) || !strings.Contains(r.WhyMissing["model"], "pipeline") {
		t.Errorf("the route is %+v", a.Route)
	}
}

// TestClassifyReadsWhatTheAuditReads holds the ways to ask to one another.
func TestClassifyReadsWhatTheAuditReads(t *testing.T) {
	h := New(classify.Default())
	for name, bodies := range map[string][2]string{
		"a chat":              {`{"messages":[{"role":"user","content":"` + codePrompt + `"}],"model":"auto","stream":true}`, `{"prompt":"` + codePrompt + `"}`},
		"parts":               {`{"messages":[{"role":"user","content":[{"type":"text","text":"` + codePrompt + `"},{"type":"image_url","image_url":{"url":"data:x"}}]}]}`, `{"prompt":"` + codePrompt + `"}`},
		"a follow-up":         {`{"messages":[{"role":"user","content":"` + codePrompt + `"},{"role":"assistant","content":"def ..."},{"role":"user","content":"Shorter, please"}]}`, `{"prompt":"Shorter, please","previous":"` + codePrompt + `"}`},
		"two in a row":        {`{"messages":[{"role":"user","content":"Here it is:"},{"role":"user","content":"` + codePrompt + `"}]}`, `{"prompt":"Here it is:\n\n` + codePrompt + `"}`},
		"a system prompt":     {`{"messages":[{"role":"developer","content":"Solve equations."},{"role":"assistant","content":null}]}`, `{"prompt":"Solve equations."}`},
		"null beside a field": {`{"prompt":"` + codePrompt + `","messages":null,"system":null}`, `{"prompt":"` + codePrompt + `"}`},
	} {
		statusOne, one := ask(t, h, http.MethodPost, Path, bodies[0])
		statusTwo, two := ask(t, h, http.MethodPost, Path, bodies[1])
		if statusOne != http.StatusOK || statusTwo != http.StatusOK || one.Category != two.Category || one.Probability != two.Probability {
			t.Errorf("%s: %d %+v, want %d %+v", name, statusOne, one, statusTwo, two)
		}
	}
}

func TestClassifyRefuses(t *testing.T) {
	h := New(classify.Default())
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"no body", http.MethodPost, Path, "", http.StatusBadRequest, "not JSON"},
		{"no JSON", http.MethodPost, Path, "prompt=x", http.StatusBadRequest, "not JSON"},
		{"a list", http.MethodPost, Path, "[]", http.StatusBadRequest, "not JSON"},
		{"two documents", http.MethodPost, Path, `{"prompt":"a"}{"prompt":"b"}`, http.StatusBadRequest, "not JSON"},
		{"a number", http.MethodPost, Path, `{"prompt":1}`, http.StatusBadRequest, "not JSON"},
		{"no prompt", http.MethodPost, Path, `{"text":"x"}`, http.StatusBadRequest, "no prompt"},
		{"no user", http.MethodPost, Path, `{"messages":[{"role":"assistant","content":"x"}]}`, http.StatusBadRequest, "no prompt"},
		{"both", http.MethodPost, Path, `{"prompt":"x","messages":[{"role":"user","content":"x"}]}`, http.StatusBadRequest, "both"},
		{"messages of another kind", http.MethodPost, Path, `{"messages":"x"}`, http.StatusBadRequest, "not JSON"},
		{"too long", http.MethodPost, Path, `{"prompt":"` + strings.Repeat("x", maxBody) + `"}`, http.StatusRequestEntityTooLarge, "1048576 bytes"},
		{"GET", http.MethodGet, Path, "", http.StatusMethodNotAllowed, "POST"},
		{"elsewhere", http.MethodPost, "/", `{"prompt":"x"}`, http.StatusNotFound, Path},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, a := ask(t, h, c.method, c.path, c.body); status != c.status || !strings.Contains(a.Error, c.says) {
				t.Errorf("status %d, %q, want %d and %q", status, a.Error, c.status, c.says)
			}
		})
	}
}

func FuzzClassify(f *testing.F) {
	for _, body := range []string{`{"prompt":"x"}`, `{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}`, `{"messages":[{"content":null}]}`, "\xff", `{"prompt":"\ud800"}`} {
		f.Add(body)
	}
	h := New(classify.Default())
	if err := h.UseTable(fixtureTable()); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		status, a := ask(t, h, http.MethodPost, Path, body)
		if (status == http.StatusOK) == (a.Error != "") || status == http.StatusOK && (a.Category == "" || a.Probability <= 0 || a.Probability > 1) {
			t.Errorf("%d, %+v", status, a)
		}
	})
}

// BenchmarkClassify answers requests over HTTP on this machine beside the least that an
// answer in JSON takes there: the same server and body, decoded and echoed.
func BenchmarkClassify(b *testing.B) {
	h := New(classify.Default())
	if err := h.UseTable(fixtureTable()); err != nil {
		b.Fatal(err)
	}
	prompt := strings.Repeat(codePrompt+" ", 8)[:500]
	body, err := json.Marshal(map[string]string{"prompt": prompt})
	if err != nil {
		b.Fatal(err)
	}
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked map[string]string
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(asked) // the client notices
	})
	for _, c := range []struct {
		name    string
		handler http.Handler
	}{{"classify", h}, {"echo", echo}} {
		b.Run(c.name, func(b *testing.B) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			b.ReportAllocs()
			for b.Loop() {
				response, err := server.Client().Post(server.URL+Path, "application/json", strings.NewReader(string(body)))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
					b.Fatalf("status %d, %v", response.StatusCode, err)
				}
				_ = response.Body.Close() // read to its end
			}
		})
	}
	b.Run("handler alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, Path, strings.NewReader(string(body))))
			if recorder.Code != http.StatusOK {
				b.Fatal(recorder.Body.String())
			}
		}
	})
}
