package audit

import (
	"slices"
	"strings"
)

// wordBefore is what stands before a number on its line, in small letters, without
// the signs between: enough of it to hold the word that names the number.
func wordBefore(text string, from, at int) string {
	const most = 40
	begin := max(from, at-most)
	before := text[begin:at]
	if line := strings.LastIndexAny(before, "\n\r"); line >= 0 {
		before = before[line+1:]
	}
	return strings.TrimRight(strings.ToLower(strings.ToValidUTF8(before, " ")), " :#.=()[]\"'\\\t-№°º")
}

// phoneWords and accountWords name the number that follows them. A word that others
// begin or end with stands with a space before it.
var phoneWords = []string{
	"phone", "phone number", "phone no", "telephone", " tel", "telefon", "telefonnummer", "telefoonnummer", "teléfono", "téléphone", "telefone",
	"telefono", "telefonnr", "mobile", "mobile number", " mobil", "mobilnummer", "móvil", "celular", "cellulare", "cell", "cell number", "handy", "handynummer", "portable",
	" fax", "faxnummer", "whatsapp", "call me", "call me at", "call me on", "call us at", "call us on", "call", "sms", "text me at", "rufnummer", "ring me on", "reach me at", "reach me on",
	"hotline", "durchwahl", "電話", "電話番号", "携帯", "携帯電話", "tél", "telefon nr", "tel nr", "phone is", "phone number is", "mobile is", "telefonnummer ist",
}

var accountWords = []string{
	"account number", "account no", "account nr", "acct", "acct no", "account", "a/c", "a/c no", "kontonummer", "konto-nr", "konto nr", "konto", "kto", "kto-nr", "iban",
	"routing number", "routing no", " aba", "sort code", "blz", "bankleitzahl", "número de cuenta", "numero de cuenta", "numéro de compte",
	"número da conta", "numero di conto", "口座番号", "card number", "card no", "kartennummer", "kreditkarte", "ssn", "social security number",
	"social security no", "social security", "sozialversicherungsnummer", "steuernummer", "steuer-id", "steueridentifikationsnummer", "tax id", "tax number",
	"passport number", "passport no", "passport", "reisepassnummer", "codice fiscale", "dni", "nif", "cpf", "cnpj", "national insurance number", "nhs number", "account number is", "マイナンバー",
}

// named says whether a text ends with one of the words, as a word of its own.
func named(before string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		word = strings.TrimSpace(word)
		rest, ok := strings.CutSuffix(before, word)
		return ok && (rest == "" || !wordPart(rest[len(rest)-1]))
	})
}

// account says whether the number is one that the word before it names an account,
// or has the form of a social security number of the United States.
func (n number) account(word string) bool {
	if n.dashed && slices.Equal(n.groups, []int{3, 2, 4}) && n.digits[0] != '9' && string(n.digits[:3]) != "000" && string(n.digits[:3]) != "666" {
		return true
	}
	return len(n.digits) >= 6 && named(word, accountWords)
}

// phone says whether the number is a telephone number: an international one with
// its plus sign, one as it is written within a country, or any that the word before
// it names so. Dates, times, sums and the numbers of orders are none.
func (n number) phone(text, word string) bool {
	digits := len(n.digits)
	if digits > 15 || n.date() { // E.164
		return false
	}
	if text[n.start] == '+' || strings.HasPrefix(text[n.start:], "(+") {
		return international(n.digits)
	}
	if digits >= 7 && named(word, phoneWords) {
		return true
	}
	switch {
	case digits >= 11 && n.spaced && n.groups[0] >= 2 && n.digits[0] == '0' && n.digits[1] == '0' && n.digits[2] != '0':
		return international(n.digits[2:])
	case n.digits[0] == '0' && n.digits[1] != '0' && n.spaced && digits >= 9 && digits <= 12:
		return n.trunk()
	}
	return n.northAmerican(text)
}

// international says whether digits after a plus sign are a number of E.164: one of
// the North American plan has ten after its 1; the shortest others have nine in all.
func international(digits []byte) bool {
	switch {
	case digits[0] == '0':
		return false
	case digits[0] == '1':
		return len(digits) == 11 && digits[1] >= '2'
	}
	return len(digits) >= 9
}

// trunk says whether groups are those of a national number that begins with 0: its
// first group is the area, and no group is a single digit.
func (n number) trunk() bool {
	if n.groups[0] < 2 {
		return false
	}
	return !slices.Contains(n.groups, 1) && len(n.groups) <= 6
}

// northAmerican says whether the number is written as in the United States and
// Canada: (212) 555-0123, 212-555-0123, 212.555.0123, 1-212-555-0123.
func (n number) northAmerican(text string) bool {
	groups, digits := n.groups, n.digits
	if len(groups) == 4 && groups[0] == 1 && digits[0] == '1' {
		groups, digits = groups[1:], digits[1:]
	}
	return slices.Equal(groups, []int{3, 3, 4}) && digits[0] >= '2' && digits[3] >= '2' && !n.slashed &&
		(!n.plain || text[n.start] == '(')
}

// date says whether the first groups are those of a date, in any order, which a time
// may follow.
func (n number) date() bool {
	if len(n.groups) < 3 {
		return false
	}
	if slices.Equal(n.groups, []int{2, 4, 2, 4}) && n.slashed {
		return true // from a month to another: 01/2008 - 01/2012
	}
	values := [3]int{}
	at := 0
	for i := range values {
		if n.groups[i] > 4 {
			return false
		}
		for range n.groups[i] {
			values[i] = values[i]*10 + int(n.digits[at]-'0')
			at++
		}
	}
	day := func(v, width int) bool { return width <= 2 && v >= 1 && v <= 31 }
	year := func(v, width int) bool { return width == 4 && v >= 1800 && v <= 2199 }
	a, b, c := values[0], values[1], values[2]
	return year(a, n.groups[0]) && day(b, n.groups[1]) && day(c, n.groups[2]) ||
		day(a, n.groups[0]) && day(b, n.groups[1]) && year(c, n.groups[2])
}

// money says whether a currency stands before the number, or a unit of money or a
// per cent sign after it.
func (n number) money(text string, from int) bool {
	before := strings.TrimRight(text[from:n.start], " ")
	after := strings.TrimLeft(text[n.end:min(len(text), n.end+8)], " ")
	for _, sign := range []string{"$", "€", "£", "¥", "USD", "EUR", "GBP", "CHF", "JPY"} {
		if strings.HasSuffix(before, sign) || strings.HasPrefix(after, sign) {
			return true
		}
	}
	return strings.HasPrefix(after, "%")
}
