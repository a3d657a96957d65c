package rate

import (
	"strings"
	"testing"

	"modeltrial/eval/blind"
)

func TestRestore(t *testing.T) {
	masker := blind.NewMasker([]string{"Zebrafish", "acme/wombat-9b"})
	const hidden = blind.Hidden
	tests := []struct{ name, text, shown, edited, want string }{
		{"no name", "Hello there", "Hello there", "Hello you", "Hello you"},
		{"kept", "I am Zebrafish, hello", "I am " + hidden + ", hello", "I am " + hidden + ", hi", "I am Zebrafish, hi"},
		{"over several words", "Ask acme/wombat-9b now", "Ask " + hidden + " now", "Ask " + hidden + " later", "Ask acme/wombat-9b later"},
		{"taken out", "I am Zebrafish.", "I am " + hidden + ".", "I am here.", "I am here."},
		{"explanation cut off", "I am Zebrafish.", "I am " + hidden + ".", "I am ▇▇▇.", "I am Zebrafish."},
		{"two", "Zebrafish or acme/wombat-9b?", hidden + " or " + hidden + "?", "Either " + hidden + " or " + hidden + "!", "Either Zebrafish or acme/wombat-9b!"},
		{"the first of two gone", "First Zebrafish, then acme/wombat-9b.", "First " + hidden + ", then " + hidden + ".", "Only then " + hidden + ".", "Only then acme/wombat-9b."},
		{"one more than there were", "By Zebrafish.", "By " + hidden + ".", "By " + hidden + " and " + hidden + ".", "By Zebrafish and Zebrafish."},
		{"in Markdown", "**Zebrafish** and `acme/wombat-9b`", "**" + hidden + "** and `" + hidden + "`", "**" + hidden + "** and `" + hidden + "`", "**Zebrafish** and `acme/wombat-9b`"},
		{"the answer's own bars", "▇▇▇ by Zebrafish", "▇▇▇ by " + hidden, "▇▇▇ by me", "▇▇▇ by me"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			masked := maskTexts(masker, "a task", test.text)[0]
			if masked.shown != test.shown {
				t.Fatalf("shown %q, want %q", masked.shown, test.shown)
			}
			if got := masked.restore(test.edited); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// FuzzRestore: a text that is sent as it was shown is the text as it was.
func FuzzRestore(f *testing.F) {
	masker := blind.NewMasker([]string{"Zebrafish", "acme/wombat-9b"})
	for _, text := range []string{"I am Zebrafish.", "zebrafish/acme/wombat-9b Zebrafish_Zebrafish", "As an AI by OpenAI, I'm GPT-4. GPT-4!", "Zebrafish\u200b", ""} {
		f.Add("task", text)
	}
	f.Fuzz(func(t *testing.T, task, text string) {
		text = clean(text)
		masked := maskTexts(masker, task, text)[0]
		if strings.Contains(text, "▇▇▇") {
			return
		}
		if got := masked.restore(masked.shown); got != text {
			t.Errorf("%q was shown as %q and came back as %q", text, masked.shown, got)
		}
	})
}
