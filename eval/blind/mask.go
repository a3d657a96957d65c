package blind

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hidden is what stands in the place of a masked name, the same for every name,
// answer and arm, so that the mask itself tells nothing.
const Hidden = "▇▇▇ (name hidden)"

// A Masker hides the names by which answers identify their model. It is made
// once for a protocol and safe for concurrent use.
type Masker struct {
	known *regexp.Regexp // makers and models that anyone knows, as whole words
	cue   *regexp.Regexp // a sentence in which an answer speaks of itself
	own   *regexp.Regexp // the protocol's own arm and model names, as whole words; nil where none
}

// NewMasker makes a masker for a protocol whose arms and models have these
// names. Names under three characters, unless they are like "o3", and words such
// as "control" or "cheap" are left out: they say nothing, and hiding them would
// spoil ordinary text.
func NewMasker(own []string) *Masker {
	m := &Masker{known: knownPattern, cue: cuePattern}
	var patterns []string
	for _, name := range own {
		patterns = append(patterns, ownPatterns(name)...)
	}
	// Longest first: Go's alternation takes the first that matches.
	slices.SortFunc(patterns, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	if patterns = slices.Compact(patterns); len(patterns) > 0 {
		m.own = wholeWords(strings.Join(patterns, "|"))
	}
	return m
}

// wholeWords matches names, as its first group, that are not part of a longer
// word. Go's \b knows ASCII only, and a name ending in a sign has no boundary
// after it. Scripts written without spaces (我是Claude的) part words anywhere.
func wholeWords(names string) *regexp.Regexp {
	const apart = `[^\p{L}\p{Nd}]|[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]`
	return regexp.MustCompile(`(?i)(?:^|` + apart + `)(` + names + `)(?:$|` + apart + `)`)
}

// Mask gives the answers to one task with the names in them hidden that would
// identify an arm, in the order given:
//
//   - the protocol's own arm and model names, wherever they stand;
//   - names of well-known makers and models, if a sentence of any of the answers
//     uses that name to speak of the answerer itself ("I'm GPT-4", "as an AI
//     model trained by …"); it is then hidden in every one of the answers.
//
// An answer is the pieces of text that its reader sees one after the other, and
// as many come back: a name may go over from one to the next where a part of it
// is emphasised. A well-known name that is merely an answer's subject stays
// readable, and a name that the task contains is never hidden: of "Claude 3
// Opus" only "3 Opus" goes where the task says "Claude". The originals are not
// changed. What a rater might still recognise by style, by a hint or by an
// encoded name is not found here.
func (m *Masker) Mask(task string, answers ...[]string) [][]string {
	visible, _ := seen(task)
	inTask := words(visible)
	texts := make([]string, len(answers))
	places := make([][]int, len(answers))
	said := map[string]bool{}
	for i, pieces := range answers {
		texts[i], places[i] = seen(strings.Join(pieces, ""))
		for _, sentence := range sentences(texts[i]) {
			if !m.cue.MatchString(sentence) {
				continue
			}
			for _, name := range find(m.known, sentence) {
				said[baseName(sentence[name.start:name.end])] = true
			}
		}
	}
	masked := make([][]string, len(answers))
	for i, pieces := range answers {
		var hidden []span
		for _, name := range m.names(texts[i], said) {
			name.start += inCommon(texts[i][name.start:name.end], inTask)
			if name.start < name.end {
				hidden = append(hidden, span{places[i][name.start], places[i][name.end]})
			}
		}
		masked[i] = replace(pieces, merged(hidden))
	}
	return masked
}

// A span is a part of a text, in bytes.
type span struct{ start, end int }

// names are the places of a text where an own name stands or a well-known one of
// those that an answer has said of itself.
func (m *Masker) names(text string, said map[string]bool) []span {
	var found []span
	if m.own != nil {
		found = find(m.own, text)
	}
	if len(said) == 0 {
		return found
	}
	for _, name := range find(m.known, text) {
		if said[baseName(text[name.start:name.end])] {
			found = append(found, name)
		}
	}
	return found
}

// find gives the places of a pattern of [wholeWords] in a text.
func find(pattern *regexp.Regexp, text string) []span {
	var found []span
	for from := 0; ; {
		at := pattern.FindStringSubmatchIndex(text[from:])
		if at == nil {
			return found
		}
		found = append(found, span{from + at[2], from + at[3]})
		// The character after a name may be the one before the next.
		from += at[3]
	}
}

// merged puts spans in order and makes one of those that overlap.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var apart []span
	for _, s := range spans {
		if last := len(apart) - 1; last >= 0 && s.start < apart[last].end {
			apart[last].end = max(apart[last].end, s.end)
			continue
		}
		apart = append(apart, s)
	}
	return apart
}

// replace puts the mask in the place of spans of the text that the pieces make
// together, in order and apart. One that goes over several pieces is shown in the
// first of them.
func replace(pieces []string, spans []span) []string {
	replaced := make([]string, len(pieces))
	start := 0
	for i, piece := range pieces {
		var b strings.Builder
		end, at := start+len(piece), start
		for len(spans) > 0 && spans[0].start < end {
			if spans[0].start >= start {
				b.WriteString(piece[at-start : spans[0].start-start])
				b.WriteString(Hidden)
			}
			at = min(spans[0].end, end)
			if spans[0].end > end {
				break
			}
			spans = spans[1:]
		}
		b.WriteString(piece[at-start:])
		replaced[i] = b.String()
		start = end
	}
	return replaced
}

// seen is a text without the characters that nobody sees, by which a name could
// be broken up, and the place in the text of each of its bytes and of its end.
func seen(text string) (visible string, places []int) {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			b.WriteString(text[i : i+size])
			for k := range size {
				places = append(places, i+k)
			}
		}
		i += size
	}
	return b.String(), append(places, len(text))
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// inCommon is how many bytes at the start of a name are words that the task says
// itself, with the signs after them.
func inCommon(name, inTask string) int {
	kept := 0
	for i, r := range name + " " {
		if i > 0 && !inWord(r) && strings.Contains(inTask, words(name[:i])) {
			kept = i
		}
	}
	rest := strings.TrimLeftFunc(name[kept:], func(r rune) bool { return !inWord(r) })
	return len(name) - len(rest)
}

// words is a text in lower case with one space around and between its words, so
// that a name can be looked up whole.
func words(text string) string {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !inWord(r) })
	return " " + strings.Join(fields, " ") + " "
}

// baseName is a name's first run of letters in lower case, "gpt" of "GPT-4o",
// and the same for the spellings of one name: "deepseek" of "Deep Seek R1".
func baseName(name string) string {
	name = spelledApart.ReplaceAllString(name, "$1$2")
	end := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) })
	if end > 0 {
		name = name[:end]
	}
	return strings.ToLower(name)
}

// spelledApart is the start of a name that is also written as one word.
var spelledApart = regexp.MustCompile(`(?i)^(chat|code|deep|hugging|open)` + gap + `(gpt|llama|seek|face|ai)`)

// sentences splits a text after sentence ends and at empty lines. A single line
// break does not end a sentence, since answers are often wrapped.
func sentences(text string) []string {
	return sentenceEnd.Split(text, -1)
}

var sentenceEnd = regexp.MustCompile(`[.!?](?:\s+|$)|[。！？]|\n\s*\n`)
