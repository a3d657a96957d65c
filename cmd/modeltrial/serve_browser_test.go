package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"modeltrial/eval/rate"
	"modeltrial/report/owner"
)

// TestOwnerSeesTheDemo opens the owner's pages in a real browser that runs no script, wide
// and narrow, light and dark: each page says what it should and never scrolls sideways.
// With MODELTRIAL_SCREENSHOTS=DIR it leaves pictures there.
func TestOwnerSeesTheDemo(t *testing.T) {
	t.Parallel()
	executable := chromium(t, "the owner's pages were not tried")
	g := &global{dir: filepath.Join(t.TempDir(), "demo")}
	if err := runDemo(t.Context(), g, false, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	s, err := g.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	pages := ownerPages(g, s)
	site := httptest.NewServer(owner.New(owner.Options{Token: "token", Session: "session", Pages: pages, Fresh: time.Hour, Logger: slog.Default()}))
	t.Cleanup(site.Close)
	protocol, err := s.Locked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rating := rate.NewHandler(s, siteOptions(protocol.Protocol))

	ctx := browser(t, executable)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	do(chromedp.Navigate(site.URL+"/"), chromedp.WaitVisible(chromedp.CSS("h1")))
	if text := pageText(ctx, t); !strings.Contains(text, "Please open your link") {
		t.Errorf("without the link it says:\n%s", text)
	}
	do(chromedp.Navigate(site.URL+"/enter/token"), chromedp.WaitVisible(chromedp.CSS("nav")))
	for path, says := range map[string]string{
		"/": "ratings are simulated", "/results": "Evidence for each use case", "/audit": "Where a pilot would pay", "/history": "Routing tables so far",
	} {
		for _, scheme := range []string{"light", "dark"} {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, width := range []int64{1280, 390} {
				do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(site.URL+path), chromedp.WaitVisible(chromedp.CSS("h1")))
				if text := pageText(ctx, t); !strings.Contains(text, says) {
					t.Errorf("%s does not say %q:\n%s", path, says, text)
				}
				wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
				if err != nil || wide {
					t.Errorf("%s scrolls sideways at %d px: %v, %v", path, width, wide, err)
				}
				if folder := os.Getenv("MODELTRIAL_SCREENSHOTS"); folder != "" {
					png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
					if err != nil {
						t.Fatal(err)
					}
					name := fmt.Sprintf("owner-%s-%d-%s.png", strings.Trim(path, "/"), width, scheme)
					if err := os.WriteFile(filepath.Join(folder, name), png, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		// Nothing of it is on the rating site, not even for who has the owner's cookie.
		recorder := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		request.Header.Set("Cookie", "modeltrial_owner=session")
		rating.ServeHTTP(recorder, request)
		if body := recorder.Body.String(); recorder.Code < 400 || strings.Contains(body, says) {
			t.Errorf("the rating site answers %s with %d:\n%s", path, recorder.Code, body)
		}
	}
}

func pageText(ctx context.Context, t *testing.T) string {
	t.Helper()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.textContent`))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
