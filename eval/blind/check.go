package blind

import (
	"slices"
	"strings"
)

// A FlagReason says why masking cannot mend an answer.
type FlagReason string

// The reasons.
const (
	// SaysTaskName: the answer says of itself a name that stays readable, since the task
	// says it too, and not every answer does.
	SaysTaskName FlagReason = "says a name of the task"
	// DescribesItself: the answer says what it is without a name that could be hidden.
	DescribesItself FlagReason = "describes itself"
)

// A Flag is something by which a rater may know the arm although names are hidden.
type Flag struct {
	Reason FlagReason `json:"reason"`
	Text   string     `json:"text"` // the sentence or name, cut short
}

// A Finding is what the masker did to an answer and could not do.
type Finding struct {
	Masks int // places hidden
	Flags []Flag
}

// Check gives for each answer to a task how much of it is masked, and what masking
// cannot mend.
func (m *Masker) Check(task string, answers ...string) []Finding {
	findings := make([]Finding, len(answers))
	for i, e := range m.examine(task, answers) {
		findings[i] = Finding{len(e.hidden), e.flags}
	}
	return findings
}

// flagTaskNames flags the names that the answer says of itself, that stay readable and
// that another answer does not say.
func (r *reading) flagTaskNames(all []reading, inTask *taskWords) {
	flagged := map[string]bool{}
	for _, n := range r.names {
		text := r.folded.text[n.start:n.end]
		if n.own || flagged[n.base] || !r.said[n.base] || inTask.inCommon(text) == 0 {
			continue
		}
		if len(all) > 1 && !slices.ContainsFunc(all, func(other reading) bool { return !other.said[n.base] }) {
			continue
		}
		flagged[n.base] = true
		place := r.folded.original(n.span)
		r.flags = append(r.flags, Flag{SaysTaskName, excerpt(r.text[place.start:place.end])})
	}
}

// excerpt is a text on one line, cut short.
func excerpt(text string) string {
	const most = 120
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return text
}
