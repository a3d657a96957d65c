package audit

import (
	"net/netip"
	"slices"
	"strings"
)

// A number is a run of digits with what people write between them, from its first
// sign to its last digit.
type number struct {
	start, end int
	digits     []byte
	groups     []int // the number of digits of each group
	spaced     bool  // there is a separator between digits
	plain      bool  // all separators are spaces
	slashed    bool  // one of them is a slash
	dashed     bool  // all separators are dashes
}

const mostDigits = 34

// readNumber reads the number that begins at a digit, a plus sign or a bracket.
func readNumber(text string, at int, digits []byte, groups []int) (n number, ok bool) {
	n = number{start: at, digits: digits[:0], groups: groups[:0], dashed: true, plain: true}
	i := at
	if text[i] == '+' {
		i++
		if i < len(text) && text[i] == '(' {
			i++
		}
	} else if text[i] == '(' {
		i++
		if i < len(text) && text[i] == '+' {
			i++
		}
	}
	if i == len(text) || !is(text[i], isDigit) {
		return n, false
	}
	for {
		group := 0
		for i < len(text) && is(text[i], isDigit) {
			if len(n.digits) == mostDigits {
				return n, false
			}
			n.digits = append(n.digits, text[i])
			i++
			group++
		}
		n.groups = append(n.groups, group)
		n.end = i
		next, spacing := afterSpacing(text, i)
		if next == i || next == len(text) || !is(text[next], isDigit) {
			return n, true
		}
		n.spaced = true
		n.slashed = n.slashed || strings.Contains(spacing, "/")
		n.dashed = n.dashed && spacing == "-"
		n.plain = n.plain && strings.Trim(spacing, " \u00a0\u202f") == ""
		i = next
	}
}

// afterSpacing passes over what may stand between two groups of digits: at most
// three signs, since more is the end of the number.
func afterSpacing(text string, i int) (next int, spacing string) {
	begin := i
	for signs := 0; i < len(text) && signs < 3; signs++ {
		switch {
		case is(text[i], isSpacing):
			i++
		case strings.HasPrefix(text[i:], "\u00a0"):
			i += 2
		case strings.HasPrefix(text[i:], "\u202f"), strings.HasPrefix(text[i:], "\u2011"), strings.HasPrefix(text[i:], "\u2013"):
			i += 3
		default:
			return i, text[begin:i]
		}
	}
	return i, text[begin:i]
}

// findNumber looks at the beginning of a number: a card, an account, a telephone
// number or an address of the internet, in this order; most numbers are none.
func findNumber(text string, from, at int, ips bool) (finding, bool) {
	if at > from && text[at] != '(' && text[at] != '+' {
		if found, ok := findIBAN(text, from, at); ok {
			return found, true
		}
	}
	if at > from {
		switch before := text[at-1]; {
		case wordPart(before):
			return finding{}, false
		case at-1 > from && (before == '.' || before == ',' || before == '-' || before == '/') && is(text[at-2], isDigit):
			return finding{}, false // the rest of a number that was none
		case before == ' ' && text[at] == '0' && shortGroup(text, from, at-1):
			return finding{}, false
		}
	}
	if ips {
		if end, ok := ipv4(text, at); ok {
			return finding{at, end, RedactedIP}, true
		}
	}
	var digits [mostDigits]byte
	var groups [mostDigits]int
	n, ok := readNumber(text, at, digits[:], groups[:])
	if !ok || len(n.digits) < 6 {
		return finding{}, false
	}
	if end, ok := n.card(text); ok {
		return finding{n.start, end, RedactedCard}, true
	}
	goesOn := n.end < len(text) && (wordPart(text[n.end]) || text[n.end] == '@' ||
		(text[n.end] == '.' || text[n.end] == ',') && n.end+1 < len(text) && is(text[n.end+1], isDigit))
	if goesOn || n.money(text, from) {
		return finding{}, false
	}
	word := wordBefore(text, from, n.start)
	switch {
	case n.account(word):
		return finding{n.start, n.end, RedactedAccount}, true
	case n.phone(text, word):
		return finding{n.start, n.end, RedactedPhone}, true
	}
	return finding{}, false
}

// shortGroup says whether up to four digits end at a place: what follows after a
// space is then the rest of a number in groups.
func shortGroup(text string, from, end int) bool {
	const most = 4
	start := end
	for start > from && end-start <= most && is(text[start-1], isDigit) {
		start--
	}
	return start < end && end-start <= most
}

