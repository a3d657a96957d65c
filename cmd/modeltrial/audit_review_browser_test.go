package main

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"modeltrial/audit"
	"modeltrial/store"
)

// linkSink gives the link that audit review prints.
type linkSink struct{ link chan string }

func (l linkSink) Write(p []byte) (int, error) {
	if link := regexp.MustCompile(`http://\S+`).FindString(string(p)); link != "" {
		l.link <- link
	}
	return len(p), nil
}

// TestOwnerReviewsInTheBrowser runs audit review as it is, opens its link in a real
// browser, reviews by keys and by hand, and looks at the database: reviews are as those
// of a file, the sample's come first and without a guess, and categorising again
// overwrites none.
func TestOwnerReviewsInTheBrowser(t *testing.T) {
	t.Parallel()
	executable := chromium(t, "the review page was not tried")
	dir := t.TempDir()
	log := filepath.Join(dir, "log.csv")
	writeCSV(t, log, [][]string{
		{"id", "prompt"},
		{"sum", "What is 12 plus 30?"},
		{"code", "Write a Go function that reverses a string"},
		{"unsure-1", "Can you look at this again and tell me what you would change?"},
		{"unsure-2", "And the other one?"},
	})
	command(t, dir, exitOK, "init", dir)
	command(t, dir, exitOK, "audit", "import", log)
	command(t, dir, exitOK, "audit", "classify")
	g := &global{dir: dir}
	s, err := g.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	for _, id := range []string{"unsure-1", "unsure-2"} {
		err := s.SetCategories(t.Context(), []store.CategoryUpdate{{TaskID: id, Category: audit.General, Source: audit.CategoryFromLocal, Probability: 0.3}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveDraw(t.Context(), store.ReviewDraw{Population: 4, TaskIDs: []string{"code"}, DrawnAt: timeNow()}); err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	sink := linkSink{make(chan string, 1)}
	var out strings.Builder
	ended := make(chan error, 1)
	go func() { ended <- runReviewPage(ctx, g, s, "127.0.0.1:0", &out, sink) }()
	var link string
	select {
	case link = <-sink.link:
	case err := <-ended:
		t.Fatal(err)
	}

	browserCtx := browser(t, executable)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(browserCtx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	shown := func(want string, unwanted ...string) {
		t.Helper()
		body := ""
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if body, err = chromedp.Run(browserCtx, chromedp.OuterHTML(chromedp.CSS("body"))); err == nil && strings.Contains(body, want) {
				break
			}
		}
		if !strings.Contains(body, want) {
			t.Fatalf("the page lacks %q: %v %s", want, err, body)
		}
		for _, text := range unwanted {
			if strings.Contains(body, text) {
				t.Errorf("the page has %q: %s", text, body)
			}
		}
		wide, err := chromedp.Run(browserCtx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > window.innerWidth`))
		if err != nil || wide {
			t.Errorf("the page is wider than the window (%v)", err)
		}
	}
	settle := chromedp.Sleep(450 * time.Millisecond) // a key counts once the page has stood still
	do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(link))
	shown("reverses a string", "categoriser is unsure")
	do(settle, chromedp.KeyEvent("2"))
	shown("what you would change")
	shown("The categoriser is unsure")
	do(settle, chromedp.KeyEvent("s"))
	shown("And the other one?")
	do(chromedp.EmulateViewport(390, 844), settle, chromedp.Click(chromedp.CSS(`button[value="creative"]`)))
	shown("what you would change")
	do(settle, chromedp.KeyEvent("z"))
	shown("which is <strong>creative</strong>")
	do(settle, chromedp.KeyEvent("5"))
	shown("what you would change")
	do(settle, chromedp.KeyEvent("1"))
	shown("3 tasks are reviewed")
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "3 corrections stored") || !strings.Contains(text, "audit classify") {
		t.Errorf("at the end it says %q", text)
	}

	want := map[string]audit.Category{"code": audit.Coding, "unsure-1": audit.Reasoning, "unsure-2": audit.General}
	command(t, dir, exitOK, "audit", "classify", "--again")
	sampled := 0
	err = s.EachReview(t.Context(), func(r store.ReviewedTask) error {
		if r.Task.Category != want[r.Task.ID] || r.GuessSource != audit.CategoryFromLocal {
			t.Errorf("%s is %s, guessed by %q; want %s by the local categoriser", r.Task.ID, r.Task.Category, r.GuessSource, want[r.Task.ID])
		}
		delete(want, r.Task.ID)
		if r.Sampled {
			sampled++
		}
		return nil
	})
	if err != nil || len(want) > 0 || sampled != 1 {
		t.Errorf("%v; without a review: %v; %d of the sample, want 1", err, want, sampled)
	}
}
