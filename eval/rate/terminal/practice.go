package terminal

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"modeltrial/eval"
	"modeltrial/eval/rate"
)

// practiseItem shows a made-up comparison, of which nothing is stored.
func (m model) practiseItem(item int) model {
	p := rate.Practice()[item]
	shown := eval.Presentation{Prompt: p.Prompt, Left: p.Left, Right: p.Right}
	m = m.show(loaded{page: practising, shown: comparison{shown, pageTexts(m.masker, shown)}})
	m.item, m.practised = item, ""
	return m.laidOut()
}

// practisingKey says what there is to say of a verdict, and goes on.
func (m model) practisingKey(key tea.Key, name string) (tea.Model, tea.Cmd) {
	verdict, given := verdictKeys[name]
	switch {
	case name == "s" || name == "esc":
		return m.waitingFor(m.next(false))
	case m.practised == "" && given:
		if m.tooEarly(key) {
			m.stillSince = m.now()
			return m, nil
		}
		m.practised = verdict
		return m.laidOut(), nil
	case m.practised != "" && (name == "n" || name == "enter"):
		if m.item+1 < len(rate.Practice()) {
			return m.practiseItem(m.item + 1), nil
		}
		return m.waitingFor(m.next(false))
	}
	return m, nil
}

// practiceAbove is what stands over a made-up comparison.
func (m model) practiceAbove() []string {
	lines := wrap(bold(fmt.Sprintf("Practice %d of %d", m.item+1, len(rate.Practice()))), m.width)
	p := rate.Practice()[m.item]
	switch {
	case m.practised == "":
		return append(lines, wrap("This is practice with made-up answers: nothing you choose here is stored.", m.width)...)
	case p.Fits(m.practised):
		return append(lines, wrap(bold("That fits.")+" "+p.Why, m.width)...)
	}
	return append(lines, wrap(bold("Look again.")+" "+p.Why, m.width)...)
}

// practiceAsked is what is asked under it.
func (m model) practiceAsked() []string {
	if m.practised == "" {
		return append(choices(m.verdicts(), m.width), choices([]choice{{"s", "skip practice"}, {"?", "help"}, {"q", "stop"}}, m.width)...)
	}
	next := "next"
	if m.item+1 == len(rate.Practice()) {
		next = "start rating"
	}
	return choices([]choice{{"n", next}, {"q", "stop"}}, m.width)
}