// card says whether the number begins with a card number, in groups as on the card
// or in one piece: the beginning that an issuer has, its length, and the check digit
// (ISO/IEC 7812-1, Luhn).
func (n number) card(text string) (end int, ok bool) {
	length := len(n.digits)
	if text[n.start] == '+' || text[n.start] == '(' || length < 14 || n.end < len(text) && wordPart(text[n.end]) {
		return 0, false
	}
	if n.spaced {
		switch {
		case n.slashed && len(n.groups) < 5:
			return 0, false
		case slices.Equal(n.groups, []int{4, 4, 4, 4}), slices.Equal(n.groups, []int{4, 6, 5}),
			slices.Equal(n.groups, []int{4, 6, 4}), slices.Equal(n.groups, []int{4, 4, 4, 4, 3}):
		case len(n.groups) > 4 && slices.Equal(n.groups[:4], []int{4, 4, 4, 4}):
			// What follows, such as the month of expiry, is another number.
			n.digits = n.digits[:16]
			return cardEnd(text, n.start, 16), issued(n.digits) && luhn(n.digits)
		default:
			return 0, false
		}
	}
	return n.end, length <= 19 && issued(n.digits) && luhn(n.digits)
}

// cardEnd is the place after so many digits.
func cardEnd(text string, at, digits int) int {
	for ; digits > 0; at++ {
		if is(text[at], isDigit) {
			digits--
		}
	}
	return at
}

// issued says whether card numbers of this length begin so.
func issued(digits []byte) bool {
	length := len(digits)
	first := func(n int) (value int) {
		for _, c := range digits[:n] {
			value = value*10 + int(c-'0')
		}
		return value
	}
	two, four := first(2), first(4)
	switch {
	case digits[0] == '4': // Visa
		return length == 16 || length == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		return length == 16
	case two == 34, two == 37: // American Express
		return length == 15
	case two == 36, two == 38, two == 39, four >= 3000 && four <= 3059: // Diners Club
		return length >= 14
	case four >= 3528 && four <= 3589: // JCB
		return length >= 16
	case four == 6011, two == 65, two == 62, four >= 6440 && four <= 6499: // Discover, UnionPay
		return length >= 16
	case two == 50, two >= 56 && two <= 69: // Maestro
		return length >= 16
	}
	return false
}

func luhn(digits []byte) bool {
	sum, twice := 0, false
	for _, c := range slices.Backward(digits) {
		d := int(c - '0')
		if twice {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		twice = !twice
	}
	return sum%10 == 0
}

// findIBAN looks at the check digits of an international bank account number (ISO
// 13616), which follow two letters.
func findIBAN(text string, from, at int) (finding, bool) {
	start := at - 2
	if start < from || !is(text[start], isLetter) || !is(text[start+1], isLetter) || start > from && wordPart(text[start-1]) {
		return finding{}, false
	}
	length := ibanLengths[strings.ToUpper(text[start:at])]
	if length == 0 {
		return finding{}, false
	}
	remainder, count, end := 0, 0, start
	var head [4]byte
	add := func(c byte) {
		switch {
		case is(c, isDigit):
			remainder = (remainder*10 + int(c-'0')) % 97
		default:
			remainder = (remainder*100 + int(c&^0x20-'A') + 10) % 97
		}
	}
	for count < length {
		if end < len(text) && (text[end] == ' ' || text[end] == '-') && count > 0 && end > start && alphanumeric(text[end-1]) {
			end++
		}
		if end == len(text) || !alphanumeric(text[end]) {
			return finding{}, false
		}
		if count < len(head) {
			head[count] = text[end]
		} else {
			add(text[end])
		}
		count++
		end++
	}
	if end < len(text) && wordPart(text[end]) {
		return finding{}, false
	}
	for _, c := range head {
		add(c)
	}
	return finding{start, end, RedactedAccount}, remainder == 1
}

// ibanLengths are from the SWIFT IBAN registry, release 99.
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28,
	"CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
	"FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
	"IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
	"LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18,
	"NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31,
	"SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29,
	"VA": 22, "VG": 24, "XK": 20,
}

func ipv4(text string, at int) (end int, ok bool) {
	const longest = 15
	end = at
	for end < len(text) && end-at < longest && (is(text[end], isDigit) || text[end] == '.') {
		end++
	}
	for end > at && text[end-1] == '.' {
		end--
	}
	if end < len(text) && wordPart(text[end]) || end+1 < len(text) && text[end] == '.' && is(text[end+1], isDigit) {
		return 0, false
	}
	address, err := netip.ParseAddr(text[at:end])
	return end, err == nil && address.Is4()
}
