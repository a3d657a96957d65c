package terminal

import (
	"fmt"
	"slices"
	"strconv"

	"modeltrial/eval"
)

// graded are the criteria of the rubric that the comparison is graded by.
func (m model) graded() []string { return m.criteria[m.shown.Category] }

// saidBefore takes up what was said beside the verdict that is changed.
func (m model) saidBefore(said eval.ShownRating) model {
	m.note = said.Note
	for i, tag := range m.tags {
		m.given[i] = slices.Contains(said.Tags, tag)
	}
	for _, grade := range said.Grades {
		if at := slices.Index(m.graded(), grade.Criterion); at >= 0 {
			m.grades[2*at+grade.Answer-1] = grade.Points
		}
	}
	return m
}

// gradingKey gives grades: a digit to the one that is asked, and on to the next.
func (m model) gradingKey(name string) model {
	last := len(m.grades) - 1
	switch name {
	case "enter", "esc", "c":
		m.asking = noPanel
	case "down", "tab":
		m.grade = min(m.grade+1, last)
	case "up", "shift+tab":
		m.grade = max(m.grade-1, 0)
	case "0", "backspace":
		m = m.gave(0)
	default:
		if points := digit(name); points >= 1 && points <= eval.MaxGrade {
			m = m.gave(points)
			m.grade = min(m.grade+1, last)
		}
	}
	return m
}

func (m model) gave(points int) model {
	m.grades = slices.Clone(m.grades)
	m.grades[m.grade] = points
	return m
}

// gradingLines show the criteria with what is given, the one that is asked marked. Where
// there are many, those around it are shown.
func (m model) gradingLines() []string {
	lines := wrap(bold("Grades")+" from 1, poor, to 5, excellent, as far as you like. Then give your verdict.", m.width)
	criterion := m.grade / 2
	first := max(min(criterion-1, len(m.graded())-3), 0)
	for i, name := range m.graded()[first:min(first+3, len(m.graded()))] {
		text := plain(name)
		for answer := range 2 {
			at := 2*(first+i) + answer
			points := "–"
			if m.grades[at] > 0 {
				points = strconv.Itoa(m.grades[at])
			}
			given := fmt.Sprintf("answer %d: %s", answer+1, points)
			if at == m.grade {
				given = reverse.of(" " + given + " ")
			}
			text += "  " + given
		}
		lines = append(lines, wrap(text, m.width)...)
	}
	return append(lines, choices([]choice{{"1–5", "grade"}, {"0", "none"}, {"↑ ↓", "another"}, {"Enter", "done"}}, m.width)...)
}

// gradesLine sums up what is given; empty where nothing is.
func (m model) gradesLine() string {
	given := 0
	for _, points := range m.grades {
		if points > 0 {
			given++
		}
	}
	if given == 0 {
		return ""
	}
	return fmt.Sprintf("graded: %d of %d", given, len(m.grades))
}
