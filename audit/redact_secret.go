package audit

import (
	"strings"
	"unicode/utf8"
)

// A keyForm is how a maker's keys begin, and how many signs of letters, digits and
// dashes follow at least.
type keyForm struct {
	prefix string
	rest   int
}

// keyForms are looked up by the byte at which a key is noticed, the last of head:
// one that is rare in prose.
var keyForms = [256][]keyForm{
	'-': {
		{"sk-", 16},
		{"xoxb-", 10},
		{"xoxp-", 10},
		{"xoxa-", 10},
		{"xoxr-", 10},
		{"xoxs-", 10},
		{"xapp-", 10},
		{"glpat-", 16},
		{"pypi-", 16},
		{"xai-", 16},
		{"pplx-", 16},
		{"sntrys-", 16},
		{"key-", 32},
	},
	'_': {
		{"ghp_", 20},
		{"gho_", 20},
		{"ghu_", 20},
		{"ghs_", 20},
		{"ghr_", 20},
		{"github_", 24},
		{"sk_", 16},
		{"pk_", 20},
		{"rk_", 16},
		{"whsec_", 16},
		{"npm_", 20},
		{"hf_", 20},
		{"gsk_", 20},
		{"shpat_", 20},
		{"shpss_", 20},
		{"dop_", 20},
		{"r8_", 20},
		{"AKCp_", 20},
		{"lsv2_", 20},
		{"tvly_", 16},
	},
	'K': {{"AK", 18}},
	'S': {{"AS", 18}},
	'z': {{"AIz", 20}},
	'G': {{"SG", 40}},
	'J': {{"eyJ", 20}},
	'.': {{"ya29.", 20}},
}

// findKey looks at a byte at which a key may be noticed.
func findKey(text string, from, at int) (finding, bool) {
	if text[at] == '-' && strings.HasPrefix(text[at:], pemBegin) {
		return findPEM(text, at)
	}
	for _, form := range keyForms[text[at]] {
		start := at + 1 - len(form.prefix)
		if start < from || text[start:at+1] != form.prefix || start > from && (wordPart(text[start-1]) || text[start-1] >= utf8.RuneSelf || text[start-1] == '-' || text[start-1] == '.') {
			continue
		}
		end := at + 1
		digits, letters := 0, 0
		for end < len(text) && is(text[end], inToken) && text[end] != '/' && text[end] != '=' && text[end] != '~' && text[end] != '+' {
			if is(text[end], isDigit) {
				digits++
			} else if is(text[end], isLetter) {
				letters++
			}
			end++
		}
		for end > at+1 && (text[end-1] == '.' || text[end-1] == '-') {
			end--
		}
		if end-at-1 < form.rest || !form.fits(text[start:end], digits, letters) {
			continue
		}
		return finding{start, end, RedactedSecret}, true
	}
	return finding{}, false
}

// fits looks at the rest of a key where its beginning is a common one.
func (f keyForm) fits(key string, digits, letters int) bool {
	switch f.prefix {
	case "AK", "AS": // an access key of AWS: AKIA or ASIA and 16 capitals or digits
		if len(key) != 20 || key[2:4] != "IA" {
			return false
		}
		for i := 4; i < len(key); i++ {
			if !is(key[i], isDigit) && (key[i] < 'A' || key[i] > 'Z') {
				return false
			}
		}
		return true
	case "AIz":
		return key[3] == 'a'
	case "SG":
		return key[2] == '.' && strings.Count(key, ".") == 2
	case "eyJ": // a token of RFC 7519 has three parts, an unsigned one two
		return strings.Count(key, ".") >= 1
	}
	return digits >= 2 && letters >= 2 // not a word with dashes, such as sk-learn-compatible-estimators
}

