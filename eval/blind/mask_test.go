package blind_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"modeltrial/eval/blind"
)

// hidden writes a wanted text with # for the mask.
func hidden(text string) string { return strings.ReplaceAll(text, "#", blind.Hidden) }

// mask masks answers that are one piece each.
func mask(masker *blind.Masker, task string, answers ...string) []string {
	pieces := make([][]string, len(answers))
	for i, answer := range answers {
		pieces[i] = []string{answer}
	}
	masked := make([]string, len(answers))
	for i, answer := range masker.Mask(task, pieces...) {
		masked[i] = strings.Join(answer, "")
	}
	return masked
}

func TestMask(t *testing.T) {
	own := []string{"quokka-prime", "Zebrafish", "acme/wombat-9b-instruct", "control", "x"}
	tests := []struct {
		name, task, left, right string
		wantLeft, wantRight     string
	}{
		{
			name: "maker and model", task: "Say hello.",
			left: "As an AI model trained by OpenAI, I'm GPT-4. Hello!", right: "Hello.",
			wantLeft: "As an AI model trained by #, I'm #. Hello!", wantRight: "Hello.",
		},
		{
			name: "in both answers alike", task: "Say hello.",
			left: "I'm Claude, made by Anthropic.", right: "Claude 3.5 Sonnet by Anthropic is a model.",
			wantLeft: "I'm #, made by #.", wantRight: "# by # is a model.",
		},
		{
			name: "later mention of a name once given away", task: "Say hello.",
			left: "I am **Gemini**, a large language model.\n\nGemini helps.", right: "Hi",
			wantLeft: "I am **#**, a large language model.\n\n# helps.", wantRight: "Hi",
		},
		{
			name: "subject stays readable", task: "Which vendors offer embeddings?",
			left: "OpenAI, Google and Cohere do. I'm sure that Google is cheapest.", right: "The llama and the falcon are animals; Claude Monet painted.",
			wantLeft: "OpenAI, Google and Cohere do. I'm sure that Google is cheapest.", wantRight: "The llama and the falcon are animals; Claude Monet painted.",
		},
		{
			name: "word of the task", task: "Do you know ChatGPT?",
			left: "Yes, I am ChatGPT, trained by OpenAI.", right: "I am DeepSeek-V3.",
			wantLeft: "Yes, I am ChatGPT, trained by #.", wantRight: "I am #.",
		},
		{
			name: "first word of a name in the task", task: "You are Claude. Say hello.",
			left: "I'm Claude 3 Opus.", right: "Claude here!",
			wantLeft: "I'm Claude #.", wantRight: "Claude here!",
		},
		{
			name: "own names anywhere", task: "Say hello.",
			left: "Quokka Prime says hello, and zebrafish too.", right: "wombat 9b instruct; acme/wombat-9b-instruct",
			wantLeft: "# says hello, and # too.", wantRight: "#; #",
		},
		{
			name: "own names that are words or part of words", task: "Say hello.",
			left: "The control of x is good.", right: "Zebrafishes and myquokka-prime",
			wantLeft: "The control of x is good.", wantRight: "Zebrafishes and myquokka-prime",
		},
		{
			name: "own name in the task", task: "How large does a zebrafish grow?",
			left: "A zebrafish grows to 4 cm.", right: "Up to 5 cm.",
			wantLeft: "A zebrafish grows to 4 cm.", wantRight: "Up to 5 cm.",
		},
		{
			name: "German", task: "Sag hallo.",
			left: "Ich bin Mistral Large, ein Sprachmodell von Mistral AI.", right: "Als KI-Modell, das von Google entwickelt wurde, kann ich das nicht.",
			wantLeft: "Ich bin #, ein Sprachmodell von #.", wantRight: "Als KI-Modell, das von # entwickelt wurde, kann ich das nicht.",
		},
		{
			name: "Chinese", task: "你好",
			left: "我是Qwen2.5，由阿里云开发的模型。", right: "你好！",
			wantLeft: "我是#，由#开发的模型。", wantRight: "你好！",
		},
		{
			name: "French and Spanish", task: "Bonjour",
			left: "Je suis un modèle de langage entraîné par OpenAI.", right: "Soy un asistente creado por Anthropic.",
			wantLeft: "Je suis un modèle de langage entraîné par #.", wantRight: "Soy un asistente creado por #.",
		},
		{name: "empty", task: "", left: "", right: "", wantLeft: "", wantRight: ""},
	}
	masker := blind.NewMasker(own)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := []string{hidden(test.wantLeft), hidden(test.wantRight)}
			if diff := cmp.Diff(want, mask(masker, test.task, test.left, test.right)); diff != "" {
				t.Errorf("left %q, right %q (-want +got):\n%s", test.left, test.right, diff)
			}
			// Which answer is on the left changes nothing.
			swapped := mask(masker, test.task, test.right, test.left)
			if diff := cmp.Diff([]string{want[1], want[0]}, swapped); diff != "" {
				t.Errorf("swapped (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMaskDisguises gives names as they are written by those who would not have
// them found.
func TestMaskDisguises(t *testing.T) {
	masker := blind.NewMasker([]string{"openai", "gpt-4o", "o3", "atlas", "atlas-large", "v2", "42"})
	tests := []struct{ text, want string }{
		{"I use gpt\u200b-4o.", "I use #."},
		{"I use g\u200dpt\u034f-4\ufe0fo.", "I use #."},
		{"gpt\\-4o, gpt‐4o, gpt–4o, gpt\u00a04o", "#, #, #, #"},
		{"As ChatGPT-4o users know, Chat GPT 4o", "As # users know, #"},
		{"I'm o3, a model. O3 is v2 of 42 co3s.", "I'm #, a model. # is # of 42 co3s."},
		{"atlas-larger, atlas-large, atlases", "#-larger, #, atlases"},
		{"I'm Deep Seek. Others use DeepSeek and Deep-Seek R1.", "I'm #. Others use # and #."},
		{"I'm Claude Opus. Claude and Claude 3.5.", "I'm #. # and #."},
		{"I'm o1. Others are o1-mini and so1.", "I'm #. Others are # and so1."},
		{"I'm Cl\u00adaude.", "I'm #."},
		{"I'm GPT-4o-mini, by openai/gpt-4o.", "I'm #, by #/#."},
		{"My knowledge cutoff is 2021. Again: My knowledge cutoff is 2021. My knowledge cutoff is 2021.", "My knowledge cutoff is #. Again: My knowledge cutoff is #. My knowledge cutoff is #."},
	}
	for _, test := range tests {
		if got := mask(masker, "Say hello.", test.text)[0]; got != hidden(test.want) {
			t.Errorf("mask of %q is %q, want %q", test.text, got, hidden(test.want))
		}
	}
}

// TestMaskPieces: a name is found where emphasis parts it, and what stands around
// it stays in its piece.
func TestMaskPieces(t *testing.T) {
	masker := blind.NewMasker([]string{"gpt-4o"})
	tests := []struct{ pieces, want []string }{
		{[]string{"It is g", "pt", "-4o here", ""}, []string{"It is #", "", " here", ""}},
		{[]string{"gpt-4o", "gpt-4o or ", "gpt-4o"}, []string{"gpt-4o", "gpt-4o or ", "#"}},
		{[]string{"gpt-4o", " ", "gpt-4o"}, []string{"#", " ", "#"}},
		{nil, []string{}},
	}
	for _, test := range tests {
		want := make([]string, len(test.want))
		for i := range want {
			want[i] = hidden(test.want[i])
		}
		if diff := cmp.Diff(want, masker.Mask("", test.pieces)[0]); diff != "" {
			t.Errorf("mask of %q (-want +got):\n%s", test.pieces, diff)
		}
	}
}

// BenchmarkMask gives long texts that are almost names and texts of the sets, beside the
// bare limit: to read every character once and write it in lower case.
func BenchmarkMask(b *testing.B) {
	masker := blind.NewMasker([]string{"atlas", "gpt-4o"})
	texts := map[string]string{}
	for _, piece := range []string{"plain text ", "o1-mini-", "gpt-4", "atlas ", "Open", "I'm GPT-4. "} {
		texts[piece] = strings.Repeat(piece, 100_000/len(piece)) + "x"
	}
	for _, set := range []string{"identifying", "innocent"} {
		var all strings.Builder
		for _, s := range readSpecimens(b, "testdata/"+set+".jsonl") {
			all.WriteString(s.Text + "\n\n")
		}
		texts[set] = all.String()
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text := texts[name]
		b.Run(name+"/mask", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				masker.Mask("", []string{text})
			}
		})
		b.Run(name+"/bare", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				strings.Map(unicode.ToLower, text)
			}
		})
	}
}

func FuzzMask(f *testing.F) {
	f.Add("quokka-prime", "task", "I'm GPT-4", "Claude")
	f.Add("a/b/c", "GPT", "我是Claude的", "\xff\xfe I am Claude\xff")
	f.Add("...", "", "I'm GPT-", "as Claude, I")
	f.Fuzz(func(t *testing.T, name, task, left, right string) {
		masked := mask(blind.NewMasker([]string{name}), task, left, right)
		if utf8.ValidString(left) && !utf8.ValidString(masked[0]) {
			t.Errorf("mask of %q is no valid UTF-8: %q", left, masked[0])
		}
	})
}
