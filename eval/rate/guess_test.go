package rate_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
)

var errDisk = errors.New("disk on fire")

// pageQuiet is a little more than how long a page must have stood still.
const pageQuiet = 450 * time.Millisecond

func TestGuessAfterTheVerdict(t *testing.T) {
	store := newFakeStore(sampleComparisons(3)...)
	token, other := store.invite(t, "Ana"), store.invite(t, "Ben")
	site := newAskingSite(t, store, t.Output(), 1)
	post := func(token, path string, form url.Values) reply {
		t.Helper()
		return do(t, "POST", site.URL+path, token, form.Encode(), "Sec-Fetch-Site", "same-origin")
	}
	// Nothing is asked, and nothing taken, before the verdict.
	if got := do(t, "GET", site.URL+"/guess", token, ""); got.status != 303 || got.header.Get("Location") != "/" {
		t.Errorf("a question before anything is rated: status %d to %q", got.status, got.header.Get("Location"))
	}
	do(t, "GET", site.URL+"/", token, "")
	do(t, "GET", site.URL+"/", other, "")
	id := current(t, store, 1)
	if got := post(token, "/guess", url.Values{"id": {id}, "guess": {"left"}}); got.status != 404 || len(store.guessed(1)) > 0 {
		t.Errorf("a guess before the verdict: status %d, stored %v", got.status, store.guessed(1))
	}
	if got := post(token, "/verdict", url.Values{"id": {id}, "verdict": {"tie"}}); got.status != 303 || got.header.Get("Location") != "/guess" {
		t.Fatalf("after the verdict: status %d to %q, want the question", got.status, got.header.Get("Location"))
	}
	page := do(t, "GET", site.URL+"/guess", token, "").body
	for _, want := range []string{"Which answer is from the model that is in use today?", `name="guess" value="left"`, `name="guess" value="unknown"`, `name="guess" value="right"`, `name="recognised"`, `value="` + id + `"`, "1 of 3", "Skip"} {
		if !strings.Contains(page, want) {
			t.Errorf("the question lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, `name="verdict"`) {
		t.Error("the question offers a verdict, too")
	}
	for name, c := range map[string]struct {
		token  string
		form   url.Values
		status int
	}{
		"nothing chosen":   {token, url.Values{"id": {id}}, 400},
		"an arm":           {token, url.Values{"id": {id}, "guess": {"a"}}, 400},
		"another's":        {other, url.Values{"id": {id}, "guess": {"left"}}, 404},
		"no such":          {token, url.Values{"id": {"x"}, "guess": {"left"}}, 404},
		"without a cookie": {"", url.Values{"id": {id}, "guess": {"left"}}, 401},
	} {
		if got := post(c.token, "/guess", c.form); got.status != c.status {
			t.Errorf("%s: status %d, want %d", name, got.status, c.status)
		}
	}
	if got := post(token, "/guess", url.Values{"id": {id}, "guess": {"right"}, "recognised": {"1"}}); got.status != 303 || got.header.Get("Location") != "/" {
		t.Errorf("a guess: status %d to %q", got.status, got.header.Get("Location"))
	}
	if diff := cmp.Diff([]fakeGuess{{id, eval.GuessRight, true, true}}, store.guessed(1)); diff != "" {
		t.Errorf("guesses (-want +got):\n%s", diff)
	}
	if given := store.given(1); len(given) != 1 || given[0].Verdict != eval.ShownTie {
		t.Errorf("verdicts %v, want the one that was given", given)
	}
	if store.fail = errDisk; post(token, "/guess", url.Values{"id": {id}, "guess": {"left"}}).status != 500 {
		t.Error("a failing store was not told")
	}
}

// TestGuessIsAskedOfARandomPart: about a fifth where a fifth is wanted, none where none
// is, and a guess that was not asked for is stored as such.
func TestGuessIsAskedOfARandomPart(t *testing.T) {
	for _, share := range []float64{0, 0.2} {
		store := newFakeStore(sampleComparisons(200)...)
		token := store.invite(t, "Ana")
		site := newAskingSite(t, store, t.Output(), share)
		asked := 0
		for range 200 {
			do(t, "GET", site.URL+"/", token, "")
			id := current(t, store, 1)
			if do(t, "POST", site.URL+"/verdict", token, "verdict=left&id="+id).header.Get("Location") == "/guess" {
				asked++
			}
			do(t, "POST", site.URL+"/guess", token, "guess=unknown&id="+id)
		}
		marked := 0
		for _, g := range store.guessed(1) {
			if g.Asked {
				marked++
			}
		}
		if want := 200 * share; float64(asked) < want*0.6 || float64(asked) > want*1.5 || marked != asked || len(store.guessed(1)) != 200 {
			t.Errorf("asked %d times of 200, %d guesses of %d marked as asked for; want about %.0f", asked, marked, len(store.guessed(1)), want)
		}
	}
}

// TestGuessPageIsBlind walks the question as a browser would.
func TestGuessPageIsBlind(t *testing.T) {
	comparisons := sampleComparisons(1)
	comparisons[0].control += "\n\nThis is Quokka Prime."
	comparisons[0].candidate = armNames[1] + "\n\n" + comparisons[0].candidate
	store := newFakeStore(comparisons...)
	token := store.invite(t, "Ana")
	site := newAskingSite(t, store, t.Output(), 1)
	do(t, "GET", site.URL+"/", token, "")
	do(t, "POST", site.URL+"/verdict", token, "verdict=left&id="+current(t, store, 1))
	got := do(t, "GET", site.URL+"/guess", token, "")
	if found := regexp.MustCompile(`(?i)quokka|zebrafish|wombat|gpt-4|openai|control|candidate|arm[ _-]?[ab]\b`).FindString(got.body); found != "" {
		t.Errorf("the question contains %q:\n%s", found, got.body)
	}
	checkHeaders(t, "/guess", got.header)
}

// TestGuessByKeyboard answers, skips and volunteers by keys alone, in a real browser, on
// a wide and on a narrow screen.
func TestGuessByKeyboard(t *testing.T) {
	ctx := newBrowser(t)
	store := newFakeStore(sampleComparisons(4)...)
	site := newAskingSite(t, store, t.Output(), 1)
	run := func(steps ...step) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	settle := chromedp.Sleep(pageQuiet)
	press := func(keys ...string) {
		t.Helper()
		for _, key := range keys {
			run(chromedp.WaitVisible(chromedp.CSS("body")), settle, chromedp.KeyEvent(key), settle)
		}
	}
	title := func(want string) {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.title`))
		if err != nil || got != want {
			t.Fatalf("the page is %q (%v), want %q", got, err, want)
		}
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
		if err != nil || wide {
			t.Errorf("%s is wider than the screen: %v, %v", want, wide, err)
		}
	}
	const question = "Which answer is from the current model?"
	run(size(1280, 800), chromedp.Navigate(site.URL+"/r/"+store.invite(t, "Ana")))
	press("1")
	title(question)
	press("r", kb.ArrowRight)
	title("Comparison 2 of 4")
	press("3")
	title(question)
	run(chromedp.Focus(chromedp.CSS("#recognised")), settle, chromedp.KeyEvent(kb.Enter), settle) // Enter sends nothing
	title(question)
	press("s")
	title("Comparison 3 of 4")
	run(size(390, 800))
	press("4", "2")
	title("Comparison 4 of 4")
	press("g")
	title(question)
	press("1")
	title("Comparison 4 of 4")
	guesses := store.guessed(1)
	for i := range guesses {
		guesses[i].Presentation = ""
	}
	want := []fakeGuess{{"", eval.GuessRight, true, true}, {"", eval.GuessUnknown, false, true}, {"", eval.GuessLeft, false, true}}
	if diff := cmp.Diff(want, guesses); diff != "" {
		t.Errorf("guesses (-want +got):\n%s", diff)
	}
	if given := store.given(1); len(given) != 3 || given[0].Verdict != eval.LeftMuchBetter || given[1].Verdict != eval.ShownTie || given[2].Verdict != eval.RightBetter {
		t.Errorf("verdicts %v, want those that were given", given)
	}
}
