package rate_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"modeltrial/audit"
)

// TestFormulasInBrowser sees formulas set as MathML, on the first page and on the next
// ones, and hostile or broken TeX left as text.
func TestFormulasInBrowser(t *testing.T) {
	ctx := newBrowser(t)
	hostile := []string{
		`$\href{javascript:pwned=1}{x}$`, `$\includegraphics{https://evil.example/x.png}$`, `\(\url{https://evil.example}\)`,
		`$$\htmlId{verdict}{x}$$`, `$\text{<img src=x onerror=pwned=1>}$`, `\[\def\a{\a\a}\a\]`, `$\class{skip}{x}$`,
	}
	store := newFakeStore(
		fakeComparison{
			task:    audit.Task{Prompt: "Solve"},
			control: "So $x_1 = \\frac{-b + \\sqrt{b^2 - 4ac}}{2a}$ costs $5 or $6.\n\n$$\n\\sum_{i=1}^n i\n= \\frac{n(n+1)}{2}\n$$", candidate: "No \\( a < b \\).",
		},
		fakeComparison{task: audit.Task{Prompt: "Again"}, control: strings.Join(hostile, "\n\n"), candidate: `$\unknowncommand{1}$ and \[\begin{aligned} a &= b \\ &= c \end{aligned}\]`},
	)
	site := newSite(t, store, t.Output())
	run := func(steps ...step) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	check := func(expression, want string) {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", expression, got, err, want)
		}
	}
	run(size(1280, 800), chromedp.Navigate(site.URL+"/r/"+store.invite(t, "Ana")), chromedp.WaitVisible(chromedp.CSS(".answer math")))
	check(`[document.querySelectorAll('.math').length, document.querySelectorAll('.answer math').length, document.querySelectorAll('.display math').length].join()`, "3,3,1")
	check(`[document.querySelectorAll('mfrac').length, document.querySelectorAll('msqrt').length].join()`, "2,1")
	check(`String(document.querySelector('.answers').textContent.includes('costs $5 or $6.'))`, "true")

	run(chromedp.Sleep(450e6), chromedp.KeyEvent("1"), chromedp.WaitVisible(chromedp.CSS(".saved")))
	check(`[typeof window.pwned, document.images.length, document.querySelectorAll('.answers a:not(.jump)').length, document.querySelectorAll('#verdict').length, document.querySelectorAll('[style]').length === 0 || 'styled'].join().replace('styled', 'true')`, "undefined,0,0,1,true")
	check(`String(document.querySelector('.answers').textContent.includes('$\\unknowncommand{1}$'))`, "true")
	check(`String(document.querySelectorAll('mtable').length)`, "1")
}
