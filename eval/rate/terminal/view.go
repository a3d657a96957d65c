package terminal

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
)

// sideBySide is the width in cells from which answers stand beside each other.
const sideBySide = 100

// gutter stands between two answers.
const gutter = " │ "

// foldedTask is how many lines of a task are shown until all are asked for.
const foldedTask = 8

// pageText is an answer as the site shows it.
type pageText = template.HTML

func pageTexts(masker *blind.Masker, p eval.Presentation) []pageText {
	return rate.ShownAnswers(masker, p)
}

// A layout is what scrolls: the task and below it the answers, in lines of the
// terminal's width.
type layout struct {
	lines   []string
	answers []int // the line at which each answer begins
}

// laidOut makes the layout for the terminal's width.
func (m model) laidOut() model {
	m.layout = layout{}
	if m.width == 0 || !m.page.asks() {
		return m
	}
	m.layout.lines = append(m.layout.lines, heading("Task", m.width))
	m.layout.lines = append(m.layout.lines, m.task()...)
	m.layout.lines = append(m.layout.lines, "")
	if m.width >= sideBySide {
		m = m.besideEachOther()
	} else {
		m = m.belowEachOther()
	}
	m.offset = min(m.offset, m.lowest())
	return m
}

func heading(title string, width int) string {
	title = "── " + title + " "
	return bold(title + strings.Repeat("─", max(width-ansi.StringWidth(title), 0)))
}

// task is the prompt, folded unless all of it is asked for, and then with its context.
func (m model) task() []string {
	prompt := wrap(plain(m.shown.Prompt), m.width)
	hasContext := m.shown.System != "" || len(m.shown.Conversation) > 0
	if m.full {
		var lines []string
		if m.shown.System != "" {
			lines = append(lines, said("System", plain(m.shown.System), m.width)...)
		}
		for _, turn := range m.shown.Conversation {
			lines = append(lines, said(role(turn), plain(turn.Content), m.width)...)
		}
		return append(lines, prompt...)
	}
	hidden := max(len(prompt)-foldedTask, 0)
	lines := slices.Clip(prompt[:len(prompt)-hidden])
	switch {
	case hidden > 0:
		return append(lines, wrap(faint.of(fmt.Sprintf("… %d more lines: t shows all of the task", hidden)), m.width)...)
	case hasContext:
		return append(lines, wrap(faint.of("t shows what was said before"), m.width)...)
	}
	return lines
}

func role(turn audit.Message) string {
	switch turn.Role {
	case "assistant":
		return "Assistant"
	case "user":
		return "User"
	case "system":
		return "System"
	}
	return plain(turn.Role)
}

// said is a text under the name of who said it.
func said(who, text string, width int) []string {
	lines := wrap(faint.of(who), width)
	lines = append(lines, wrap(text, width)...)
	return append(lines, "")
}

// besideEachOther gives both answers the same width and scrolls them together.
func (m model) besideEachOther() model {
	width := (m.width - ansi.StringWidth(gutter)) / 2
	left, right := document(m.shown.pages[0], width), document(m.shown.pages[1], width)
	start := len(m.layout.lines)
	m.layout.answers = []int{start, start}
	m.layout.lines = append(m.layout.lines, padded(heading("Answer 1", width), width)+gutter+heading("Answer 2", width))
	for i := range max(len(left), len(right)) {
		var a, b string
		if i < len(left) {
			a = left[i]
		}
		if i < len(right) {
			b = right[i]
		}
		m.layout.lines = append(m.layout.lines, padded(a, width)+gutter+b)
	}
	return m
}

func (m model) belowEachOther() model {
	for i, page := range m.shown.pages {
		m.layout.answers = append(m.layout.answers, len(m.layout.lines))
		m.layout.lines = append(m.layout.lines, heading(fmt.Sprintf("Answer %d", i+1), m.width))
		m.layout.lines = append(m.layout.lines, document(page, m.width)...)
		m.layout.lines = append(m.layout.lines, "")
	}
	return m
}

// View implements [tea.Model].
func (m model) View() tea.View {
	view := tea.NewView(strings.Join(m.screen(), "\n"))
	view.AltScreen, view.ReportFocus = true, true
	view.WindowTitle = "Rating"
	return view
}

