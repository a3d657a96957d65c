package terminal

import (
	"html/template"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
)

// shownAs is how an answer is laid out, without its styles.
func shownAs(answer string, width int) string {
	pages := rate.ShownAnswers(blind.NewMasker([]string{"Zebrafish"}), eval.Presentation{Left: answer})
	return ansi.Strip(strings.Join(document(pages[0], width), "\n"))
}

func TestDocument(t *testing.T) {
	tests := []struct{ name, answer, want string }{
		{"paragraphs wrap", "one two three four\nfive six\n\nseven", "one two three four\nfive six\n\nseven"},
		{"heading", "# Title\ntext", "Title\n\ntext"},
		{"styles leave the text", "**bold** *slanted* ~~gone~~ `x := 1`", "bold slanted gone x :=\n1"},
		{"list", "- one\n- two two two two two two\n  - in\n\n3. c\n4. d", "• one\n• two two two two two\n  two\n  • in\n\n3. c\n4. d"},
		{"quote", "> one\n>\n> two", "│ one\n│ \n│ two"},
		{"code", "```go\nif x {\n\ty()\n}\n```", "▏ if x {\n▏     y()\n▏ }"},
		{"long code goes on", "```\nabcdefghijklmnopqrstuvwxyz\n```", "▏ abcdefghijklmnopqrst\n▏ uvwxyz"},
		{"table", "| a | b |\n|---|---|\n| 1 | two |", "a │ b\n──┼────\n1 │ two"},
		{"table with long cells", "| a | b |\n|---|---|\n| 1 | two three four five |", "a │ b\n──┼───────────────────\n1 │ two three four\n  │ five"},
		{"table too wide", "|a|b|c|d|e|\n|-|-|-|-|-|\n|one one one|2|3|4|5|\n|x|y|z|v|w|", "a: one one one\nb: 2\nc: 3\nd: 4\ne: 5\n\na: x\nb: y\nc: z\nd: v\ne: w"},
		{"image and link are text", "![me](https://evil.example/x.png) [a](https://b.example)", "[image: me] a\n(https://b.example)"},
		{"HTML is shown", "<b>x</b>", "<b>x</b>"},
		{"line break", "one<br>two", "one\ntwo"},
		{"rule", "a\n\n---\n\nb", "a\n\n──────────────────────\n\nb"},
		{"name hidden", "I am Zebra&#102;ish.", "I am ▇▇▇ (name\nhidden)."},
		{"empty", "", "(empty answer)"},
		{"escape as an entity", "a&#27;[31mb&#x9b;2Jc&#7;", "ab2Jc"},
		{"escape in code", "`a\x1b]0;title\x07b`", "ab"},
		{"text direction", "a\u202eb\u2066c", "abc"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if difference := cmp.Diff(test.want, shownAs(test.answer, 22)); difference != "" {
				t.Errorf("-want +got:\n%s", difference)
			}
		})
	}
}

// TestDeepNesting: what a parser does not follow is shown as text.
func TestDeepNesting(t *testing.T) {
	for _, answer := range []string{strings.Repeat(">", 2000) + " deep", strings.Repeat("- ", 300) + "deep", strings.Repeat("*a **b ", 2000) + "deep"} {
		got := shownAs(answer, 60)
		if !strings.Contains(got, "deep") || strings.Contains(got, "<") {
			t.Errorf("got %.300q, want the text", got)
		}
	}
}

// TestStylesEndWithTheirLine: what goes on in the next line begins there again, so that
// the answer beside it has none of it.
func TestStylesEndWithTheirLine(t *testing.T) {
	lines := document(template.HTML("<p><strong>one two <em>three four</em> five</strong> six</p>"), 8)
	for _, line := range lines {
		for _, s := range []style{strong, italic} {
			if strings.Count(line, s.on) < strings.Count(line, s.off) || strings.LastIndex(line, s.on) > strings.LastIndex(line, s.off) {
				t.Errorf("line %q leaves a style on", line)
			}
		}
	}
	if want := strong.on + italic.on; len(lines) < 3 || !strings.Contains(strings.Join(lines[1:], "\n"), want) {
		t.Errorf("lines %q do not take up the styles %q again", lines, want)
	}
}

