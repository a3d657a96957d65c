package rate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/rate"
)

const reviewToken = "Zm9yLXRlc3RzLW9ubHkhIQ"

// fakeReviews is an in-memory rate.ReviewStore of three tasks.
type fakeReviews struct {
	mu    sync.Mutex
	given map[string]audit.Category
	fail  error
}

func (f *fakeReviews) ReviewTask(_ context.Context, id string) (rate.ReviewTask, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return rate.ReviewTask{
		Task:     audit.Task{ID: id, Team: "sales", Model: "atlas", Prompt: "<b>prompt " + id + "</b>\u202e", System: "Be <i>brief</i>", Conversation: []audit.Message{{Role: "user", Content: "<script>alert(1)</script>"}}},
		Blind:    id == "blind",
		Guesses:  []audit.Guess{{Category: "math", Probability: 0.46}, {Category: "coding", Probability: 0.31}},
		Evidence: []string{"“<u>solve</u>”"}, Given: f.given[id],
	}, f.fail
}

func (f *fakeReviews) SaveReview(_ context.Context, id string, category audit.Category) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail == nil {
		f.given[id] = category
	}
	return f.fail
}

func newReviewSite(t *testing.T, store *fakeReviews, ids ...string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(rate.NewReviewHandler(rate.NewReviewQueue(store, ids), rate.ReviewOptions{
		Token: reviewToken, Categories: []rate.ReviewCategory{{Name: "math", Description: "sums & proofs"}, {Name: "coding"}},
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}))
	t.Cleanup(server.Close)
	return server
}

func TestReviewSite(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, path, form string
		headers                  []string
		nobody, broken           bool
		status                   int
		contains, excludes       []string
		given                    map[string]audit.Category
	}{
		{
			name: "unsure task", method: "GET", path: "/", status: 200,
			contains: []string{"1 of 2", "prompt unsure", "sales · atlas", "<strong>math</strong> 46%, then <strong>coding</strong> 31%", "&lt;u&gt;solve", `data-key="2"`, "sums &amp; proofs", "Show context"},
			excludes: []string{"<b>prompt", "<script>alert", "\u202e", "guess is hidden"},
		},
		{name: "without the link", method: "GET", path: "/", nobody: true, status: 401, contains: []string{"open the link"}, excludes: []string{"prompt"}},
		{name: "wrong link", method: "GET", path: "/r/wrong", nobody: true, status: 404, excludes: []string{"prompt"}},
		{name: "choice", method: "POST", path: "/category", form: "id=unsure&category=coding", status: 303, given: map[string]audit.Category{"unsure": "coding"}},
		{name: "later", method: "POST", path: "/category", form: "id=unsure&skip=yes", status: 303},
		{name: "choice without the link", method: "POST", path: "/category", form: "id=unsure&category=coding", nobody: true, status: 401},
		{name: "choice of another site", method: "POST", path: "/category", form: "id=unsure&category=coding", headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, contains: []string{"another site"}},
		{name: "unknown category", method: "POST", path: "/category", form: "id=unsure&category=poetry", status: 400, contains: []string{"no category of this workspace"}},
		{name: "no category", method: "POST", path: "/category", form: "id=unsure", status: 400},
		{name: "category in the address", method: "POST", path: "/category?category=coding", form: "id=unsure", status: 400},
		{name: "another task", method: "POST", path: "/category", form: "id=other&category=coding", status: 404},
		{name: "large body", method: "POST", path: "/category", form: "id=unsure&category=coding&x=" + strings.Repeat("n", 70_000), status: 400},
		{name: "choice by GET", method: "GET", path: "/category", status: 405},
		{name: "nothing to undo", method: "GET", path: "/previous", status: 303},
		{name: "unknown page", method: "GET", path: "/tasks", status: 404, contains: []string{"does not lead to a task"}},
		{name: "broken store", method: "POST", path: "/category", form: "id=unsure&category=coding", broken: true, status: 500, contains: []string{"Reference"}, excludes: []string{"disk on fire"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := &fakeReviews{given: map[string]audit.Category{}}
			if test.broken {
				store.fail = errors.New("disk on fire")
			}
			site := newReviewSite(t, store, "unsure", "blind")
			headers := test.headers
			if !test.nobody {
				headers = append(headers, "Cookie", "review="+reviewToken)
			}
			got := do(t, test.method, site.URL+test.path, "", test.form, headers...)
			if got.status != test.status {
				t.Fatalf("status %d, want %d: %s", got.status, test.status, got.body)
			}
			for _, text := range test.contains {
				if !strings.Contains(got.body, text) {
					t.Errorf("%q is missing in %s", text, got.body)
				}
			}
			for _, text := range test.excludes {
				if strings.Contains(got.body, text) {
					t.Errorf("%q is in %s", text, got.body)
				}
			}
			if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v lack those of the rating site", got.header)
			}
			if len(store.given) != len(test.given) || store.given["unsure"] != test.given["unsure"] {
				t.Errorf("stored %v, want %v", store.given, test.given)
			}
		})
	}
}