// findPair finds the secret key that goes with an access key of AWS which ends just
// before: 40 signs of base64 within the next few words. Alone it looks like anything, but
// people paste the two together.
func findPair(text string, from int) (finding, bool) {
	const idLength, length, near = 20, 40, 80
	if from < idLength || text[from-idLength+1:from-idLength+4] != "KIA" && text[from-idLength+1:from-idLength+4] != "SIA" || text[from-idLength] != 'A' {
		return finding{}, false
	}
	base64 := func(c byte) bool { return alphanumeric(c) || c == '/' || c == '+' }
	for start := from; start < min(len(text), from+near); start++ {
		if !base64(text[start]) {
			continue
		}
		end := start
		var digit, lower, upper bool
		for end < len(text) && end-start <= length && base64(text[end]) {
			c := text[end]
			digit, lower, upper = digit || is(c, isDigit), lower || c >= 'a' && c <= 'z', upper || c >= 'A' && c <= 'Z'
			end++
		}
		if end-start == length && digit && lower && upper {
			return finding{start, end, RedactedSecret}, true
		}
		start = end
	}
	return finding{}, false
}

const pemBegin = "-----BEGIN "

// findPEM finds a private key as RFC 7468 writes it, to its end or, where that was
// cut off, to the end of its lines.
func findPEM(text string, at int) (finding, bool) {
	const longestLabel = 40
	label, _, ok := strings.Cut(text[at+len(pemBegin):min(len(text), at+len(pemBegin)+longestLabel)], "-----")
	if !ok || !strings.HasSuffix(label, "PRIVATE KEY") && !strings.HasSuffix(label, "PRIVATE KEY BLOCK") {
		return finding{}, false
	}
	const longestKey = 1 << 14
	closing := "-----END " + label + "-----"
	if end := strings.Index(text[at:min(len(text), at+longestKey)], closing); end >= 0 {
		return finding{at, at + end + len(closing), RedactedSecret}, true
	}
	end := at + len(pemBegin) + len(label) + len("-----")
	for end < len(text) && (is(text[end], inToken) || text[end] == '\n' || text[end] == '\r' || text[end] == '\\') {
		end++
	}
	return finding{at, end, RedactedSecret}, true
}

// findBearer looks at the b of a header such as Authorization: Bearer TOKEN.
func findBearer(text string, from, at int) (finding, bool) {
	const word, shortest = "earer ", 16
	if !strings.HasPrefix(text[at+1:], word) || at > from && wordPart(text[at-1]) {
		return finding{}, false
	}
	start := at + 1 + len(word)
	end := start
	digits := 0
	for end < len(text) && is(text[end], inToken) {
		if is(text[end], isDigit) {
			digits++
		}
		end++
	}
	return finding{start, end, RedactedSecret}, end-start >= shortest && digits > 0
}

// findTold looks at the p of a sentence such as: my password is hunter2.
func findTold(text string, from, at int) (finding, bool) {
	const word, verb = "assword ", "is "
	if at+1 == len(text) || text[at+1]|0x20 != 'a' || len(text)-at-1 < len(word) || !strings.EqualFold(text[at+1:at+1+len(word)], word) || at > from && wordPart(text[at-1]) {
		return finding{}, false
	}
	start := at + 1 + len(word)
	if !strings.HasPrefix(text[start:], verb) {
		return finding{}, false
	}
	start += len(verb)
	for start < len(text) && strings.IndexByte("\"'`: ", text[start]) >= 0 {
		start++
	}
	end := start
	for end < len(text) && end-start < longestValue && text[end] > ' ' && strings.IndexByte("\"'`,;", text[end]) < 0 {
		end++
	}
	for end > start && strings.IndexByte(".!?)", text[end-1]) >= 0 {
		end--
	}
	return finding{start, end, RedactedSecret}, secretValue(text[start:end], text[end:], "", false, true)
}

// secretNames are names of what must not be read; matched without case, dashes and
// underscores, at the end of a longer name such as DB_PASSWORD.
var secretNames = []string{
	"password", "passwd", "passphrase", "passwort", "kennwort", "motdepasse", "contraseña", "senha", "parola", "pwd", "パスワード",
	"secret", "clientsecret", "secretkey", "apikey", "apitoken", "accesskey", "accesstoken", "authtoken", "refreshtoken", "privatekey",
	"sessiontoken", "accountkey", "encryptionkey", "signingkey", "secretaccesskey", "authorization", "pin", "cvv", "cvc",
}

// secretEnds holds the last bytes of secret names: most names end otherwise.
var secretEnds = func() (table [256]bool) {
	for _, name := range secretNames {
		last := name[len(name)-1]
		table[last] = true
		if is(last, isLetter) {
			table[last&^0x20] = true
		}
	}
	return table
}()

