package blind

import (
	"strings"
	"unicode/utf8"
)

// A Trait is a habit of formatting by which raters may come to know an arm, whatever it
// says and although its names are hidden.
type Trait string

// traits are what is looked for, in the order in which they are given.
var traits = []struct {
	trait Trait
	has   func(string) bool
}{
	{"headings", matches(`(?m)^ {0,3}#{1,6} \S`)},
	{"bullet lists", matches(`(?m)^\s*[-*•] \S`)},
	{"numbered lists", matches(`(?m)^\s*\d{1,2}[.)] \S`)},
	{"tables", matches(`(?m)^ *\|?[ :-]*-{3,}[ :-]*\|`)},
	{"bold", matches(`\*\*[^*\s](?:[^*\n]*[^*\s])?\*\*|__[^_\s][^_\n]*__`)},
	{"code blocks", func(text string) bool { return strings.Contains(text, "```") || strings.Contains(text, "~~~") }},
	{"emoji", func(text string) bool { return strings.ContainsFunc(text, emoji) }},
	{"dashes", func(text string) bool { return strings.Contains(text, "—") }},
	{"opening phrase", matches(`(?i)^\W*(?:certainly|sure|of course|absolutely|great question|here(?:'s| is| are)|gerne?|natürlich|bien sûr|claro|certo)\b`)},
	{"closing offer", matches(`(?i)(?:let me know|feel free|would you like|hope (?:this|that) helps|happy to help|sag(?:en Sie)? (?:mir )?Bescheid|n'hésitez pas)[^\n]*\s*$`)},
	{"long", func(text string) bool { return utf8.RuneCountInString(text) > longAnswer }},
}

// matches says whether a text has a pattern.
func matches(pattern string) func(text string) bool {
	compiled := lazily(pattern)
	return func(text string) bool { return compiled().MatchString(text) }
}

// longAnswer is in characters: about a page.
const longAnswer = 2000

func emoji(r rune) bool {
	return r >= 0x1F300 && r <= 0x1FAFF || r >= 0x2600 && r <= 0x27BF || r == 0x2B50 || r == 0x2705
}

// Traits gives the traits that an answer has as it is written.
func Traits(answer string) []Trait {
	var found []Trait
	for _, t := range traits {
		if t.has(answer) {
			found = append(found, t.trait)
		}
	}
	return found
}
