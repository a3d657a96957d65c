package audit

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A finding is a part of a text that is to be replaced.
type finding struct {
	start, end int
	kind       Redaction
}

// What a byte can be the sign of. Almost every byte of a text is a sign of nothing,
// so that one look into a table passes it.
const (
	signNone = iota
	signAt
	signDigit
	signPlus
	signParenthesis
	signAssign
	signKey
	signBearer
	signPassword
	signColon
)

var signs = func() (table [256]uint8) {
	for c := '0'; c <= '9'; c++ {
		table[c] = signDigit
	}
	for _, c := range []byte("-_.JKSGz") {
		table[c] = signKey
	}
	table['@'], table['+'], table['('], table['='], table[':'] = signAt, signPlus, signParenthesis, signAssign, signColon
	table['B'], table['b'] = signBearer, signBearer
	table['P'], table['p'] = signPassword, signPassword
	return table
}()

// What a byte is made of.
const (
	isDigit = 1 << iota
	isLetter
	inLocal   // of an e-mail address before the @
	inDomain  // after it
	inToken   // of keys and tokens
	inHex     // of an IPv6 address
	isSpacing // between the digits of a number
)

var classes = func() (table [256]uint8) {
	for c := range 256 {
		switch b := byte(c); {
		case b >= '0' && b <= '9':
			table[c] = isDigit | inLocal | inDomain | inToken | inHex
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z':
			table[c] = isLetter | inLocal | inDomain | inToken
			if b|0x20 <= 'f' {
				table[c] |= inHex
			}
		}
	}
	for _, c := range []byte("._%+'-") { // of what RFC 5322 allows, what people use
		table[c] |= inLocal
	}
	for _, c := range []byte(".-") {
		table[c] |= inDomain
	}
	for _, c := range []byte("-_./+=~") {
		table[c] |= inToken
	}
	for _, c := range []byte(":.") {
		table[c] |= inHex
	}
	for _, c := range []byte(" -./()") {
		table[c] |= isSpacing
	}
	return table
}()

func is(c byte, class uint8) bool { return classes[c]&class != 0 }

func alphanumeric(c byte) bool { return classes[c]&(isDigit|isLetter) != 0 }

// wordPart says whether a byte goes on with a word or a number. Other alphabets are
// no part of one: Japanese sets numbers and addresses without a space.
func wordPart(c byte) bool { return alphanumeric(c) || c == '_' }

// find gives the first part of text, from a place on, that is to be replaced. What
// lies before the place was replaced already and is not looked at again.
func find(text string, from int, ips bool) (finding, bool) {
	pair, paired := findPair(text, from)
	for at := from; at < len(text); at++ {
		sign := signs[text[at]]
		if sign == signNone {
			continue
		}
		var found finding
		ok := false
		switch sign {
		case signAt:
			found, ok = findAddress(text, from, at)
		case signDigit:
			if at > from && is(text[at-1], isDigit) {
				break // within a number that was looked at
			}
			found, ok = findNumber(text, from, at, ips)
			if !ok {
				for at+1 < len(text) && is(text[at+1], isDigit) {
					at++
				}
			}
		case signPlus, signParenthesis:
			found, ok = findNumber(text, from, at, ips)
		case signAssign:
			found, ok = findAssigned(text, from, at)
		case signColon:
			found, ok = findAssigned(text, from, at)
			if !ok && ips {
				found, ok = findIPv6(text, from, at)
			}
		case signKey:
			found, ok = findKey(text, from, at)
		case signBearer:
			found, ok = findBearer(text, from, at)
		case signPassword:
			found, ok = findTold(text, from, at)
		}
		switch {
		case ok && paired && pair.start < found.end:
			return pair, true
		case ok:
			return found, true
		}
	}
	return pair, paired
}

// findAddress looks at an @: an e-mail address, or the password of an address such
// as postgres://user:password@host.
func findAddress(text string, from, at int) (finding, bool) {
	if found, ok := findURLPassword(text, from, at); ok {
		return found, true
	}
	const mostLocal, mostDomain = 64, 255 // RFC 5321, 4.5.3.1
	start := at
	for start > from && at-start < mostLocal {
		if is(text[start-1], inLocal) {
			start--
			continue
		}
		r, size := utf8.DecodeLastRuneInString(text[from:start])
		if !accented(r) {
			break
		}
		start -= size
	}
	for start < at && text[start] < utf8.RuneSelf && !alphanumeric(text[start]) && text[start] != '_' {
		start++ // quotes and signs before the address
	}
	end := at + 1
	for end < len(text) && end-at <= mostDomain {
		if is(text[end], inDomain) {
			end++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[end:])
		if !accented(r) {
			break
		}
		end += size
	}
	for end > at+1 && (text[end-1] == '.' || text[end-1] == '-') {
		end--
	}
	domain := text[at+1 : end]
	// What ends the address may be the beginning of something else, as a full stop
	// without a space is: what stands before the last label is tried too.
	for start < at {
		dot := strings.LastIndexByte(domain, '.')
		if dot < 1 {
			return finding{}, false
		}
		if topLevel(domain[dot+1:]) {
			return finding{start, at + 1 + len(domain), RedactedEmail}, true
		}
		domain = domain[:dot]
	}
	return finding{}, false
}

// accented says whether a rune is a letter of an alphabet that puts spaces between
// words, other than the plain ones.
func accented(r rune) bool { return r >= 0xc0 && r < 0x0e00 && unicode.IsLetter(r) }

// topLevel says whether a label can be the last of a domain: two letters or more.
func topLevel(label string) bool {
	if strings.HasPrefix(label, "xn--") && len(label) > 4 {
		return true
	}
	for _, r := range label {
		if r >= utf8.RuneSelf && !accented(r) || r < utf8.RuneSelf && !is(byte(r), isLetter) {
			return false
		}
	}
	return len(label) >= 2
}

// findURLPassword finds the password of scheme://user:password@host.
func findURLPassword(text string, from, at int) (finding, bool) {
	const most = 256
	colon := -1
	for i := at - 1; i > from+1 && at-i < most; i-- {
		switch c := text[i]; {
		case c == ':' && i+2 < len(text) && text[i+1] == '/' && text[i+2] == '/':
			if colon > i+2 && colon+1 < at && !isPlaceholder(text[colon+1:at]) {
				return finding{colon + 1, at, RedactedSecret}, true
			}
			return finding{}, false
		case c == ':':
			colon = i
		case c <= ' ' || c == '"' || c == '<' || c == '>':
			return finding{}, false
		}
	}
	return finding{}, false
}

// findIPv6 looks at the first colon of an address of version 6.
func findIPv6(text string, from, at int) (finding, bool) {
	start := at
	for start > from && at-start < 4 && is(text[start-1], inHex) && text[start-1] != '.' && text[start-1] != ':' {
		start--
	}
	if start > from && (wordPart(text[start-1]) || text[start-1] == ':') {
		return finding{}, false
	}
	const longest = 45
	end := at
	for end < len(text) && end-start < longest && is(text[end], inHex) {
		end++
	}
	for end > at && (text[end-1] == '.' || (text[end-1] == ':' && !strings.HasSuffix(text[:end], "::"))) {
		end--
	}
	if end < len(text) && wordPart(text[end]) {
		return finding{}, false
	}
	// Below this length it may as well be a piece of code, such as a::b.
	const shortest = 7
	if end-start < shortest {
		return finding{}, false
	}
	if address, err := netip.ParseAddr(text[start:end]); err != nil || !address.Is6() {
		return finding{}, false
	}
	return finding{start, end, RedactedIP}, true
}