// hostile are texts that try to take the terminal over.
var hostile = []string{
	"\x1b[2J\x1b[H", "\x1b]0;pwned\x07", "\x1b]52;c;cHduZWQ=\x07", "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "\x1b]1337;File=:AAAA\x07",
	"\x1bP1$r0m\x1b\\", "\x1b_Gf=24;AAAA\x1b\\", "\x1b^pm\x1b\\", "\x1bXsos\x1b\\", "\x1b[31mred", "\x9b31mred", "\u009b31mred", "\u009d0;t\u009c", "\x1bc", "\x1b(0lqk", "\x1b[?1049l",
	"\x1b[6n", "\x1b[c", "\x1b[>q", "\x1b]10;?\x07", "\x1b[20t", "\x1b[?2004h", "\x1b[5i", "\x0e\x0f", "a\rb", "a\bb", "a\x7fb", "a\vb\fc", "\x00", "\x07\x07\x07",
	"&#27;[2J", "&#x1b;]0;pwned&#7;", "&#155;31m", "&#x9d;0;t&#x9c;", "&#27;**[31m**", "`&#27;[31m`", "**&#27;**[2J", "&#13;overwritten", "&#8;&#8;", "&Tab;&NewLine;",
	"\u202eright to left", "\u2066isolate", "&#8238;right to left", "\ufeffbom", "\u2028line\u2029paragraph", "\x1b\x1b[31m[31m", "\x1b[\x1b[31m31m", "\x1b]0;never ended", "\x1b[", "\x1b",
	"\xff\xfe\x80", "\xc2", "\xed\xa0\x80", "```\n\x1b[31m\n```", "| \x1b[31m | &#27;[2J |\n|---|---|\n| \x1b]0;t\x07 | &#155;2J |", "<b>\x1b[31m</b>", "<br\x1b[31m>",
}

// allowed are the styles and nothing else.
var allowed = func() *strings.Replacer {
	var pairs []string
	for _, s := range styles {
		pairs = append(pairs, s.on, "", s.off, "")
	}
	return strings.NewReplacer(pairs...)
}()

// wantHarmless fails where a screen has a control character beside its styles and line
// breaks, a mark that nobody sees and that turns text around, or a line that is too wide.
func wantHarmless(t *testing.T, screen string, width int) {
	t.Helper()
	for line := range strings.SplitSeq(screen, "\n") {
		rest := allowed.Replace(line)
		for _, r := range rest {
			if r == unicode.ReplacementChar || r == 0x200C || r == 0x200D || unicode.Is(unicode.Prepended_Concatenation_Mark, r) {
				continue
			}
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Fatalf("line %q has the character %U", line, r)
			}
		}
		if got := ansi.StringWidth(line); got > width {
			t.Fatalf("line %q is %d cells wide, want at most %d", line, got, width)
		}
	}
}

// TestHostileText puts hostile text everywhere a text can come from.
func TestHostileText(t *testing.T) {
	for _, text := range hostile {
		task := fakeTask{
			audit.Task{System: text, Prompt: text, Conversation: []audit.Message{{Role: "user", Content: text}, {Role: text, Content: text}}}, text, "beside " + text,
		}
		for _, width := range []int{120, 60, 7, 1} {
			s := newScreen(t, width, 40, Options{Notice: text}, task)
			s.model.rater.Name = text
			screens := []string{s.model.View().Content}
			for _, key := range []string{"t", "end", "?"} {
				s.press(key)
				screens = append(screens, s.model.View().Content)
			}
			s.press("x", "n")
			s.update(press("y"))
			s.model = s.model.wrote(text)
			screens = append(screens, s.model.View().Content)
			for _, screen := range screens {
				wantHarmless(t, screen, width)
			}
		}
	}
}

func FuzzDocument(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, 40)
	}
	for _, text := range []string{"# a\n\n- b\n\n1. c\n\n> d\n\n```\ne\n```\n", "|a|b|\n|-|-|\n|c|d|", "👩‍👩‍👧 日本語 ~~x~~ *y* **z**"} {
		f.Add(text, 3)
	}
	masker := blind.NewMasker(nil)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if len(text) > 4<<10 {
			return // the Markdown converter takes quadratic time for some; see eval/rate
		}
		width = max(min(width, 300), 2) // a wide character needs two cells
		for _, page := range rate.ShownAnswers(masker, eval.Presentation{Left: text, Right: "x"}) {
			wantHarmless(t, strings.Join(document(page, width), "\n"), width)
		}
	})
}
