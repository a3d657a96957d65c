package blind

import (
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
	known *regexp.Regexp // makers and models that anyone knows
	cue   *regexp.Regexp // a sentence in which an answer speaks of itself
	own   *regexp.Regexp // the protocol's own arm and model names; nil where none
}

// NewMasker makes a masker for a protocol whose arms and models have these
// names. Names under three characters and words such as "control" or "cheap"
// are left out: they say nothing, and hiding them would spoil ordinary text.
func NewMasker(own []string) *Masker {
	m := &Masker{known: knownPattern, cue: cuePattern}
	var patterns []string
	for _, name := range own {
		patterns = append(patterns, ownPatterns(name)...)
	}
	// Longest first: Go's alternation takes the first that matches.
	slices.SortFunc(patterns, func(a, b string) int { return len(b) - len(a) })
	if patterns = slices.Compact(patterns); len(patterns) > 0 {
		m.own = regexp.MustCompile(`(?i)(?:` + strings.Join(patterns, "|") + `)`)
	}
	return m
}

// Mask gives the answers to one task with the names in them hidden that would
// identify an arm, in the order given:
//
//   - the protocol's own arm and model names, wherever they stand;
//   - names of well-known makers and models, if a sentence of any of the answers
//     uses that name to speak of the answerer itself ("I'm GPT-4", "as an AI
//     model trained by …"); it is then hidden in every one of the answers.
//
// A well-known name that is merely an answer's subject stays readable, and a
// name that the task contains is never hidden: of "Claude 3 Opus" only "3 Opus"
// goes where the task says "Claude". The originals are not changed. What a
// rater might still recognise by style, by a hint or by an encoded name is not
// found here.
func (m *Masker) Mask(task string, answers ...string) []string {
	inTask := words(task)
	said := map[string]bool{}
	for _, answer := range answers {
		for _, sentence := range sentences(answer) {
			if !m.cue.MatchString(sentence) {
				continue
			}
			for _, name := range m.known.FindAllString(sentence, -1) {
				said[baseName(name)] = true
			}
		}
	}
	masked := make([]string, len(answers))
	for i, answer := range answers {
		if m.own != nil {
			answer = replaceWords(answer, m.own, func(name string) string { return hide(name, inTask) })
		}
		if len(said) > 0 {
			answer = replaceWords(answer, m.known, func(name string) string {
				if !said[baseName(name)] {
					return name
				}
				return hide(name, inTask)
			})
		}
		masked[i] = answer
	}
	return masked
}

// replaceWords replaces the matches that are not part of a longer word. Go's \b
// knows ASCII only, and a name ending in a sign has no boundary after it.
func replaceWords(text string, pattern *regexp.Regexp, replace func(string) string) string {
	var b strings.Builder
	end := 0
	for _, at := range pattern.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		if joins(before) || joins(after) {
			continue
		}
		b.WriteString(text[end:at[0]])
		b.WriteString(replace(text[at[0]:at[1]]))
		end = at[1]
	}
	if end == 0 {
		return text
	}
	b.WriteString(text[end:])
	return b.String()
}

// joins says whether a character beside a name makes it part of a longer word.
// Scripts written without spaces (我是Claude的) never do.
func joins(r rune) bool {
	if r == utf8.RuneError {
		return false
	}
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai) {
		return false
	}
	return inWord(r)
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// hide masks a name but for the leading words of it that the task says itself.
func hide(name, inTask string) string {
	kept := 0
	for i, r := range name + " " {
		if i > 0 && !inWord(r) && strings.Contains(inTask, words(name[:i])) {
			kept = i
		}
	}
	if kept == len(name) {
		return name
	}
	rest := strings.TrimLeftFunc(name[kept:], func(r rune) bool { return !inWord(r) })
	if rest == "" {
		return name
	}
	return name[:len(name)-len(rest)] + Hidden
}

// words is a text in lower case with one space around and between its words, so
// that a name can be looked up whole.
func words(text string) string {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !inWord(r) })
	return " " + strings.Join(fields, " ") + " "
}

// baseName is a name's first run of letters in lower case: "gpt" of "GPT-4o".
func baseName(name string) string {
	end := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) })
	if end > 0 {
		name = name[:end]
	}
	return strings.ToLower(name)
}

// sentences splits a text after sentence ends and at empty lines. A single line
// break does not end a sentence, since answers are often wrapped.
func sentences(text string) []string {
	return sentenceEnd.Split(text, -1)
}

var sentenceEnd = regexp.MustCompile(`[.!?](?:\s+|$)|[。！？]|\n\s*\n`)
