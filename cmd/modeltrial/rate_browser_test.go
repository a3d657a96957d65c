package main

import (
	"context"
	"crypto/rand"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
	"modeltrial/eval/run"
	"modeltrial/store"
)

// The store is what runs and rating sites ask for.
var (
	_ run.Store  = (*store.Store)(nil)
	_ rate.Store = (*store.Store)(nil)
)

// TestVisitorRatesTheDemo does what the demonstration asks its reader to do: open
// the rating page of the workspace it left and rate what is open, by keyboard, in
// a real browser. The ratings must be on disk, a person's and not simulated.
func TestVisitorRatesTheDemo(t *testing.T) {
	t.Parallel()
	executable := chromium(t, "the demo's rating page was not tried")
	g := &global{dir: filepath.Join(t.TempDir(), "demo")}
	if err := runDemo(t.Context(), g, false, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	s, link := visitorsPage(t, g)

	ctx := browser(t, executable)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(link))
	for i, key := range []string{"1", "5", "3", "0", "2", "4", "1", "3", "5", "2"} {
		// A key counts once the page has stood still for a moment.
		do(chromedp.WaitVisible(chromedp.CSS("body")), chromedp.Sleep(450*time.Millisecond), chromedp.KeyEvent(key))
		waitForRatings(t, s, i+1)
	}
	// The visitor has recognised a model in the last one, and says so.
	do(chromedp.Sleep(450*time.Millisecond), chromedp.KeyEvent("g"), chromedp.WaitVisible(chromedp.CSS("#recognised")), chromedp.KeyEvent("r"),
		chromedp.Sleep(450*time.Millisecond), chromedp.KeyEvent("3"), chromedp.WaitNotPresent(chromedp.CSS("#recognised")))
	data, err := s.Dataset(t.Context(), 0)
	if err != nil || len(data.Guesses) != 1 || data.Guesses[0].Rater != "Visitor" || !data.Guesses[0].Recognised || data.Guesses[0].Asked {
		t.Errorf("guesses %+v (%v), want the visitor's", data.Guesses, err)
	}
	page, err := chromedp.Run(ctx, chromedp.OuterHTML(chromedp.CSS("html")))
	if err != nil {
		t.Fatal(err)
	}
	protocol, err := s.Locked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, arm := range protocol.Protocol.Arms {
		if strings.Contains(page, arm.Name) || strings.Contains(page, arm.Model) {
			t.Errorf("the page names %s", arm.Name)
		}
	}
}

// visitorsPage serves the rating site of a workspace and gives a visitor's link to it.
func visitorsPage(t *testing.T, g *global) (s *store.Store, link string) {
	t.Helper()
	s, err := g.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	protocol, err := s.Locked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token, hash, err := blind.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Invite(t.Context(), []store.Invitation{{Rater: "Visitor", TokenSHA256: hash}}, time.Now().Add(time.Hour), time.Now()); err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(rate.NewHandler(s, siteOptions(protocol.Protocol)))
	t.Cleanup(site.Close)
	return s, site.URL + "/r/" + token
}

// chromium finds the browser. Without one the test is skipped, which says what was not
// tried, but in CI it fails.
func chromium(t *testing.T, untried string) (executable string) {
	t.Helper()
	executable, err := exec.LookPath("chromium")
	if err == nil {
		return executable
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium in CI: install the package chromium")
	}
	t.Skipf("SKIPPED: no Chromium found, so %s; install chromium", untried)
	return ""
}

// browser starts the browser, headless and with a profile of its own.
func browser(t *testing.T, executable string) context.Context {
	t.Helper()
	allocator, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(executable),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(60*time.Second),
	)
	t.Cleanup(cancel)
	ctx, cancelBrowser := chromedp.NewContext(allocator)
	t.Cleanup(cancelBrowser)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", executable, err)
	}
	ctx, cancelTime := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancelTime)
	return ctx
}

// waitForRatings waits until a person's ratings are stored.
func waitForRatings(t *testing.T, s *store.Store, want int) {
	t.Helper()
	var got int
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		got = 0
		err := s.EachRating(t.Context(), 0, func(rating eval.Rating) error {
			if rating.Rater == "Visitor" && !rating.Simulated && rating.Kind == eval.Human {
				got++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
	}
	t.Fatalf("%d of the visitor's ratings are stored, want %d", got, want)
}
