package rate_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"modeltrial/eval/rate"
)

// TestNextIsAssignedAheadButNotShown: what is prepared is kept from the rater until the
// present comparison is rated, and shown as it was assigned.
func TestNextIsAssignedAheadButNotShown(t *testing.T) {
	store := newFakeStore(sampleComparisons(3)...)
	token := store.invite(t, "Ana")
	site := newSite(t, store, t.Output())
	if got := do(t, "POST", site.URL+"/ahead", token, ""); got.status != 204 {
		t.Fatalf("ahead of the first: %d %s", got.status, got.body)
	}
	if _, ok := store.ahead(1); ok {
		t.Error("a comparison was assigned before the first was shown")
	}
	first := do(t, "GET", site.URL+"/", token, "")
	if !strings.Contains(first.body, "data-ahead") {
		t.Error("the page does not ask for the next comparison")
	}
	for range 2 { // a reload asks again
		got := do(t, "POST", site.URL+"/ahead", token, "")
		if got.status != 204 || got.body != "" || got.header.Get("Content-Length") != "" {
			t.Errorf("the reply tells something: %d %v %q", got.status, got.header, got.body)
		}
	}
	ahead, ok := store.ahead(1)
	if !ok {
		t.Fatal("nothing was assigned")
	}
	// Neither its page nor a verdict on it is to be had.
	if again := do(t, "GET", site.URL+"/", token, ""); strings.Contains(again.body, ahead.ID) || !strings.Contains(again.body, "1 of 3") {
		t.Errorf("the page has what is assigned:\n%s", again.body)
	}
	if got := do(t, "POST", site.URL+"/verdict", token, "verdict=left&id="+ahead.ID); got.status != 404 {
		t.Errorf("rated ahead: status %d", got.status)
	}
	got := do(t, "POST", site.URL+"/verdict", token, "verdict=left&id="+current(t, store, 1), "Prefer", "return=representation")
	if got.status != 200 || got.header.Get("Content-Location") != "/" || !strings.Contains(got.body, `value="`+ahead.ID+`"`) {
		t.Errorf("after the verdict: %d %v\n%s", got.status, got.header, got.body)
	}
	// As rendered ahead, so rendered anew.
	if again := do(t, "GET", site.URL+"/", token, ""); strings.ReplaceAll(got.body, ` <span class="saved">· Saved</span>`, "") != again.body {
		t.Errorf("a reload shows another page:\n%s\n%s", got.body, again.body)
	}
}

// TestGuessIsAskedInThePlaceOfTheNext has the script asked for a guess too.
func TestGuessIsAskedInThePlaceOfTheNext(t *testing.T) {
	store := newFakeStore(sampleComparisons(2)...)
	token := store.invite(t, "Ana")
	site := newAskingSite(t, store, t.Output(), 1)
	do(t, "GET", site.URL+"/", token, "")
	prefer := []string{"Prefer", "return=representation"}
	got := do(t, "POST", site.URL+"/verdict", token, "verdict=left&id="+current(t, store, 1), prefer...)
	if got.header.Get("Content-Location") != "/guess" || !strings.Contains(got.body, "in use today") || !strings.Contains(got.body, "· Saved") {
		t.Errorf("after the verdict: %v\n%s", got.header, got.body)
	}
	got = do(t, "POST", site.URL+"/guess", token, "guess=left&id="+current(t, store, 1), prefer...)
	if got.header.Get("Content-Location") != "/" || !strings.Contains(got.body, "2 of 2") || len(store.guessed(1)) != 1 {
		t.Errorf("after the guess: %v %v\n%s", got.header, store.guessed(1), got.body)
	}
	got = do(t, "POST", site.URL+"/verdict", token, "reason=unclear&id="+current(t, store, 1), prefer...)
	if !strings.Contains(got.body, "Thank you") || len(store.skips) != 1 {
		t.Errorf("after the skip: %v\n%s", store.skips, got.body)
	}
}

// TestPracticeComesOnce: before the first comparison, and never again in that browser.
func TestPracticeComesOnce(t *testing.T) {
	store := newFakeStore(sampleComparisons(1)...)
	token := store.invite(t, "Ana")
	server := httptest.NewServer(rate.NewHandler(store, rate.Options{Practice: true, Now: func() time.Time { return testTime }}))
	t.Cleanup(server.Close)
	if got := do(t, "GET", server.URL+"/", token, ""); got.status != 303 || got.header.Get("Location") != "/practice" {
		t.Errorf("the first page: %d to %q", got.status, got.header.Get("Location"))
	}
	end := do(t, "GET", server.URL+"/practice/end", token, "")
	cookie := end.header.Get("Set-Cookie")
	if end.status != 303 || end.header.Get("Location") != "/" || !strings.HasPrefix(cookie, "practised=1;") || !strings.Contains(cookie, "HttpOnly") {
		t.Errorf("the end: %d %v", end.status, end.header)
	}
	page := do(t, "GET", server.URL+"/", token, "", "Cookie", "rating="+token+"; practised=1")
	if page.status != 200 || !strings.Contains(page.body, "1 of 1") {
		t.Errorf("after the practice: %d %s", page.status, page.body)
	}
	if len(store.given(1)) > 0 {
		t.Errorf("practice was stored: %v", store.given(1))
	}
	do(t, "POST", server.URL+"/verdict", token, "verdict=left&id="+current(t, store, 1))
	if got := do(t, "GET", server.URL+"/", token, ""); got.status != 200 {
		t.Errorf("on another device, after a rating: %d", got.status)
	}
}
