package terminal

// scrolled moves what scrolls, where the key is one for that.
func (m model) scrolled(name string) (model, bool) {
	if !m.page.asks() {
		return m, false
	}
	screenful := max(m.room()-2, 1) // two lines stay for the eye to hold on to
	switch name {
	case "down", "j":
		m.offset++
	case "up", "k":
		m.offset--
	case "space", "pgdown", "f":
		m.offset += screenful
	case "b", "pgup", "shift+space":
		m.offset -= screenful
	case "home":
		m.offset = 0
	case "end":
		m.offset = m.lowest()
	case "tab":
		m.offset = m.otherAnswer()
	default:
		return m, false
	}
	m.offset = min(max(m.offset, 0), m.lowest())
	return m, true
}

// otherAnswer is where the next answer begins, after the last the first.
func (m model) otherAnswer() int {
	for _, start := range m.layout.answers {
		if start > m.offset && m.offset < m.lowest() {
			return start
		}
	}
	return m.layout.answers[0]
}
