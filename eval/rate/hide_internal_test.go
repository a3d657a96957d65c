package rate

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"modeltrial/eval/blind"
)

// TestHideNames looks for names in what a browser shows of answers that name
// their model in a roundabout way.
func TestHideNames(t *testing.T) {
	masker := blind.NewMasker([]string{"openai", "gpt-4o", "o3"})
	tag := regexp.MustCompile(`<[^>]*>`)
	tests := []struct{ text, want string }{
		{`gpt\-4o`, "#"},
		{"gpt&#45;4o and gpt&#8203;-4o", "# and #"},
		{"gpt\u200b-4o", "#"},
		{"I'm Cl\u00adaude. Claude?", "I'm #. #?"},
		{"gpt-**4o** and g*pt*-4o", "# and #"},
		{"see [docs](https://openai.com/a)", "see docs (#)"},
		{"![gpt-4o](x)", "[image: #]"},
		{"    gpt-4o < 3", "# < 3"},
		{"I was made by:\n- OpenAI\n- others", "I was made by:\n\n#\nothers"},
		{"I'm o3, a model", "I'm #, a model"},
		{"a < b & \"c\"", `a < b & "c"`},
		{strings.Repeat("long ", maxMarkdown) + `gpt\-4o`, strings.Repeat("long ", maxMarkdown) + "#"},
	}
	for _, test := range tests {
		page := hideNames(masker, "Say hello.", answerTexts([]string{clean(test.text)}))[0]
		got := strings.TrimSpace(html.UnescapeString(tag.ReplaceAllString(string(page), "")))
		if want := strings.ReplaceAll(test.want, "#", blind.Hidden); got != want {
			t.Errorf("%.60q is shown as %.200q, want %.200q", test.text, got, want)
		}
	}
	// A name said in one answer is hidden in the other too.
	both := hideNames(masker, "Say hello.", answerTexts([]string{"I am *Gemini*.", "`Gemini` is a model."}))
	for _, page := range both {
		if strings.Contains(string(page), "Gemini") {
			t.Errorf("%q shows a name that an answer has said of itself", page)
		}
	}
}
