package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
	"modeltrial/store"
)

const latencyConfig = `providers:
  - {name: files, kind: recorded}
pilot:
  name: quick
  control: now
  arms:
    - {name: now, provider: files, model: one}
    - {name: next, provider: files, model: two}
  use_cases:
    - {category: coding, candidates: [next]}
  weeks: 1
  tasks_per_week: 45
  budget_usd: "1"
`

// longAnswer is of the kind that takes long to render: headings, a list, code and a table.
func longAnswer(arm string, task int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## Answer to task %d\n\n", task)
	for i := range 12 {
		fmt.Fprintf(&b, "- **Point %d** of %s explains what `step%d` does, and *why* it is needed for %d.\n", i, arm[:1], i, task)
	}
	b.WriteString("\n```go\n")
	for i := range 30 {
		fmt.Fprintf(&b, "func step%d(values []int) (sum int) { for _, v := range values { sum += v * %d }; return sum }\n", i, i+task)
	}
	b.WriteString("```\n\n| step | cost |\n|---|---:|\n")
	for i := range 10 {
		fmt.Fprintf(&b, "| %d | %d |\n", i, i*task)
	}
	return b.String()
}

// TestNextComparisonIsReadableAtOnce rates forty comparisons in a browser, against a
// store that syncs each one to disk, and logs how long the next one took to be painted
// after the key. What is tested is that each was assigned ahead, that one request brought
// it, and that it was not shown before.
func TestNextComparisonIsReadableAtOnce(t *testing.T) {
	t.Parallel()
	executable := chromium(t, "the way to the next comparison was not timed")
	const ratings, tasks = 40, 45
	dir := t.TempDir()
	var log, responses strings.Builder
	log.WriteString("id,prompt,category\n")
	responses.WriteString("task_id,arm,response\n")
	for i := range tasks {
		fmt.Fprintf(&log, "t%02d,Explain program %d,coding\n", i, i)
		for _, arm := range []string{"now", "next"} {
			fmt.Fprintf(&responses, "t%02d,%s,\"%s\"\n", i, arm, longAnswer(arm, i))
		}
	}
	for name, text := range map[string]string{"log.csv": log.String(), "responses.csv": responses.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init"},
		{"audit", "import", filepath.Join(dir, "log.csv")},
		{"pilot", "lock"},
		{"pilot", "import-responses", filepath.Join(dir, "responses.csv")},
	} {
		var out strings.Builder
		if code := execute(append([]string{"-C", dir}, args...), &out, &out); code != 0 {
			t.Fatalf("%v: exit code %d: %s", args, code, out.String())
		}
		if err := os.WriteFile(filepath.Join(dir, "modeltrial.yaml"), []byte(latencyConfig), 0o600); err != nil {
			t.Fatal(err)
		}
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
	if err := s.Invite(t.Context(), []store.Invitation{{Rater: "Visitor", TokenSHA256: hash}}, time.Now().Add(time.Hour), time.Now()); err != nil {
		t.Fatal(err)
	}
	protocol, err := s.Locked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var pages, ahead atomic.Int64
	handler := rate.NewHandler(s, siteOptions(protocol.Protocol))
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			pages.Add(1)
		case "/ahead":
			defer ahead.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(site.Close)

	ctx := browser(t, executable)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(site.URL+"/r/"+token), chromedp.WaitVisible(chromedp.CSS("#verdict")))
	// A frame after the one in which the new page is put in place, it is on the screen.
	do(chromedp.Evaluate[chromedp.Void](`
		window.painted = [];
		let pressed = 0;
		document.addEventListener('keydown', () => { pressed = performance.now(); }, true);
		new MutationObserver((changes) => {
			if (!changes.some((c) => [...c.addedNodes].includes(document.body))) return;
			requestAnimationFrame(() => setTimeout(() => window.painted.push(performance.now() - pressed)));
		}).observe(document.documentElement, { childList: true });`))
	for i := range ratings {
		for deadline := time.Now().Add(10 * time.Second); ahead.Load() <= int64(i) && time.Now().Before(deadline); {
			time.Sleep(5 * time.Millisecond)
		}
		// A key counts once the page has stood still for a moment.
		do(chromedp.Sleep(400*time.Millisecond), chromedp.KeyEvent([]string{"1", "2", "3", "4", "5", "0"}[i%6]))
		waitForRatings(t, s, i+1)
	}
	do(chromedp.Sleep(400 * time.Millisecond))
	took, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`window.painted`))
	if err != nil {
		t.Fatal(err)
	}
	if len(took) != ratings {
		t.Fatalf("the next comparison was painted %d times, want %d: it did not come with the verdict's reply", len(took), ratings)
	}
	if pages.Load() != 1 || ahead.Load() < ratings {
		t.Errorf("%d pages were loaded and %d comparisons asked for ahead, want 1 and at least %d", pages.Load(), ahead.Load(), ratings)
	}
	requests, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/verdict')).map((e) => e.duration)`))
	if err != nil || len(requests) != ratings {
		t.Fatalf("%d requests timed, %v", len(requests), err)
	}
	slices.Sort(requests)
	t.Logf("of it the request, which stores the verdict: median %.0f ms, 95th percentile %.0f ms", requests[ratings/2], requests[ratings*95/100])
	slices.Sort(took)
	t.Logf("from key to painted, %d ratings: median %.0f ms, 95th percentile %.0f ms, slowest %.0f ms", ratings, took[ratings/2], took[ratings*95/100], took[ratings-1])
}
