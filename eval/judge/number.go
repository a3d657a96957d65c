package judge

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// A number as people and models write it: with a sign, with groups of three digits, with
// a decimal point or comma, with an exponent.
var numberPattern = regexp.MustCompile(`[-+−–]?(?:\d{1,3}(?:[,\x{a0}\x{202f}\x{2009}’']\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}|\d+(?:[.,]\d+)?|\.\d+)(?:[eE][-+]?\d+)?`)

// boxed is the result as mathematical writing marks it, and hashes as GSM8K does.
var (
	boxed  = regexp.MustCompile(`\\boxed\{([^{}]*)\}`)
	hashes = regexp.MustCompile(`(?m)^\s*####\s*(.+)$`)
)

// FinalNumber is the number that a text ends on: the one in the last \boxed{…}, else
// the one after the last line's ####, else the last of all. 1,234.5 and 1.234,5 are
// read alike, and spaces that do not break part groups too; 3,5 is three and a half, and 1,234 is a thousand and more.
// ok is false where there is none.
func FinalNumber(text string) (number float64, ok bool) {
	for _, mark := range []*regexp.Regexp{boxed, hashes} {
		if marked := mark.FindAllStringSubmatch(text, -1); marked != nil {
			if number, ok := lastNumber(marked[len(marked)-1][1]); ok {
				return number, true
			}
		}
	}
	return lastNumber(text)
}

func lastNumber(text string) (float64, bool) {
	places := numberPattern.FindAllStringIndex(text, -1)
	for i := len(places) - 1; i >= 0; i-- {
		start, end := places[i][0], places[i][1]
		word := text[start:end]
		// A sign after a digit or a word joins: 3-5, GPT-4.
		if start > 0 && strings.ContainsAny(word[:1], "-+") && joins(text[start-1]) {
			word = word[1:]
		}
		if number, ok := parseNumber(word); ok {
			return number, true
		}
	}
	return 0, false
}

func joins(before byte) bool {
	return before >= '0' && before <= '9' || before >= 'a' && before <= 'z' || before >= 'A' && before <= 'Z' || before == ')'
}

// grouped is a number whose commas can only part groups of three digits.
var grouped = regexp.MustCompile(`^[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?(?:[eE]|$)`)

func parseNumber(word string) (float64, bool) {
	word = strings.NewReplacer("−", "-", "–", "-", "\u00a0", "", "\u202f", "", "\u2009", "", "’", "", "'", "").Replace(word)
	point, comma := strings.Count(word, "."), strings.Count(word, ",")
	switch {
	case grouped.MatchString(word):
		word = strings.ReplaceAll(word, ",", "")
	case comma == 1 && point > 0, point > 1: // 1.234,5
		word = strings.Replace(strings.ReplaceAll(word, ".", ""), ",", ".", 1)
	case comma == 1:
		word = strings.Replace(word, ",", ".", 1)
	}
	number, err := strconv.ParseFloat(word, 64)
	return number, err == nil && !math.IsInf(number, 0)
}
