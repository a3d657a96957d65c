package report

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// line makes hostile text safe for one line of a terminal: escape sequences,
// control and text-direction characters go, white space becomes single spaces.
func line(text string) string {
	blank := func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' }
	return strings.Join(strings.FieldsFunc(lines(text), blank), " ")
}

// lines is line for text that may have several: line breaks and tabs stay.
func lines(text string) string {
	text = ansi.Strip(strings.ToValidUTF8(text, "�"))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case unicode.IsControl(r):
			return -1
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f', r == '\u061c', r == '\ufeff':
			return -1
		case r == '\ufffe', r == '\uffff':
			return -1
		}
		return r
	}, text)
}
