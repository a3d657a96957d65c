package blind

import (
	"regexp"
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
	{"headings", regexp.MustCompile(`(?m)^ {0,3}#{1,6} \S`).MatchString},
	{"bullet lists", regexp.MustCompile(`(?m)^\s*[-*•] \S`).MatchString},
	{"numbered lists", regexp.MustCompile(`(?m)^\s*\d{1,2}[.)] \S`).MatchString},
	{"tables", regexp.MustCompile(`(?m)^ *\|?[ :-]*-{3,}[ :-]*\|`).MatchString},
	{"bold", regexp.MustCompile(`\*\*[^*\s](?:[^*\n]*[^*\s])?\*\*|__[^_\s][^_\n]*__`).MatchString},
	{"code blocks", func(text string) bool { return strings.Contains(text, "```") || strings.Contains(text, "~~~") }},
	{"emoji", func(text string) bool { return strings.ContainsFunc(text, emoji) }},
	{"dashes", func(text string) bool { return strings.Contains(text, "—") }},
	{"opening phrase", regexp.MustCompile(`(?i)^\W*(?:certainly|sure|of course|absolutely|great question|here(?:'s| is| are)|gerne?|natürlich|bien sûr|claro|certo)\b`).MatchString},
	{"closing offer", regexp.MustCompile(`(?i)(?:let me know|feel free|would you like|hope (?:this|that) helps|happy to help|sag(?:en Sie)? (?:mir )?Bescheid|n'hésitez pas)[^\n]*\s*$`).MatchString},
	{"long", func(text string) bool { return utf8.RuneCountInString(text) > longAnswer }},
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