// screen is what stands on the terminal, line by line.
func (m model) screen() []string {
	if m.width == 0 {
		return nil // not known yet
	}
	if m.help {
		return m.cut(m.helpText())
	}
	switch m.page {
	case nothingOpen:
		return m.cut(m.nothingOpen())
	case failed:
		return m.cut(m.message("Something went wrong",
			"Your last rating may not be saved; the ones before it are.",
			"r tries again. If it happens twice, stop with q: what went wrong is then said."))
	case waiting:
		return m.cut([]string{"Loading …"})
	}
	room := m.room()
	lines := m.above()
	end := min(m.offset+room, len(m.layout.lines))
	lines = append(lines, m.layout.lines[min(m.offset, end):end]...)
	for range room - (end - m.offset) {
		lines = append(lines, "")
	}
	lines = append(lines, faint.of(m.rule()))
	return m.cut(append(lines, m.asked()...))
}

// cut leaves out what the terminal has no room for.
func (m model) cut(lines []string) []string {
	lines = slices.Clone(lines[:min(len(lines), max(m.height, 1))])
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, m.width, "")
	}
	return lines
}

// room is how many lines scroll, over the rule and what is asked.
func (m model) room() int {
	return max(m.height-len(m.above())-1-len(m.asked()), 1)
}

// lowest is the offset at which the last line is in sight.
func (m model) lowest() int {
	return max(len(m.layout.lines)-m.room(), 0)
}

// above is what stands over the part that scrolls.
func (m model) above() []string {
	if m.page == practising {
		return m.practiceAbove()
	}
	number := min(m.progress.done+1, m.progress.total())
	if m.page != askedVerdict {
		number = m.progress.done
	}
	parts := []string{bold(fmt.Sprintf("%d of %d", number, m.progress.total()))}
	if m.progress.left != "" {
		parts = append(parts, m.progress.left)
	}
	switch {
	case m.busy:
		parts = append(parts, "Saving …")
	case m.saved:
		parts = append(parts, "Saved")
	}
	lines := wrap(strings.Join(parts, " · "), m.width)
	if m.notice != "" {
		lines = append(lines, wrap(m.notice, m.width)...)
	}
	if m.page == askedAgain {
		lines = append(lines, wrap(bold("You are changing your last rating")+": the new verdict replaces the old one. Esc keeps it.", m.width)...)
	}
	return lines
}

// A choice is a key and what it does.
type choice struct{ key, does string }

var (
	wideVerdicts = []choice{
		{"1", "answer 1 is much better"},
		{"2 ←", "better"},
		{"3", "about the same"},
		{"4 →", "answer 2 is better"},
		{"5", "much better"},
		{"0", "both unusable"},
	}
	narrowVerdicts = []choice{{"1", "1 much better"}, {"2", "1 better"}, {"3", "same"}, {"4", "2 better"}, {"5", "2 much better"}, {"0", "both unusable"}}
	guesses        = []choice{{"1 ←", "answer 1"}, {"2", "I don't know"}, {"3 →", "answer 2"}}
)

// asked is what stands under the part that scrolls: what is asked and the keys.
func (m model) asked() []string {
	switch m.asking {
	case writing:
		return wrap("note: "+m.note+reverse.of(" ")+faint.of(" Enter ends it"), m.width)
	case tagging:
		return append(wrap(bold("Why?")+" Choose what applies, then give your verdict.", m.width), choices(m.tagChoices(), m.width)...)
	case skipping:
		return append(wrap(bold("Why do you not want to rate this one?")+" It will not come again.", m.width), choices(skipChoices, m.width)...)
	case grading:
		return m.gradingLines()
	case noPanel:
	}
	if m.page == practising {
		return m.practiceAsked()
	}
	var lines []string
	if m.page == askedGuess {
		lines = append(lines, wrap(bold("Which answer is from the model that is in use today?")+" Your verdict is saved and stays.", m.width)...)
		mark := "☐"
		if m.recognised {
			mark = "☑"
		}
		lines = append(lines, choices(guesses, m.width)...)
		return append(lines, choices([]choice{{"r", mark + " I recognised a model"}, {"s", "skip"}, {"z", "undo"}, {"?", "help"}, {"q", "stop"}}, m.width)...)
	}
	if m.note != "" {
		lines = append(lines, wrap("note: "+m.note, m.width)...)
	}
	for i, tag := range m.tags {
		if m.given[i] {
			lines = append(lines, wrap("☑ "+plain(tag), m.width)...)
		}
	}
	if text := m.gradesLine(); text != "" {
		lines = append(lines, wrap(text, m.width)...)
	}
	lines = append(lines, choices(m.verdicts(), m.width)...)
	more := []choice{{"n", "note"}, {"t", "task"}}
	if len(m.tags) > 0 {
		more = append(more, choice{"w", "why"})
	}
	if len(m.graded()) > 0 {
		more = append(more, choice{"c", "grades"})
	}
	if m.page == askedVerdict {
		more = append(more, choice{"s", "skip"})
	}
	if len(m.layout.answers) == 2 && m.layout.answers[0] != m.layout.answers[1] {
		more = append(more, choice{"tab", "other answer"})
	}
	if m.page == askedVerdict && m.progress.done > 0 {
		more = append(more, choice{"z", "undo"})
	}
	if m.progress.done > 0 {
		more = append(more, choice{"g", "recognised one?"})
	}
	return append(lines, choices(append(more, choice{"?", "help"}, choice{"q", "stop"}), m.width)...)
}

