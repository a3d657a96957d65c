package rate

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

func TestClean(t *testing.T) {
	tests := map[string]string{
		"plain\ttext\n":                     "plain\ttext\n",
		"a\r\nb\rc":                         "a\nb\nc",
		"\x1b[31mred\x1b[0m":                "red",
		"\x1b]0;title\x07text":              "text",
		"a\x00b\x08c\x7fd\u009be":           "abcde",
		"safe\u202egnp.exe\u2066x\ufeff":    "safegnp.exex",
		"gpt\u200b-4o Cl\u00adaude\u2060":   "gpt-4o Claude",
		"می\u200cخواهم \u0601":              "می\u200cخواهم \u0601",
		"bad \xff byte":                     "bad \uFFFD byte",
		"family \U0001F468\u200D\U0001F469": "family \U0001F468\u200D\U0001F469",
	}
	for text, want := range tests {
		if got := clean(text); got != want {
			t.Errorf("clean(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"list and emphasis", "- **a**\n- *b*", "<ul>\n<li><strong>a</strong></li>\n<li><em>b</em></li>\n</ul>\n"},
		{"list goes on", "3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n"},
		{"code", "```go\na < b\n```", "<pre><code>a &lt; b\n</code></pre>\n"},
		{"table", "| a | b |\n|:-:|--:|\n| 1 | 2<br>3 |", "<table>\n<thead>\n<tr>\n<th align=\"center\">a</th>\n<th align=\"right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td align=\"center\">1</td>\n<td align=\"right\">2<br>3</td>\n</tr>\n</tbody>\n</table>\n"},
		{"headings below the page's", "# a\n###### b", "<h3>a</h3>\n<h6>b</h6>\n"},
		{"link", "see [the *docs*](https://x.example/a?b=1&c=2 \"t\")", "<p>see the <em>docs</em> (https://x.example/a?b=1&amp;c=2)</p>\n"},
		{"link to itself", "[https://x.example](https://x.example)", "<p>https://x.example</p>\n"},
		{"autolink", "<https://x.example/?a&b>", "<p>https://x.example/?a&amp;b</p>\n"},
		{"image", "![a *cat*](https://x.example/cat.png)", "<p>[image: a cat]</p>\n"},
		{"image without a text", "![](https://x.example/cat.png)", "<p>[image]</p>\n"},
		{"inline HTML is shown", "a <b onclick=x>c</b>", "<p>a &lt;b onclick=x&gt;c&lt;/b&gt;</p>\n"},
		{"HTML block is shown", "<div>\n<script>alert(1)</script>\n</div>", "<p>&lt;div&gt;<br>&lt;script&gt;alert(1)&lt;/script&gt;<br>&lt;/div&gt;</p>\n"},
		{"task list", "- [x] done\n- [ ] open", "<ul>\n<li>☑ done</li>\n<li>☐ open</li>\n</ul>\n"},
		{"struck", "~~a~~", "<p><del>a</del></p>\n"},
		{"empty", " \n", `<p class="empty">(empty answer)</p>`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := string(markdown(test.text)); html.UnescapeString(got) != html.UnescapeString(test.want) || strings.Count(got, "<") != strings.Count(test.want, "<") {
				t.Errorf("markdown(%q)\n got %q\nwant %q", test.text, got, test.want)
			}
		})
	}
}

// TestMarkdownStaysInProportion gives texts that make bad converters slow or their
// output huge.
func TestMarkdownStaysInProportion(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: slow texts are not tried with -short")
	}
	for _, piece := range []string{">", "[", "![", "*a_", "**x ", "`", "<", "- ", "|a", "<!--", "&", "~~", "[a](", "\\", "1. ", "> - ", "a\n\n"} {
		t.Run(piece, func(t *testing.T) {
			text := strings.Repeat(piece, 4096/len(piece))
			if got := len(markdown(text)); got > 40*len(text) {
				t.Errorf("%d bytes of %q became %d", len(text), piece, got)
			}
		})
	}
}

// TestWideTable gives a header with short rows, which the converter fills up.
func TestWideTable(t *testing.T) {
	table := func(columns, rows int) string {
		return strings.Repeat("|a", columns) + "\n" + strings.Repeat("|-", columns) + "\n" + strings.Repeat("x\n", rows)
	}
	hostile := table(2000, 4000)
	if len(hostile) > maxMarkdown {
		t.Fatalf("%d bytes are refused for their length alone", len(hostile))
	}
	if got := markdown(hostile); got != verbatim(hostile) {
		t.Errorf("%d bytes became %d, want them as they are", len(hostile), len(got))
	}
	for _, texts := range [][]string{{hostile, "**a**"}, {"**a**", hostile}} {
		for i, got := range answerTexts(texts) {
			if got != verbatim(texts[i]) {
				t.Errorf("answer %d of a pair with a hostile one is %.40q, want it as it is", i+1, got)
			}
		}
	}
	if got := markdown(table(10, 500)); !strings.Contains(string(got), "<table>") {
		t.Errorf("an ordinary table became %.40q", got)
	}
}

// allowed are the elements that an answer may become.
var allowed = map[string]bool{
	"html": true, "head": true, "body": true, "p": true, "br": true, "hr": true, "h3": true, "h4": true, "h5": true, "h6": true,
	"ul": true, "ol": true, "li": true, "blockquote": true, "pre": true, "code": true, "em": true, "strong": true, "del": true,
	"table": true, "thead": true, "tbody": true, "tr": true, "th": true, "td": true,
	"span": true, // of mathematics and of highlighted code
}

