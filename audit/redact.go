package audit

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Redaction is a kind of personal or secret data that a [Redactor] replaces.
type Redaction string

// The kinds. Account holds IBANs, and account and identity numbers that a word
// before them names.
const (
	RedactedEmail   Redaction = "email"
	RedactedPhone   Redaction = "phone"
	RedactedCard    Redaction = "card"
	RedactedAccount Redaction = "account"
	RedactedSecret  Redaction = "secret"
	RedactedIP      Redaction = "ip"
)

// Redactions are all kinds, in the order in which they are listed.
var Redactions = []Redaction{RedactedEmail, RedactedPhone, RedactedCard, RedactedAccount, RedactedSecret, RedactedIP}

// A Redactor replaces personal and secret data in a task's texts by placeholders
// such as [EMAIL_1]. The same value has the same number everywhere in a task, so
// that the text stays readable; numbers begin anew with each task. It finds by
// form (an e-mail address, a card number with a right check digit, the beginnings
// that makers give to their keys) and by the word before (password=…, account
// number …); names of people and places it does not find. It is for one goroutine.
type Redactor struct {
	// IPs are replaced too where set: a text on networks is hard to read without.
	IPs bool
	// Pseudonym makes another name of an identifier that holds personal data, such
	// as an e-mail address as the name of a user; nil leaves identifiers alone.
	Pseudonym func(name string) string

	counts map[Redaction]int
	// numbers are those of the task at hand, by kind and value.
	numbers map[Redaction]map[string]int
}

// Counts tells how many places were replaced since the last call, by kind; kinds
// that were not found are not in it.
func (r *Redactor) Counts() map[Redaction]int {
	counts := r.counts
	r.counts = nil
	if counts == nil {
		counts = map[Redaction]int{}
	}
	return counts
}

// Task replaces what it finds in the texts and the metadata of a task. An
// identifier (id, user, team, cluster, tag) that holds an e-mail address or a secret
// becomes a pseudonym, since a placeholder would make all of them one.
func (r *Redactor) Task(task *Task) {
	r.numbers = nil
	for _, text := range []*string{&task.System, &task.Prompt} {
		*text = r.replace(*text)
	}
	for i := range task.Conversation {
		task.Conversation[i].Content = r.replace(task.Conversation[i].Content)
	}
	for _, text := range []*string{&task.Response, &task.Reference, &task.FinalText} {
		*text = r.replace(*text)
	}
	for _, name := range slices.Sorted(maps.Keys(task.Metadata)) { // numbers must not depend on the order of a map
		task.Metadata[name] = r.value(name, task.Metadata[name])
	}
	for _, name := range []*string{&task.ID, &task.User, &task.Team, &task.Cluster} {
		*name = r.identifier(*name)
	}
	for i := range task.Tags {
		task.Tags[i] = r.identifier(task.Tags[i])
	}
}

// Text replaces what it finds in one text, with numbers of its own. Doing it again
// changes nothing.
func (r *Redactor) Text(text string) string {
	r.numbers = nil
	return r.replace(text)
}

// value is replace for a column that has a name: what the name says to be secret is.
func (r *Redactor) value(name, value string) string {
	trimmed := strings.TrimSpace(value)
	if trimmed == "" || isPlaceholder(trimmed) || !secretName(name) {
		return r.replace(value)
	}
	return r.placeholder(RedactedSecret, trimmed)
}

// identifier gives a name that holds an address or a secret a pseudonym.
func (r *Redactor) identifier(name string) string {
	if r.Pseudonym == nil || name == "" {
		return name
	}
	for at := 0; ; {
		found, ok := find(name, at, false)
		switch {
		case !ok:
			return name
		case found.kind == RedactedEmail || found.kind == RedactedSecret:
			r.count(found.kind)
			return r.Pseudonym(name)
		}
		at = found.end
	}
}

// replace goes over a text until nothing is found any more: a placeholder can be the
// boundary that makes a number beside it one to be found. Each pass leaves less to
// find, and nearly always the second finds nothing.
func (r *Redactor) replace(text string) string {
	for {
		found, ok := find(text, 0, r.IPs)
		if !ok {
			return text
		}
		var b strings.Builder
		b.Grow(len(text) + 16)
		written := 0
		for ; ok; found, ok = find(text, written, r.IPs) {
			b.WriteString(text[written:found.start])
			b.WriteString(r.placeholder(found.kind, text[found.start:found.end]))
			written = found.end
		}
		b.WriteString(text[written:])
		text = b.String()
	}
}

// placeholder is what stands for a value, and counts it.
func (r *Redactor) placeholder(kind Redaction, value string) string {
	r.count(kind)
	if r.numbers == nil {
		r.numbers = map[Redaction]map[string]int{}
	}
	of := r.numbers[kind]
	if of == nil {
		of = map[string]int{}
		r.numbers[kind] = of
	}
	value = sameValue(kind, value)
	number, ok := of[value]
	if !ok {
		number = len(of) + 1
		of[value] = number
	}
	return "[" + strings.ToUpper(string(kind)) + "_" + strconv.Itoa(number) + "]"
}

func (r *Redactor) count(kind Redaction) {
	if r.counts == nil {
		r.counts = map[Redaction]int{}
	}
	r.counts[kind]++
}

// sameValue is a value without what two ways of writing it differ in.
func sameValue(kind Redaction, value string) string {
	switch kind {
	case RedactedEmail:
		return strings.ToLower(value)
	case RedactedPhone, RedactedCard, RedactedAccount:
		return strings.Map(func(c rune) rune {
			switch {
			case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c == '+':
				return c
			case c >= 'a' && c <= 'z':
				return c - 'a' + 'A'
			}
			return -1
		}, value)
	}
	return value
}

// isPlaceholder says whether a text is a placeholder and nothing else.
func isPlaceholder(text string) bool {
	if len(text) < 2 || text[0] != '[' || text[len(text)-1] != ']' {
		return false
	}
	kind, number, ok := strings.Cut(text[1:len(text)-1], "_")
	if _, err := strconv.ParseUint(number, 10, 32); err != nil {
		return false
	}
	return ok && slices.Contains(Redactions, Redaction(strings.ToLower(kind)))
}