func (m model) verdicts() []choice {
	if m.width >= sideBySide {
		return wideVerdicts
	}
	return narrowVerdicts
}

// skipChoices say the same as the site's.
var skipChoices = []choice{
	{"1", "I don't know the subject"},
	{"2", "the task is unclear"},
	{"3", "an answer is not shown properly"},
	{"4", "another reason"},
	{"Esc", "back"},
}

func (m model) tagChoices() []choice {
	var all []choice
	for i, tag := range m.tags[:min(len(m.tags), len(tagKeys))] {
		mark := "☐ "
		if m.given[i] {
			mark = "☑ "
		}
		all = append(all, choice{tagKeys[i], mark + plain(tag)})
	}
	return append(all, choice{"Enter", "done"})
}

// rule parts what scrolls from the keys and tells how much of it is out of sight.
func (m model) rule() string {
	text := ""
	if more := len(m.layout.lines) - m.offset - m.room(); more > 0 {
		text = fmt.Sprintf(" %d more lines: space scrolls ", more)
	}
	return strings.Repeat("─", max(m.width-ansi.StringWidth(text)-3, 0)) + text + "───"
}

// choices are keys in as many lines as they need; a key stays with what it does.
func choices(all []choice, width int) []string {
	var lines []string
	line := ""
	for _, c := range all {
		next := reverse.of(" "+c.key+" ") + " " + c.does
		switch {
		case line == "":
			line = next
		case ansi.StringWidth(line)+2+ansi.StringWidth(next) <= width:
			line += "  " + next
		default:
			lines, line = append(lines, line), next
		}
	}
	return append(lines, line)
}

func (m model) message(title string, texts ...string) []string {
	lines := []string{"", bold(title)}
	for _, text := range texts {
		lines = append(lines, "")
		lines = append(lines, wrap(text, min(m.width, 72))...)
	}
	return lines
}

// nothingOpen thanks a rater who has nothing open.
func (m model) nothingOpen() []string {
	if m.progress.done == 0 {
		return m.message("Nothing to rate yet", "There is no comparison open for you.",
			"r looks again, q stops: new comparisons appear here by themselves.")
	}
	text := fmt.Sprintf("You have rated %d comparisons. All of them are saved.", m.progress.done)
	if m.progress.done == 1 {
		text = "You have rated 1 comparison. It is saved."
	}
	return m.message("Thank you, that was the last one", text, "z changes the last rating, r looks for new comparisons, q stops.")
}

func (m model) helpText() []string {
	lines := m.message("How to rate",
		"Two answers to the same task, in random order. Say which one you would rather work with. You are not told who wrote them, and names by which an answer gives itself away are hidden: ▇▇▇.")
	lines = append(lines, "")
	for _, c := range []choice{
		{"1", "answer 1 is much better"},
		{"2 ←", "answer 1 is better"},
		{"3", "about the same"},
		{"4 →", "answer 2 is better"},
		{"5", "answer 2 is much better"},
		{"0", "both unusable"},
		{"n", "a note on your verdict; it is saved with it"},
		{"w c", "why, in given words, and grades by criteria, where there are any"},
		{"s", "skip this one, for a reason"},
		{"z", "change the last rating"},
		{"g", "say that you recognised a model in the last one"},
		{"t", "all of the task and what was said before, or less"},
		{"space b", "down and up; also ↓ ↑, page keys, home, end"},
		{"tab", "to the other answer, where they stand one below the other"},
		{"q", "stop; what you rated is saved"},
	} {
		lines = append(lines, padded(" "+c.key, 10)+c.does)
	}
	lines = append(lines, "")
	lines = append(lines, wrap("Each verdict is saved at once: you may stop at any time and go on later, here or with your link. You are rating as "+
		bold(cmp.Or(plain(m.rater.Name), "?"))+".", min(m.width, 72))...)
	return append(lines, "", "Any key closes this.")
}