// TestReviewOrder follows an owner: later, undo, a task that was reviewed elsewhere
// meanwhile, and the sample without the machine's guess.
func TestReviewOrder(t *testing.T) {
	t.Parallel()
	store := &fakeReviews{given: map[string]audit.Category{}}
	site := newReviewSite(t, store, "one", "two", "blind")
	cookie := []string{"Cookie", "review=" + reviewToken}
	page := func(path string, want ...string) string {
		t.Helper()
		got := do(t, "GET", site.URL+path, "", "", cookie...)
		for _, text := range want {
			if !strings.Contains(got.body, text) {
				t.Fatalf("%s lacks %q: %s", path, text, got.body)
			}
		}
		return got.body
	}
	post := func(form string) {
		t.Helper()
		if got := do(t, "POST", site.URL+"/category", "", form, cookie...); got.status != 303 {
			t.Fatalf("%s: status %d: %s", form, got.status, got.body)
		}
	}
	entered := do(t, "GET", site.URL+"/r/"+reviewToken, "", "")
	if c := entered.header.Get("Set-Cookie"); entered.status != 303 || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") {
		t.Fatalf("status %d, cookie %q", entered.status, c)
	}
	page("/", "1 of 3", "prompt one")
	post("id=one&skip=yes")
	page("/", "1 of 3", "prompt two")
	post("id=two&category=math")
	page("/previous", "prompt two", "which is <strong>math</strong>", "Change the last category")
	post("id=two&category=coding")
	blind := page("/", "2 of 3", "prompt blind", "its guess is hidden")
	if strings.Contains(blind, "46%") || strings.Contains(blind, "solve") {
		t.Error("the guess of a sampled task is shown")
	}
	post("id=blind&category=math")
	if err := store.SaveReview(t.Context(), "one", "math"); err != nil { // by a file, meanwhile
		t.Fatal(err)
	}
	page("/", "2 tasks are reviewed and saved", "audit classify")
	want := map[string]audit.Category{"one": "math", "two": "coding", "blind": "math"}
	for id, category := range want {
		if store.given[id] != category {
			t.Errorf("%s is %q, want %q", id, store.given[id], category)
		}
	}
}

// TestReviewQueueKeepsWhatFailed must not lose a task whose saving failed.
func TestReviewQueueKeepsWhatFailed(t *testing.T) {
	t.Parallel()
	store := &fakeReviews{given: map[string]audit.Category{}, fail: errors.New("disk on fire")}
	queue := rate.NewReviewQueue(store, []string{"one"})
	if err := queue.Give(t.Context(), "one", "math"); err == nil {
		t.Fatal("a failed saving is no error")
	}
	if done, open := queue.Progress(); done != 0 || open != 1 {
		t.Errorf("%d done, %d open after a failure, want 0 and 1", done, open)
	}
	store.fail = nil
	if err := queue.Give(t.Context(), "one", "math"); err != nil {
		t.Fatal(err)
	}
	if _, err := queue.Next(t.Context()); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("next after the last is %v, want none", err)
	}
	if err := queue.Skip("one"); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("a reviewed task was put off: %v", err)
	}
}

// TestReviewKeys gives each of a dozen categories a key of its own.
func TestReviewKeys(t *testing.T) {
	t.Parallel()
	var categories []rate.ReviewCategory
	for i := range 12 {
		categories = append(categories, rate.ReviewCategory{Name: audit.Category(fmt.Sprintf("kind %d", i+1))})
	}
	site := httptest.NewServer(rate.NewReviewHandler(rate.NewReviewQueue(&fakeReviews{}, []string{"unsure"}), rate.ReviewOptions{
		Token: reviewToken, Categories: categories, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}))
	t.Cleanup(site.Close)
	got := do(t, "GET", site.URL+"/", "", "", "Cookie", "review="+reviewToken)
	for category, key := range map[string]string{"kind 1": "1", "kind 9": "9", "kind 10": "0", "kind 11": "a", "kind 12": "b"} {
		if want := fmt.Sprintf(`value="%s" data-key="%s"`, category, key); !strings.Contains(got.body, want) {
			t.Errorf("%s is missing in %s", want, got.body)
		}
	}
}
