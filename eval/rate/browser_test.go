package rate_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A step is what a rater does in the browser.
type step = chromedp.Action[chromedp.Void]

// newBrowser starts a headless Chromium with a profile of its own. Without one
// the test is skipped, but in CI it fails.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	var executable string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			executable = path
			break
		}
	}
	if executable == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium in CI: install the package chromium")
		}
		t.Skip("SKIPPED: no Chromium found, so the rating page was not tried in a browser; install chromium")
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(executable),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.WSURLReadTimeout(60*time.Second),
	)
	t.Cleanup(cancel)
	ctx, cancelBrowser := chromedp.NewContext(allocator)
	t.Cleanup(cancelBrowser)
	// The first call starts the browser and must not have a deadline of its own.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", executable, err)
	}
	ctx, cancelTime := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancelTime)
	return ctx
}

// size makes the window as large as that of a screen or telephone.
func size(width, height int64) step { return chromedp.EmulateViewport(width, height) }

// scheme makes the browser prefer light or dark.
func scheme(name string) step {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		})
		return err
	})
}

// TestRateByKeyboard rates thirty comparisons by keys alone, changes one, reloads
// in between and finishes on a screen as narrow as a telephone's.
func TestRateByKeyboard(t *testing.T) {
	ctx := newBrowser(t)
	store := newFakeStore(sampleComparisons(30)...)
	site := newSite(t, store, t.Output())
	run := func(steps ...step) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Second); len(store.given(1)) != want; {
			if time.Now().After(deadline) {
				t.Fatalf("%d verdicts stored, want %d: %v", len(store.given(1)), want, store.given(1))
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	// A key counts once the page has stood still for a moment.
	settle := chromedp.Sleep(450 * time.Millisecond)
	ready := chromedp.WaitVisible(chromedp.CSS("body"))
	press := func(key string) {
		t.Helper()
		before := len(store.given(1))
		run(ready, settle, chromedp.KeyEvent(key))
		count(before + 1)
	}
	run(size(1280, 800), chromedp.Navigate(site.URL+"/r/"+store.invite(t, "Ana")))
	press("1")
	press(kb.ArrowDown)
	press(kb.ArrowRight)
	press("0")
	run(settle, chromedp.Reload())
	press("3")
	// Before half of them, and in the middle of reading one.
	middle := []string{"2", "4", "1", "3", "5", "2", "0", "4", "3", "1"}
	for _, key := range middle {
		press(key)
	}
	run(settle, chromedp.Reload())

	// What must not rate: Enter, a modifier, a held key, typing, help.
	held := chromedp.Evaluate[chromedp.Void](`document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '1', repeat: true, bubbles: true}))`)
	run(settle, chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent("1", chromedp.KeyModifiers(chromedp.ModifierCtrl)), held, settle)
	count(15)
	run(chromedp.KeyEvent("?"), chromedp.WaitVisible(chromedp.CSS("#help")), chromedp.KeyEvent("1"), chromedp.KeyEvent("?"), chromedp.WaitNotVisible(chromedp.CSS("#help")))
	run(chromedp.Focus(chromedp.CSS("#answer-1 .scroll")), chromedp.KeyEvent(kb.ArrowDown))
	run(chromedp.Click(chromedp.CSS(".why summary")), chromedp.SendKeys(chromedp.CSS("#note"), "2 of 3 facts\r"), settle)
	count(15)
	run(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
	press("5")
	if note := store.given(1)[15].Note; note != "2 of 3 facts" {
		t.Errorf("note %q, want what was typed", note)
	}

	// Undo: the last one again, with what was said of it, and on where it was. Digits among
	// the grades give them, one after the other.
	run(chromedp.KeyEvent("z"), chromedp.WaitVisible(chromedp.CSS(".points")), chromedp.Focus(chromedp.CSS(".points input")),
		chromedp.KeyEvent("4"), chromedp.KeyEvent("2"), chromedp.KeyEvent("5"), chromedp.KeyEvent("5"), chromedp.KeyEvent("0"), settle, chromedp.KeyEvent(kb.Escape))
	count(16)
	press("2")
	given := store.given(1)
	if given[16].Presentation != given[15].Presentation || given[16].Note != given[15].Note {
		t.Errorf("undo showed %+v, want the last one, %+v", given[16], given[15])
	}
	grades := []eval.ShownGrade{{Criterion: "Is it right?", Answer: 1, Points: 4}, {Criterion: "Is it right?", Answer: 2, Points: 2}, {Criterion: secondCriterion, Answer: 1, Points: 5}}
	if diff := cmp.Diff(grades, given[16].Grades); diff != "" {
		t.Errorf("grades (-want +got):\n%s", diff)
	}

	run(size(390, 800))
	narrow := []string{"1", "3", "4", "2", "5", "3", "1", "4", "2", "3", "4", "1", "0"}
	for _, key := range narrow {
		press(key)
	}
	// Two quick presses rate one comparison.
	run(settle, chromedp.Evaluate[chromedp.Void](`document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '4', bubbles: true})); document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '1', bubbles: true}))`), settle)
	count(31)
	body, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("main")))
	if err != nil || !strings.Contains(body, "You have rated 30 comparisons") {
		t.Errorf("last page: %q, %v", body, err)
	}
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil || wide {
		t.Errorf("the page is wider than the screen: %v, %v", wide, err)
	}
	var got []eval.ShownVerdict
	for _, v := range store.given(1) {
		got = append(got, v.Verdict)
		if v.Seconds == nil || *v.Seconds > 60 {
			t.Errorf("%v: not timed, or for more than a minute", v)
		}
	}
	of := map[string]eval.ShownVerdict{
		"1": eval.LeftMuchBetter, "2": eval.LeftBetter, "3": eval.ShownTie, "4": eval.RightBetter, "5": eval.RightMuchBetter, "0": eval.ShownBad,
	}
	var want []eval.ShownVerdict
	for _, key := range slices.Concat([]string{"1", "3", "4", "0", "3"}, middle, []string{"5", "2"}, narrow, []string{"4"}) {
		want = append(want, of[key])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

func TestScreenshots(t *testing.T) {
	dir := os.Getenv("RATE_SCREENSHOTS")
	if dir == "" {
		t.Skip("SKIPPED: set RATE_SCREENSHOTS to a directory to look at the pages")
	}
	ctx := newBrowser(t)
	store := newFakeStore(sampleComparisons(3)...)
	token := store.invite(t, "Ana Brückner")
	site := newSite(t, store, t.Output())
	run := func(steps ...step) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	shoot := func(name string) {
		t.Helper()
		for _, s := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 390} {
				run(size(width, 800), scheme(s), chromedp.Sleep(150*time.Millisecond))
				png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(dir, strings.Join([]string{name, s, map[int64]string{1280: "1280", 390: "390"}[width]}, "-")+".png")
				if err := os.WriteFile(file, png, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	run(chromedp.Navigate(site.URL + "/r/" + token))
	shoot("first")
	run(chromedp.Click(chromedp.CSS("details summary")), chromedp.Click(chromedp.CSS(".why summary")))
	shoot("open")
	run(chromedp.Evaluate[chromedp.Void](`help.showPopover()`))
	shoot("help")
	press := func(value string) {
		run(size(1280, 800), chromedp.Sleep(400*time.Millisecond), chromedp.Click(chromedp.CSS(`button[value="`+value+`"]`)), chromedp.Sleep(300*time.Millisecond))
	}
	run(chromedp.Reload(), size(1280, 800), chromedp.Click(chromedp.CSS(".why summary")), chromedp.Click(chromedp.CSS(".points label:last-child")))
	shoot("grades")
	run(chromedp.Reload())
	press("left")
	shoot("code")
	run(size(1280, 800), chromedp.Click(chromedp.CSS("#differences")), chromedp.Click(chromedp.CSS(".skips summary")))
	shoot("differences")
	run(size(1280, 800), chromedp.Click(chromedp.CSS("#differences")), chromedp.Click(chromedp.CSS(".skips summary")))
	press("tie")
	shoot("german")
	press("right")
	shoot("done")
	run(chromedp.Navigate(site.URL + "/previous"))
	shoot("again")
	run(chromedp.Navigate(site.URL + "/guess"))
	shoot("guess")
	run(chromedp.Navigate(site.URL + "/r/unknown"))
	shoot("unknown")
	run(chromedp.Navigate(site.URL + "/practice"))
	shoot("practice")
	formulas := newFakeStore(fakeComparison{
		task:    audit.Task{Prompt: "Solve $x^2 - 5x + 6 = 0$."},
		control: "By the quadratic formula $x = \\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}$:\n\n$$\nx_{1,2} = \\frac{5 \\pm \\sqrt{25 - 24}}{2}\n$$\n\nso **$x = 2$** or **$x = 3$**.", candidate: "Factor: \\[\\begin{aligned} x^2 - 5x + 6 &= (x-2)(x-3) \\\\ &= 0 \\end{aligned}\\] A product is 0 where a factor is.",
	})
	run(chromedp.Navigate(newSite(t, formulas, t.Output()).URL + "/r/" + formulas.invite(t, "Ana")))
	shoot("formulas")
	run(chromedp.Navigate(site.URL + "/practice"))
	run(size(1280, 800), chromedp.Sleep(400*time.Millisecond), chromedp.Click(chromedp.CSS(`button[value="right"]`)), chromedp.WaitVisible(chromedp.CSS(".go")))
	shoot("feedback")

	edits := newFakeEditStore(sampleComparisons(3)...)
	editing := newEditSite(t, edits, t.Output(), time.Now)
	run(chromedp.Navigate(editing.URL + "/r/" + edits.invite(t, "Ana Brückner")))
	shoot("edit")
	run(size(1280, 800), chromedp.Click(chromedp.CSS(".why summary")), chromedp.SendKeys(chromedp.CSS("#remark"), "Warmer, and without the table"))
	shoot("edit-remark")
	run(size(1280, 800), chromedp.Click(chromedp.CSS(`button[value="revise"]`)), chromedp.Sleep(500*time.Millisecond))
	edits.revise(edits.shownEdits[0].ID, edits.shownEdits[0].Answer, time.Now())
	run(chromedp.Navigate(editing.URL))
	shoot("edit-revised")
}

// TestEditInBrowser edits an answer in a browser: the sending key, the time that counts,
// a draft that outlives a reload, an answer that is sent back, and a narrow screen.
func TestEditInBrowser(t *testing.T) {
	ctx := newBrowser(t)
	store := newFakeEditStore(sampleComparisons(4)...)
	site := newEditSite(t, store, t.Output(), time.Now)
	run := func(steps ...step) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	wait := func(what string, condition func() bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited for %s; stored %+v", what, store.made())
			}
		}
	}
	stored := func(n int) func() bool { return func() bool { return len(store.made()) == n } }
	text := chromedp.CSS("#text")
	send := chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	value := func() string {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.getElementById('text').value`))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}

	run(size(1280, 800), chromedp.Navigate(site.URL+"/r/"+store.invite(t, "Ana")), chromedp.WaitVisible(text))
	original := value()
	// Enter makes a new line, digits and letters are text, and none of it is sent.
	run(chromedp.Focus(text), chromedp.KeyEvent(kb.Home, chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.SendKeys(text, "1z\r"), chromedp.Sleep(1200*time.Millisecond))
	if got := value(); !strings.Contains(got, "1z\n") || len(store.made()) > 0 {
		t.Errorf("typed into the text: %q; stored %v", got, store.made())
	}
	typed := value()
	run(chromedp.Reload(), chromedp.WaitVisible(text))
	if got := value(); got != typed {
		t.Errorf("after a reload the text is %q, want the draft %q", got, typed)
	}
	run(chromedp.Focus(text), send)
	wait("the first edit", stored(1))
	made := store.made()[0].Made
	if made.Outcome != eval.Edited || made.Text != typed || made.Timing != eval.TimedActive || *made.Seconds < 1.2 || *made.Seconds > 30 {
		t.Errorf("stored %+v (%v s), want the text and active seconds of both pages", made, made.Seconds)
	}
	if made.Words.Common != made.Words.Before || made.Words.After != made.Words.Before+1 {
		t.Errorf("words %+v, want one more than %q has", made.Words, original)
	}

	// Sent back with a remark, then changed by the button of the mouse.
	run(chromedp.WaitVisible(chromedp.CSS(".saved")), chromedp.Click(chromedp.CSS(".why summary")), chromedp.SendKeys(chromedp.CSS("#remark"), "shorter"), send)
	wait("the remark", func() bool { n, _ := store.WaitingRevisions(t.Context(), eval.Rater{}); return n == 1 })
	run(chromedp.WaitVisible(chromedp.CSS(".saved")))
	store.revise(store.shownEdits[1].ID, "A short answer.", time.Now())
	run(size(390, 800), chromedp.Navigate(site.URL), chromedp.WaitVisible(chromedp.CSS(".again")))
	if got := value(); got != "A short answer." {
		t.Errorf("the new answer is %q", got)
	}
	run(chromedp.Click(chromedp.CSS(`button[value="unusable"]`)))
	wait("the second edit", stored(2))
	run(chromedp.WaitVisible(chromedp.CSS(".saved")))
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil || wide {
		t.Errorf("the page is wider than the screen: %v, %v", wide, err)
	}

	// Without scripts the same form works, and the time is that which went by.
	run(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), chromedp.Reload(), chromedp.WaitVisible(text), chromedp.Click(chromedp.CSS(`button[value="done"]`)))
	wait("the third edit", stored(3))
	if made := store.made()[2].Made; made.Timing != eval.TimedElapsed || made.Words.Distance() != 0 {
		t.Errorf("without scripts %+v, want it unchanged and timed by the clock", made)
	}
}
