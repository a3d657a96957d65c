package provider

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"modeltrial/eval"
)

// A batchServer is both providers' batch interface. Its results are what a test writes.
type batchServer struct {
	*httptest.Server
	mu       sync.Mutex
	status   string // of every batch
	answers  string // lines of results; %s is the id of the batch's requests
	failures string // lines of OpenAI's file of errors
	lines    []string
	batches  []map[string]any
	headers  http.Header
}

func newBatchServer(t *testing.T) *batchServer {
	s := &batchServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.headers = r.Header
		w.Header().Set("Content-Type", "application/json")
		show := func(value any) {
			if err := json.NewEncoder(w).Encode(value); err != nil {
				t.Error(err)
			}
		}
		switch path := r.URL.Path; {
		case path == "/v1/files" && r.Method == http.MethodPost:
			file, _, err := r.FormFile("file")
			if err != nil || r.FormValue("purpose") != "batch" {
				t.Errorf("uploaded %v for %q", err, r.FormValue("purpose"))
				return
			}
			lines := bufio.NewScanner(file)
			for s.lines = nil; lines.Scan(); {
				s.lines = append(s.lines, lines.Text())
			}
			show(map[string]any{"id": "file-in", "object": "file"})
		case path == "/v1/batches" && r.Method == http.MethodPost:
			body := map[string]any{}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			body["id"], body["created_at"], body["object"] = fmt.Sprintf("batch_%d", len(s.batches)), time.Now().Unix(), "batch"
			s.batches = append(s.batches, body)
			show(body)
		case path == "/v1/batches":
			show(map[string]any{"object": "list", "data": s.batches, "has_more": false})
		case path == "/v1/files/file-out/content":
			_, _ = io.WriteString(w, s.answers)
		case path == "/v1/files/file-err/content":
			_, _ = io.WriteString(w, s.failures)
		case strings.HasPrefix(path, "/v1/batches/"):
			batch := map[string]any{"id": strings.TrimPrefix(path, "/v1/batches/"), "status": s.status, "object": "batch"}
			if s.answers != "" {
				batch["output_file_id"] = "file-out"
			}
			if s.failures != "" {
				batch["error_file_id"] = "file-err"
			}
			if s.status == "failed" {
				batch["errors"] = map[string]any{"data": []any{map[string]any{"message": "line 1: bad sk-secret-key"}}}
			}
			if s.status == "" {
				w.WriteHeader(http.StatusNotFound)
				show(map[string]any{"error": map[string]any{"message": "no such batch"}})
				return
			}
			show(batch)
		case path == "/v1/messages/batches" && r.Method == http.MethodPost:
			body := map[string]any{}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			s.batches = append(s.batches, body)
			show(map[string]any{"id": fmt.Sprintf("msgbatch_%d", len(s.batches)-1), "processing_status": "in_progress", "type": "message_batch"})
		case path == "/v1/messages/batches":
			var all []any
			for i := range s.batches {
				all = append(all, map[string]any{"id": fmt.Sprintf("msgbatch_%d", i), "processing_status": s.status, "created_at": time.Now().UTC().Format(time.RFC3339)})
			}
			show(map[string]any{"data": all, "has_more": false})
		case strings.HasSuffix(path, "/results"):
			w.Header().Set("Content-Type", "application/x-jsonl")
			_, _ = io.WriteString(w, s.answers)
		case strings.HasPrefix(path, "/v1/messages/batches/"):
			show(map[string]any{"id": "x", "processing_status": s.status})
		default:
			t.Errorf("nobody expected %s %s", r.Method, path)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *batchServer) of(t *testing.T, kind eval.ProviderKind, api eval.API) Batches {
	t.Helper()
	config := eval.Provider{Name: "p", Kind: kind, API: api, BaseURL: s.URL + "/v1", APIKeyEnv: "KEY"}
	made, err := NewBatches(config, func(string) string { return "sk-secret-key" })
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func collected(t *testing.T, b Batches) (answers []BatchAnswer, ended bool, why string, err error) {
	t.Helper()
	ended, why, err = b.Collect(t.Context(), "batch_0", func(answer BatchAnswer) error {
		answers = append(answers, answer)
		return nil
	})
	return answers, ended, why, err
}

func handIn(t *testing.T, b Batches) string {
	t.Helper()
	remote, err := b.Submit(t.Context(), "mt1", []BatchRequest{{ID: RequestID("mt1", 0), Request: request}, {ID: RequestID("mt1", 1), Request: request}})
	if err != nil || remote == "" {
		t.Fatalf("handed in as %q, %v", remote, err)
	}
	return remote
}

func TestOpenAIBatch(t *testing.T) {
	for _, c := range []struct {
		api       eval.API
		url, part string
		answer    string
	}{
		{eval.APIChat, "/v1/chat/completions", `"messages":[{"content":"Be brief.","role":"system"}`, `{"model":"model-1-2026","system_fingerprint":"fp_1","choices":[{"index":0,"finish_reason":"length","message":{"role":"assistant","content":"Hello sk-secret-key"}}],
			"usage":{"prompt_tokens":20,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8}}}`},
		{eval.APIResponses, "/v1/responses", `"instructions":"Be brief."`, `{"model":"model-1-2026","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"message","content":[{"type":"output_text","text":"Hello sk-secret-key"}]}],
			"usage":{"input_tokens":20,"output_tokens":5,"input_tokens_details":{"cached_tokens":8}}}`},
	} {
		t.Run(string(c.api), func(t *testing.T) {
			s := newBatchServer(t)
			b := s.of(t, eval.ProviderOpenAI, c.api)
			remote := handIn(t, b)
			if len(s.lines) != 2 || !strings.HasPrefix(s.lines[1], `{"custom_id":"mt1-1","method":"POST","url":"`+c.url+`","body":{`) || !strings.Contains(s.lines[0], c.part) || strings.Contains(s.lines[0], "stream") {
				t.Errorf("uploaded %q", s.lines)
			}
			if batch := s.batches[0]; batch["endpoint"] != c.url || batch["completion_window"] != "24h" || batch["input_file_id"] != "file-in" {
				t.Errorf("made %v", batch)
			}
			if s.headers.Get("Authorization") != "Bearer sk-secret-key" {
				t.Error("the key was not sent")
			}
			found, unsure, err := b.Find(t.Context(), "mt1", time.Now())
			if err != nil || unsure || found != remote {
				t.Errorf("found %q, %v, %v, want %q", found, unsure, err, remote)
			}
			if found, _, err := b.Find(t.Context(), "mt2", time.Now()); err != nil || found != "" {
				t.Errorf("found %q, %v of a batch that was never handed in", found, err)
			}

			s.status = "in_progress"
			if answers, ended, _, err := collected(t, b); err != nil || ended || len(answers) != 0 {
				t.Errorf("under way: got %v, %v, %v", answers, ended, err)
			}
			s.status = "expired"
			compact := strings.ReplaceAll(strings.ReplaceAll(c.answer, "\n", ""), "\t", "")
			s.answers = fmt.Sprintf(`{"custom_id":"mt1-1","response":{"status_code":200,"body":%s},"error":null}`+"\n", compact)
			s.failures = `{"custom_id":"mt1-0","response":null,"error":{"code":"batch_expired","message":"too late"}}` + "\n" +
				`{"custom_id":"mt1-2","response":{"status_code":400,"body":{"error":{"message":"bad sk-secret-key","type":"invalid_request_error"}}},"error":null}` + "\n" +
				`{"custom_id":"mt1-3","response":{"status_code":200,"body":{"choices":[]}}}`
			answers, ended, why, err := collected(t, b)
			if err != nil || !ended || why != "the batch expired" || len(answers) != 4 {
				t.Fatalf("got %+v, %v, %q, %v", answers, ended, why, err)
			}
			got := answers[0]
			if got.ID != "mt1-1" || got.Failure != nil || got.Answer.Text != "Hello [key]" || got.Answer.FinishReason != FinishLength || *got.Answer.Tokens.Input != 20 ||
				*got.Answer.Tokens.Cached != 8 || got.Answer.Latency != nil || got.Answer.TTFT != nil || got.Answer.ModelServed != "model-1-2026" {
				t.Errorf("answer is %+v", got)
			}
			if c.api == eval.APIChat && got.Answer.Fingerprint != "fp_1" {
				t.Errorf("fingerprint is %q", got.Answer.Fingerprint)
			}
			if f := answers[1].Failure; f == nil || f.MayBeBilled() || f.Final() {
				t.Errorf("a request that was never begun is %+v", f)
			}
			if f := answers[2].Failure; f == nil || !f.Final() || strings.Contains(f.Error(), "sk-secret") {
				t.Errorf("a refused request is %+v", f)
			}
			if f := answers[3].Failure; f == nil || !f.MayBeBilled() {
				t.Errorf("an answer that cannot be read is %+v", f)
			}

			s.status, s.answers, s.failures = "failed", "", ""
			if answers, ended, why, err := collected(t, b); err != nil || !ended || len(answers) != 0 || why != "the batch failed: line 1: bad [key]" {
				t.Errorf("got %v, %v, %q, %v", answers, ended, why, err)
			}
			s.status = ""
			var known *Error
			if _, _, _, err := collected(t, b); !errors.As(err, &known) || known.Status != 404 || known.Cause != CauseModel {
				t.Errorf("a batch that is gone: got %v", err)
			}
			s.status, s.answers = "completed", "<html>"
			if _, ended, _, err := collected(t, b); !errors.As(err, &known) || ended {
				t.Errorf("results that are none: got %v, %v", ended, err)
			}
		})
	}
}

func TestAnthropicBatch(t *testing.T) {
	s := newBatchServer(t)
	b := s.of(t, eval.ProviderAnthropic, "")
	remote := handIn(t, b)
	body, err := json.Marshal(s.batches[0])
	if err != nil || !strings.Contains(string(body), `"custom_id":"mt1-1"`) || !strings.Contains(string(body), `"text":"Be brief."`) || strings.Contains(string(body), "stream") {
		t.Errorf("handed in %s, %v", body, err)
	}
	if s.headers.Get("X-Api-Key") != "sk-secret-key" {
		t.Error("the key was not sent")
	}
	s.status = "in_progress"
	if found, unsure, err := b.Find(t.Context(), "mt1", time.Now()); err != nil || found != "" || !unsure {
		t.Errorf("under way: found %q, %v, %v, want that it cannot be told", found, unsure, err)
	}
	if answers, ended, _, err := collected(t, b); err != nil || ended || len(answers) != 0 {
		t.Errorf("under way: got %v, %v, %v", answers, ended, err)
	}
	s.status = "ended"
	s.answers = `{"custom_id":"mt1-1","result":{"type":"succeeded","message":{"model":"claude-1","stop_reason":"refusal","content":[{"type":"text","text":"No, sk-secret-key"}],"usage":{"input_tokens":12,"cache_read_input_tokens":8,"cache_creation_input_tokens":3,"output_tokens":5}}}}` + "\n" +
		`{"custom_id":"mt1-0","result":{"type":"expired"}}` + "\n" +
		`{"custom_id":"mt1-2","result":{"type":"errored","error":{"type":"error","error":{"type":"invalid_request_error","message":"too long"}}}}` + "\n"
	if found, unsure, err := b.Find(t.Context(), "mt1", time.Now()); err != nil || found != remote || unsure {
		t.Errorf("found %q, %v, %v, want %q", found, unsure, err, remote)
	}
	if found, unsure, err := b.Find(t.Context(), "mt2", time.Now()); err != nil || found != "" || unsure {
		t.Errorf("found %q, %v, %v of a batch that was never handed in", found, unsure, err)
	}
	answers, ended, why, err := collected(t, b)
	if err != nil || !ended || why != "" || len(answers) != 3 {
		t.Fatalf("got %+v, %v, %q, %v", answers, ended, why, err)
	}
	got := answers[0].Answer
	if got.Text != "No, [key]" || got.FinishReason != FinishRefusal || *got.Tokens.Input != 23 || *got.Tokens.Cached != 8 || *got.Tokens.CacheWrite != 3 || *got.Tokens.Output != 5 || got.Latency != nil {
		t.Errorf("answer is %+v", got)
	}
	if f := answers[1].Failure; f == nil || f.MayBeBilled() {
		t.Errorf("an expired request is %+v", f)
	}
	if f := answers[2].Failure; f == nil || !f.Final() || f.MayBeBilled() {
		t.Errorf("a refused request is %+v", f)
	}
}

// TestBatchesFollowNoRedirection: the key would go with it.
func TestBatchesFollowNoRedirection(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirection was followed") }))
	defer elsewhere.Close()
	here := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer here.Close()
	for _, kind := range []eval.ProviderKind{eval.ProviderOpenAI, eval.ProviderAnthropic} {
		b, err := NewBatches(eval.Provider{Name: "p", Kind: kind, BaseURL: here.URL + "/v1"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Submit(t.Context(), "mt1", []BatchRequest{{ID: "mt1-0", Request: request}})
		var known *Error
		if !errors.As(err, &known) || !strings.Contains(err.Error(), "not followed") {
			t.Errorf("%s: got %v", kind, err)
		}
	}
}

func TestNewBatchesNeedsAKeyAndAnInterface(t *testing.T) {
	none := func(string) string { return "" }
	for _, kind := range []eval.ProviderKind{eval.ProviderRecorded, eval.ProviderSimulated} {
		if _, err := NewBatches(eval.Provider{Name: "p", Kind: kind}, none); err == nil || !strings.Contains(err.Error(), "no batch interface") {
			t.Errorf("%s: got %v", kind, err)
		}
	}
	if _, err := NewBatches(eval.Provider{Name: "p", Kind: eval.ProviderOpenAI, APIKeyEnv: "KEY"}, none); err == nil || !strings.Contains(err.Error(), "KEY is not set") {
		t.Errorf("got %v", err)
	}
}
