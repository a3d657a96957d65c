package terminal

import (
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
	case m.writing:
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
	}
	if scrolled, ok := m.scrolled(name); ok {
		return scrolled, nil
	}
	switch m.page {
	case askedVerdict, askedAgain:
		return m.verdictKey(key, name)
	case askedGuess:
		return m.guessKey(key, name)
	case nothingOpen:
		switch {
		case name == "z" && m.progress.done > 0:
			return m.asking(m.last(askedAgain, false))
		case name == "enter" || name == "r":
			return m.asking(m.next(false))
		}
	case failed:
		if name == "enter" || name == "r" {
			return m.asking(m.next(false))
		}
	}
	return m, nil
}

// asking waits for the store.
func (m model) asking(cmd tea.Cmd) (tea.Model, tea.Cmd) {
	m.busy, m.saved = true, false
	return m, cmd
}

func (m model) verdictKey(key tea.Key, name string) (tea.Model, tea.Cmd) {
	if verdict, ok := verdictKeys[name]; ok {
		if m.tooEarly(key) {
			m.stillSince = m.now()
			return m, nil
		}
		return m.asking(m.verdict(verdict))
	}
	switch {
	case name == "n":
		m.writing = true
	case name == "t":
		m.full, m.offset = !m.full, 0
		return m.laidOut(), nil
	case name == "esc" && m.page == askedAgain:
		return m.asking(m.next(false))
	case name == "z" && m.page == askedVerdict && m.progress.done > 0:
		return m.asking(m.last(askedAgain, false))
	case name == "g" && m.progress.done > 0:
		return m.asking(m.last(askedGuess, false))
	}
	return m, nil
}

func (m model) guessKey(key tea.Key, name string) (tea.Model, tea.Cmd) {
	if guess, ok := guessKeys[name]; ok {
		if m.tooEarly(key) {
			m.stillSince = m.now()
			return m, nil
		}
		return m.asking(m.guess(guess))
	}
	switch name {
	case "r":
		m.recognised = !m.recognised
	case "t":
		m.full, m.offset = !m.full, 0
		return m.laidOut(), nil
	case "s", "esc":
		return m.asking(m.next(false))
	case "z":
		return m.asking(m.last(askedAgain, false))
	}
	return m, nil
}

// tooEarly says whether a key was meant for the comparison before this one. A key that
// is held comes again and again and stays too early.
func (m model) tooEarly(key tea.Key) bool {
	return key.IsRepeat || m.now().Sub(m.stillSince) < quiet
}

func (m model) writingKey(key tea.Key) model {
	switch key.String() {
	case "enter", "esc":
		m.writing = false
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