func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{"# a\n- b", "<script>x</script>", "[a](javascript:x)", "| a |\n|:-:|\n| b |", "```\n<\n```", "<a href='x' onmouseover=y>", "![x](y\"onerror=z)", "$a<b$", "```go\nfunc f() {}\n```"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		document, err := html.Parse(strings.NewReader(string(markdown(clean(text)))))
		if err != nil {
			t.Fatal(err)
		}
		for node := range document.Descendants() {
			if node.Type == html.CommentNode {
				t.Errorf("%q gives a comment", text)
			}
			if node.Type != html.ElementNode {
				continue
			}
			if !allowed[node.Data] {
				t.Errorf("%q gives <%s>", text, node.Data)
			}
			for _, a := range node.Attr {
				if a.Key != "class" && a.Key != "align" && a.Key != "start" {
					t.Errorf("%q gives <%s %s=%q>", text, node.Data, a.Key, a.Val)
				}
			}
		}
	})
}

func TestMath(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"inline", `so $x_1*y*z_2$ holds`, `<p>so <span class="math">$x_1*y*z_2$</span> holds</p>`},
		{"brackets", `\(a_1 < b\) and *c*`, `<p><span class="math">\(a_1 &lt; b\)</span> and <em>c</em></p>`},
		{"display", "that is\n\\[\nx = 1 \\\\\ny = *2*\n\\]", "<p>that is\n<span class=\"math display\">\\[\nx = 1 \\\\\ny = *2*\n\\]</span></p>"},
		{"dollars", "$$\\frac{1}{2}$$", `<p><span class="math display">$$\frac{1}{2}$$</span></p>`},
		{"prices", "from **$5** to **$6**, or $7 and $8", "<p>from <strong>$5</strong> to <strong>$6</strong>, or $7 and $8</p>"},
		{"an escaped dollar", `cost \$5 for $a\$b$`, `<p>cost $5 for <span class="math">$a\$b$</span></p>`},
		{"without end", `\[ a *b*`, "<p>[ a <em>b</em></p>"},
		{"in code", "`$x$`", "<p><code>$x$</code></p>"},
		{"a tag in it", `$<img src=x>$`, `<p><span class="math">$&lt;img src=x&gt;$</span></p>`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.TrimSpace(string(markdown(test.text))); html.UnescapeString(got) != html.UnescapeString(test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestFormulas(t *testing.T) {
	tests := map[string]string{
		"Solve $x < 2$ for $5":   `Solve <span class="math">$x &lt; 2$</span> for $5`,
		"\\[\na\n\\] <b>":        "<span class=\"math display\">\\[\na\n\\]</span> &lt;b&gt;",
		"\\[ a\n\nb \\]":         "\\[ a\n\nb \\]",
		"echo $HOME/$USER":       "echo $HOME/$USER",
		"from $5 to $6":          "from $5 to $6",
		"\\$a$ $ $$ \\( $":       "\\$a$ $ $$ \\( $",
		"$$x$$":                  `<span class="math display">$$x$$</span>`,
		"":                       "",
		"```js\n`${a}${b}`\n```": "```js\n`${a}${b}`\n```",
	}
	for text, want := range tests {
		if got := string(formulas(text)); html.UnescapeString(got) != html.UnescapeString(want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestHighlighted(t *testing.T) {
	left := time.Hour
	got, ok := highlighted("func f() int { return 42 } // a < b\n", "go", &left)
	want := "<span class=\"k\">func</span> <span class=\"f\">f</span>() <span class=\"k\">int</span> { <span class=\"k\">return</span> <span class=\"m\">42</span> } <span class=\"c\">// a &lt; b</span>\n"
	if !ok || got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for language, code := range map[string]string{"": "a < b", "no such language": "a < b", "python": strings.Repeat("<", maxCode+1)} {
		if got, ok := highlighted(code, language, &left); ok {
			t.Errorf("%q: got %.40s, want it left plain", language, got)
		}
	}
	if left >= time.Hour {
		t.Error("no time was taken")
	}
	left = time.Nanosecond
	if _, ok := highlighted("a = 1", "python", &left); ok || left > 0 {
		t.Errorf("highlighted in no time, %v left", left)
	}
	page := string(markdown("```Python\nx = 1\n```\n\n```\nx < 1\n```"))
	if page != "<pre><code>x = <span class=\"m\">1</span>\n</code></pre>\n<pre><code>x &lt; 1\n</code></pre>\n" {
		t.Errorf("page %s", page)
	}
}

// FuzzHighlighted: highlighting changes no text.
func FuzzHighlighted(f *testing.F) {
	for _, language := range []string{"go", "python", "html", "sql", "json", "bash", "js", "c++", "diff"} {
		f.Add(language, "x = \"<a>\" # 1\r\n\t'unclosed")
	}
	f.Fuzz(func(t *testing.T, language, code string) {
		code = clean(code)
		left := time.Second
		page, ok := highlighted(code, language, &left)
		text := regexp.MustCompile(`</?span(?: class="[ckmsf]")?>`).ReplaceAllString(page, "")
		if ok && text != html.EscapeString(code) {
			t.Errorf("%q in %q became %q", code, language, page)
		}
	})
}
