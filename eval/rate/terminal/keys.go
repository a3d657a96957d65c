package terminal

import (
	"slices"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/clipperhouse/uax29/v2/graphemes"

	"modeltrial/eval"
	"modeltrial/eval/rate"
)

// verdictKeys are those of the site; the arrow down scrolls here.
var verdictKeys = map[string]eval.ShownVerdict{
	"1": eval.LeftMuchBetter, "2": eval.LeftBetter, "3": eval.ShownTie, "4": eval.RightBetter, "5": eval.RightMuchBetter,
	"0": eval.ShownBad, "left": eval.LeftBetter, "right": eval.RightBetter,
}

var guessKeys = map[string]eval.ShownGuess{
	"1": eval.GuessLeft, "2": eval.GuessUnknown, "3": eval.GuessRight, "left": eval.GuessLeft, "right": eval.GuessRight,
}

// key does what a key asks for.
func (m model) key(key tea.Key) (tea.Model, tea.Cmd) {
	name := key.String()
	switch {
	case name == "ctrl+c":
		return m, tea.Quit
	case m.asking == writing:
		return m.writingKey(key), nil
	case m.help:
		m.help = false // any key closes it
		return m, nil
	case name == "q":
		return m, tea.Quit
	case name == "?":
		m.help = true
		return m, nil
	case m.busy:
		return m, nil
	case m.asking == tagging:
		return m.taggingKey(name), nil
	case m.asking == skipping:
		return m.skippingKey(name)
	case m.asking == grading:
		return m.gradingKey(name), nil
	}
	if scrolled, ok := m.scrolled(name); ok {
		return scrolled, nil
	}
	switch m.page {
	case askedVerdict, askedAgain:
		return m.verdictKey(key, name)
	case askedGuess:
		return m.guessKey(key, name)
	case practising:
		return m.practisingKey(key, name)
	case nothingOpen:
		switch {
		case name == "z" && m.progress.done > 0:
			return m.waitingFor(m.last(askedAgain, false))
		case name == "enter" || name == "r":
			return m.waitingFor(m.next(false))
		}
	case failed:
		if name == "enter" || name == "r" {
			return m.waitingFor(m.next(false))
		}
	}
	return m, nil
}

// waitingFor asks the store and does nothing else meanwhile.
func (m model) waitingFor(cmd tea.Cmd) (tea.Model, tea.Cmd) {
	m.busy, m.saved = true, false
	return m, cmd
}

func (m model) verdictKey(key tea.Key, name string) (tea.Model, tea.Cmd) {
	if verdict, ok := verdictKeys[name]; ok {
		if m.tooEarly(key) {
			m.stillSince = m.now()
			return m, nil
		}
		return m.waitingFor(m.verdict(verdict))
	}
	switch {
	case name == "n":
		m.asking = writing
	case name == "w" && len(m.tags) > 0:
		m.asking = tagging
	case name == "c" && len(m.graded()) > 0:
		m.asking = grading
	case name == "s" && m.page == askedVerdict:
		m.asking = skipping
	case name == "t":
		m.full, m.offset = !m.full, 0
		return m.laidOut(), nil
	case name == "esc" && m.page == askedAgain:
		return m.waitingFor(m.next(false))
	case name == "z" && m.page == askedVerdict && m.progress.done > 0:
		return m.waitingFor(m.last(askedAgain, false))
	case name == "g" && m.progress.done > 0:
		return m.waitingFor(m.last(askedGuess, false))
	}
	return m, nil
}

func (m model) guessKey(key tea.Key, name string) (tea.Model, tea.Cmd) {
	if guess, ok := guessKeys[name]; ok {
		if m.tooEarly(key) {
			m.stillSince = m.now()
			return m, nil
		}
		return m.waitingFor(m.guess(guess))
	}
	switch name {
	case "r":
		m.recognised = !m.recognised
	case "t":
		m.full, m.offset = !m.full, 0
		return m.laidOut(), nil
	case "s", "esc":
		return m.waitingFor(m.next(false))
	case "z":
		return m.waitingFor(m.last(askedAgain, false))
	}
	return m, nil
}

// tooEarly says whether a key was meant for the comparison before this one. A key that
// is held comes again and again and stays too early.
func (m model) tooEarly(key tea.Key) bool {
	return key.IsRepeat || m.now().Sub(m.stillSince) < quiet
}

// tagKeys are as many as a protocol may have tags; a letter among them ends nothing.
var tagKeys = strings.Split("123456789abcdefghijk", "")

// taggingKey switches tags on and off.
func (m model) taggingKey(name string) model {
	if name == "enter" || name == "esc" || name == "w" {
		m.asking = noPanel
		return m
	}
	if i := slices.Index(tagKeys, name); i >= 0 && i < len(m.tags) {
		m.given = slices.Clone(m.given)
		m.given[i] = !m.given[i]
	}
	return m
}

// skipReasons are in the order of the digits.
var skipReasons = []eval.SkipReason{eval.SkipKnowledge, eval.SkipUnclear, eval.SkipDisplay, eval.SkipOther}

func (m model) skippingKey(name string) (tea.Model, tea.Cmd) {
	m.asking = noPanel
	if i := digit(name) - 1; i >= 0 && i < len(skipReasons) {
		return m.waitingFor(m.skip(skipReasons[i]))
	}
	return m, nil // any other key goes back
}

// digit is the number of a digit's key; 0 for any other.
func digit(name string) int {
	if len(name) == 1 && name[0] >= '1' && name[0] <= '9' {
		return int(name[0] - '0')
	}
	return 0
}

func (m model) writingKey(key tea.Key) model {
	switch key.String() {
	case "enter", "esc":
		m.asking = noPanel
	case "backspace":
		m.note = withoutLast(m.note)
	case "ctrl+u":
		m.note = ""
	case "ctrl+w":
		kept := strings.TrimRight(m.note, " ")
		m.note = kept[:strings.LastIndex(kept, " ")+1]
	default:
		return m.wrote(key.Text)
	}
	return m
}

// wrote adds to the note what it has room for.
func (m model) wrote(text string) model {
	text = strings.ReplaceAll(plain(text), "\n", " ")
	for cluster := range clusters(text) {
		if utf8.RuneCountInString(m.note+cluster) > rate.MaxNote {
			break
		}
		m.note += cluster
	}
	return m
}

// clusters gives what is one character to its reader, one after the other.
func clusters(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for iterator := graphemes.FromString(text); iterator.Next(); {
			if !yield(iterator.Value()) {
				return
			}
		}
	}
}

func withoutLast(text string) string {
	last := ""
	for cluster := range clusters(text) {
		last = cluster
	}
	return strings.TrimSuffix(text, last)
}