// secretName says whether a name is that of a secret.
func secretName(name string) bool {
	if name == "" || !secretEnds[name[len(name)-1]] {
		return false
	}
	var buffer [64]byte
	folded := buffer[:0]
	for i := range len(name) {
		c := name[i]
		if c == '_' || c == '-' || c == ' ' || c == '.' {
			continue
		}
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if folded = append(folded, c); len(folded) == len(buffer) {
			break
		}
	}
	for _, secret := range secretNames {
		rest, ok := strings.CutSuffix(string(folded), secret)
		if !ok {
			continue
		}
		if len(secret) > 3 || rest == "" {
			return true
		}
	}
	return false
}

// findAssigned looks at the sign between a name and its value, as in password=… or
// "api_key": "…".
func findAssigned(text string, from, at int) (finding, bool) {
	name := nameBefore(text, from, at)
	if name == "" || !secretName(name) || text[at] == ':' && strings.HasSuffix(text[from:at], "$"+name) {
		return finding{}, false // a variable of a shell, such as $PWD:/app, is no name of what follows
	}
	start := at + 1
	for start < len(text) && (text[start] == ' ' || text[start] == '\t' || text[start] == '=' || text[start] == '>') {
		start++
	}
	spaced := start > at+1
	quote := ""
	for _, open := range []string{`\"`, `\'`, `"`, "'", "`", "**", "“"} {
		if strings.HasPrefix(text[start:], open) {
			quote, start = open, start+len(open)
			break
		}
	}
	// The scheme of an Authorization header is no part of what is secret.
	for _, scheme := range []string{"Bearer ", "Basic ", "bearer ", "basic ", "Token "} {
		if strings.HasPrefix(text[start:], scheme) {
			start += len(scheme)
		}
	}
	end := start
	switch quote {
	case "":
		for end < len(text) && end-start < longestValue && text[end] > ' ' && !strings.ContainsRune(`"'&;,<>`+"`", rune(text[end])) {
			end++
		}
		for end > start && strings.IndexByte(".!?)]}", text[end-1]) >= 0 {
			end--
		}
	default:
		if quote == "“" {
			quote = "”"
		}
		closing := strings.Index(text[start:min(len(text), start+longestValue)], quote)
		if closing < 0 || strings.ContainsAny(text[start:start+closing], "\n\r") {
			return finding{}, false
		}
		end = start + closing
	}
	return finding{start, end, RedactedSecret}, secretValue(text[start:end], text[end:], name, quote != "", spaced || text[at] == ':')
}

// longestValue bounds the search for the end of a value.
const longestValue = 4096

// nameBefore is the name before an equals sign or a colon, without its quotes.
func nameBefore(text string, from, at int) string {
	const most = 40
	end := at
	for end > from && at-end < 4 && strings.IndexByte(" \"'\\`*", text[end-1]) >= 0 {
		end--
	}
	start := end
	for start > from && end-start < most && (wordPart(text[start-1]) || text[start-1] == '-' || text[start-1] == '.') {
		start--
	}
	return text[start:end]
}

// secretValue says whether a value is a secret and not a reference to one, a
// placeholder, or the next word of a sentence.
func secretValue(value, after, name string, quoted, prose bool) bool {
	if len(value) < 3 || isPlaceholder(value) || strings.HasPrefix(after, "(") || strings.EqualFold(value, name) {
		return false
	}
	switch value[0] {
	case '$', '<', '{', '[', '*', '%', '(':
		return false
	}
	if strings.ContainsAny(value, "([{<") && !quoted {
		return false // an expression of a program
	}
	digits, others := false, false
	for i := range len(value) {
		switch {
		case is(value[i], isDigit):
			digits = true
		case !is(value[i], isLetter) && value[i] < 0x80 && value[i] != '_' && value[i] != '-' && value[i] != '.' && value[i] != ' ':
			others = true
		}
	}
	switch {
	case digits || others:
		return true
	case strings.EqualFold(value, "null") || strings.EqualFold(value, "none") || strings.EqualFold(value, "true") || strings.EqualFold(value, "false"):
		return false
	case quoted:
		return !strings.Contains(value, " ") // "password": "must not be empty" is a message
	}
	return !prose // password=hunter, as in an address
}
