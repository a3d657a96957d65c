package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
	"modeltrial/store"
)

const reviseConfig = `providers:
  - name: endpoint
    kind: openai
    base_url: SERVER/v1
    prices: [{model: one, input_usd_per_1m: "1", output_usd_per_1m: "4"}, {model: two, input_usd_per_1m: "1", output_usd_per_1m: "4"}]
pilot:
  name: revised
  control: now
  arms:
    - {name: now, provider: endpoint, model: one, parameters: {max_output_tokens: 100}}
    - {name: next, provider: endpoint, model: two, parameters: {max_output_tokens: 100}}
  use_cases:
    - {category: coding, candidates: [next]}
  weeks: 1
  tasks_per_week: 1
  budget_usd: "1"
`

// TestEditorGetsANewAnswer has an editor send an answer back over HTTP, rate revise ask
// the arm again, and the editor edit the new answer, with the real store and an endpoint.
func TestEditorGetsANewAnswer(t *testing.T) {
	t.Parallel()
	var refuse atomic.Bool
	var lastAsked atomic.Value
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Model    string `json:"model"`
			Messages []struct{ Role, Content string }
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		lastAsked.Store(fmt.Sprint(asked.Messages))
		if refuse.Load() {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error": {"message": "content policy"}}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprintf(w, "data: {\"model\":%q,\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Reply %d\"},\"finish_reason\":\"stop\"}]}\n\n", asked.Model, len(asked.Messages))
		_, _ = io.WriteString(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}}\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(endpoint.Close)

	dir := t.TempDir()
	must := func(want int, args ...string) string {
		t.Helper()
		var out strings.Builder
		if code := execute(append([]string{"-C", dir}, args...), &out, &out); code != want {
			t.Fatalf("%v: exit code %d, want %d: %s", args, code, want, out.String())
		}
		return out.String()
	}
	must(0, "init")
	for name, text := range map[string]string{"modeltrial.yaml": strings.Replace(reviseConfig, "SERVER", endpoint.URL, 1), "log.csv": "id,prompt,category\nt1,Fix this loop,coding\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must(0, "audit", "import", filepath.Join(dir, "log.csv"))
	must(0, "pilot", "lock")
	must(0, "pilot", "run")
	if said := must(0, "rate", "revise"); !strings.Contains(said, "no editor waits") {
		t.Errorf("revise said %q", said)
	}

	s, err := store.Open(t.Context(), filepath.Join(dir, "modeltrial.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	token, hash, err := blind.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Invite(t.Context(), []store.Invitation{{Rater: "Ada", TokenSHA256: hash}}, time.Now().Add(time.Hour), time.Now()); err != nil {
		t.Fatal(err)
	}
	protocol, err := s.Locked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(rate.NewEditHandler(s, siteOptions(protocol.Protocol)))
	t.Cleanup(site.Close)
	ask := func(form url.Values) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site.URL+"/", nil)
		if err == nil && form != nil {
			request, err = http.NewRequestWithContext(t.Context(), http.MethodPost, site.URL+"/edit", strings.NewReader(form.Encode()))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if err != nil {
			t.Fatal(err)
		}
		request.AddCookie(&http.Cookie{Name: "rating", Value: token})
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode >= http.StatusBadRequest {
			t.Fatalf("%s: %v, %s", response.Status, err, body)
		}
		return string(body)
	}
	page := ask(nil)
	id := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(page)
	if id == nil || !strings.Contains(page, "Reply 1</textarea>") {
		t.Fatalf("page: %s", page)
	}
	ask(url.Values{"id": {id[1]}, "outcome": {"revise"}, "remark": {"More careful"}, "seconds": {"0"}})
	if said := must(0, "rate", "revise", "--dry-run"); !strings.Contains(said, "1 new answer is asked for; nothing was sent") {
		t.Errorf("dry run said %q", said)
	}
	if said := must(1, "rate", "revise", "--max-cost", "0.0000001"); !strings.Contains(said, "the cap does not allow another call") {
		t.Errorf("beyond the cap it said %q", said)
	}
	must(0, "pilot", "deviate", "--kind", "early-stop", "--reason", "it leaks")
	if said := must(0, "rate", "revise"); !strings.Contains(said, "the pilot was stopped early") {
		t.Errorf("revise of a stopped pilot said %q", said)
	}
	must(0, "pilot", "deviate", "--kind", "resumed", "--reason", "mended")
	said := must(0, "rate", "revise", "--json")
	if asked := lastAsked.Load(); asked != "[{user Fix this loop} {assistant Reply 1} {user More careful}]" {
		t.Errorf("the endpoint was asked %v", asked)
	}
	if !strings.Contains(said, `"answered": 1`) || !strings.Contains(said, `"spent_usd": 0.00003`) {
		t.Errorf("revise said %s", said)
	}
	if page := ask(nil); !strings.Contains(page, "Reply 3</textarea>") || !strings.Contains(page, "new answer to your remark “More careful”") {
		t.Errorf("the editor's page: %s", page)
	}

	refuse.Store(true)
	ask(url.Values{"id": {id[1]}, "outcome": {"revise"}, "remark": {"Worse"}, "seconds": {"0"}})
	if said := must(1, "rate", "revise"); !strings.Contains(said, "content policy") {
		t.Errorf("revise of what is refused said %s", said)
	}
	if page := ask(nil); !strings.Contains(page, "Reply 3</textarea>") || !strings.Contains(page, "No new answer could be had") {
		t.Errorf("the editor's page after a refusal: %s", page)
	}
	ask(url.Values{"id": {id[1]}, "outcome": {"done"}, "text": {"Reply 3!"}, "seconds": {"0"}})
	if page := ask(nil); !strings.Contains(page, "edited 1 answer") {
		t.Errorf("the editor's last page: %s", page)
	}
	data, err := s.Dataset(t.Context(), 0)
	if err != nil || len(data.PostEdits) != 1 {
		t.Fatalf("edits %+v, %v", data.PostEdits, err)
	}
	if edit := data.PostEdits[0]; edit.Rounds != 1 || *edit.WordsKept != 1 || edit.Timing != eval.TimedActive {
		t.Errorf("edit %+v, want one round and every word kept", edit)
	}
	var document struct {
		Comparisons []struct {
			Editing struct {
				Control, Candidate struct {
					Rounds *float64 `json:"revision_rounds_mean"`
				}
			} `json:"post_editing"`
		}
	}
	if err := json.Unmarshal([]byte(must(0, "analyze", "--json")), &document); err != nil {
		t.Fatal(err)
	}
	editing := document.Comparisons[0].Editing
	if editing.Control.Rounds == nil == (editing.Candidate.Rounds == nil) {
		t.Errorf("rounds %+v, want those of the one arm that was edited", editing)
	}
}
