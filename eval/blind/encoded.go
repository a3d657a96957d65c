package blind

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// encoded gives the places of a text, as it was written, that hold a name in another
// writing: base64, hexadecimal, character codes and escapes, letters spelled one by one
// or with digits in the place of letters. names says whether a decoded text has one.
func encoded(text string, names func(decoded string) bool) []span {
	var spans []span
	add := func(start, end int, decoded string) {
		if readable(decoded) && names(decoded) {
			spans = append(spans, span{start, end})
		}
	}
	codes, singles, first := 0, 0, 0 // in a row, and where the first single letter is
	hasCodes := false
	for i := 0; i < len(text); {
		if !codeByte[text[i]] {
			i++
			continue
		}
		start, digits, upper, lower := i, 0, 0, 0
		for i < len(text) && codeByte[text[i]] {
			switch c := text[i]; {
			case isDigit(c):
				digits++
			case 'A' <= c && c <= 'Z':
				upper++
			case 'a' <= c && c <= 'z':
				lower++
			}
			i++
		}
		run := text[start:i]
		switch {
		case len(run) == 1 && upper+lower == 1:
			if singles++; singles == 1 {
				first = start
			}
			if singles == 4 {
				end, letters := spelled(text, first)
				add(first, end, letters)
			}
			codes = 0
			continue
		case len(run) <= 3 && digits > 0, len(run) == 8 && digits == 8, len(run) == 2 && isHex(run):
			codes++
			hasCodes = hasCodes || codes >= 4
		default:
			codes = 0
		}
		singles = 0
		if strings.HasPrefix(run, "0x") && isHex(run[2:]) {
			start, run, lower = start+2, run[2:], lower-1
			digits--
		}
		switch {
		case len(run) >= 8 && digits+upper+lower == len(run) && len(run)%2 == 0 && isHex(run):
			if decoded, err := hex.DecodeString(run); err == nil {
				add(start, i, string(decoded))
			}
		case len(run) >= 11 && (upper > 1 || digits > 0) && lower+upper > 0:
			if decoded := fromBase64(run); decoded != "" {
				end := i
				for end < len(text) && end-i < 2 && text[end] == '=' {
					end++
				}
				add(start, end, decoded)
			}
		}
		if digits > 0 && lower+upper > 0 && len(run) >= 5 && len(run) <= 20 {
			for _, letters := range []*strings.Replacer{leetI, leetL} {
				if plain := letters.Replace(strings.ToLower(run)); !strings.ContainsFunc(plain, unicode.IsDigit) && names("\x00"+plain) {
					spans = append(spans, span{start, i})
					break
				}
			}
		}
	}
	if hasCodes {
		for _, place := range codeRow().FindAllStringIndex(text, -1) {
			for _, base := range []int{16, 10, 2, 8} {
				add(place[0], place[1], fromCodes(text[place[0]:place[1]], base))
			}
		}
	}
	for _, escape := range escapes {
		if !strings.Contains(text, escape.mark) {
			continue
		}
		for _, place := range escape.pattern().FindAllStringIndex(text, -1) {
			part := text[place[0]:place[1]]
			if decoded := escape.decode(part); decoded != part {
				add(place[0], place[1], decoded)
			}
		}
	}
	return spans
}

// codeByte are the characters of base64 and of words.
var codeByte = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		table[c] = true
	}
	return table
}()

var (
	leetI = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "9", "g")
	leetL = strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "9", "g")
)

func isHex(text string) bool {
	for i := range len(text) {
		if c := text[i]; !isDigit(c) && !('a' <= c && c <= 'f') && !('A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}

// fromBase64 decodes a run of base64 without its padding;
// empty where it is none.
func fromBase64(run string) string {
	if len(run)%4 == 1 {
		run = run[:len(run)-1]
	}
	decoded, err := base64.RawStdEncoding.DecodeString(run)
	if err != nil {
		return ""
	}
	return string(decoded)
}

// readable says whether a decoded text is one.
func readable(text string) bool {
	if len(text) < 3 || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' && r != '\r' {
			return false
		}
	}
	return true
}

// codeRow are character codes side by side, in hexadecimal, decimal or binary.
var codeRow = lazily(`\b(?:0[xXbB])?(?:[01]{8}|[0-9A-Fa-f]{2}|\d{2,3})(?:(?:, ?| |:|-)(?:0[xXbB])?(?:[01]{8}|[0-9A-Fa-f]{2}|\d{2,3})\b){3,}`)

var codePart = lazily(`[, :-]+`)

// fromCodes are the characters of codes; empty where one is none.
func fromCodes(row string, base int) string {
	var b strings.Builder
	for _, part := range codePart().Split(row, -1) {
		lower := strings.ToLower(part)
		lower = strings.TrimPrefix(strings.TrimPrefix(lower, "0x"), "0b")
		code, err := strconv.ParseUint(lower, base, 16)
		if err != nil || code < ' ' || code > '~' {
			return ""
		}
		b.WriteByte(byte(code))
	}
	return b.String()
}

// spelled are the letters written one by one from a place on with the same separator,
// and where they end.
func spelled(text string, start int) (end int, letters string) {
	separator := ""
	var b strings.Builder
	for at := start; at < len(text) && codeByte[text[at]] && (at+1 == len(text) || !codeByte[text[at+1]]); {
		b.WriteByte(text[at])
		end = at + 1
		next := end
		for next < len(text) && next-end < 3 && strings.IndexByte(" .-_*|,", text[next]) >= 0 {
			next++
		}
		if separator == "" {
			separator = text[end:next]
		}
		if next == end || text[end:next] != separator {
			break
		}
		at = next
	}
	return end, b.String()
}

// escapes are ways to write characters that a reader of plain text sees as they are
// written.
var escapes = []struct {
	mark    string
	pattern func() *regexp.Regexp
	decode  func(string) string
}{
	{"%", lazily(`[\w.-]*(?:%[0-9A-Fa-f]{2}[\w.-]*)+`), func(text string) string { return unescape(percentCode(), text) }},
	{`\x`, lazily(`\w*(?:\\x[0-9A-Fa-f]{2}[\w-]*)+`), func(text string) string { return unescape(hexCode(), text) }},
	{`\u`, lazily(`\w*(?:\\u\{?[0-9A-Fa-f]{2,6}\}?[\w-]*)+`), func(text string) string { return unescape(unicodeCode(), text) }},
	{"&#", lazily(`\w*(?:&#[xX]?[0-9A-Fa-f]{2,5};[\w-]*)+`), html.UnescapeString},
}

var (
	percentCode = lazily(`%([0-9A-Fa-f]{2})`)
	hexCode     = lazily(`\\x([0-9A-Fa-f]{2})`)
	unicodeCode = lazily(`\\u(?:\{([0-9A-Fa-f]{2,6})\}|([0-9A-Fa-f]{4}))`)
)

func unescape(code *regexp.Regexp, text string) string {
	return code.ReplaceAllStringFunc(text, func(written string) string {
		digits := strings.TrimLeft(written, `%\xu{`)
		value, err := strconv.ParseInt(strings.TrimRight(digits, "}"), 16, 32)
		if err != nil {
			return written
		}
		if written[0] == '\\' && written[1] == 'u' {
			return string(rune(value))
		}
		return string([]byte{byte(value)})
	})
}
