package terminal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A screenTest is a terminal with a rater before it and a clock of its own.
type screenTest struct {
	*testing.T
	model model
	store *fakeStore
	clock time.Time
	ended bool
	seen  strings.Builder // every screen there was
}

func newScreen(t *testing.T, width, height int, options Options, tasks ...fakeTask) *screenTest {
	t.Helper()
	s := &screenTest{T: t, store: &fakeStore{tasks: tasks}, clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	options.Now = func() time.Time { return s.clock }
	options.Rand = rand.New(rand.NewPCG(1, 2))
	s.model = newModel(t.Context(), s.store, eval.Rater{ID: 1, Name: "Ada", Kind: eval.Human}, options)
	s.update(tea.WindowSizeMsg{Width: width, Height: height})
	s.run(s.model.Init())
	s.clock = s.clock.Add(time.Second)
	return s
}

func (s *screenTest) update(msg tea.Msg) {
	next, cmd := s.model.Update(msg)
	s.model = next.(model)
	s.seen.WriteString(s.model.View().Content)
	s.run(cmd)
}

func (s *screenTest) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	msg := cmd()
	if _, quit := msg.(tea.QuitMsg); quit {
		s.ended = true
		return
	}
	s.update(msg)
}

// press presses keys, each two seconds after the one before.
func (s *screenTest) press(names ...string) {
	for _, name := range names {
		s.clock = s.clock.Add(2 * time.Second)
		s.update(press(name))
	}
}

// press is a key by its name, as a terminal sends it.
func press(name string) tea.KeyPressMsg {
	special := map[string]rune{
		"left": tea.KeyLeft, "right": tea.KeyRight, "up": tea.KeyUp, "down": tea.KeyDown, "enter": tea.KeyEnter, "esc": tea.KeyEscape,
		"tab": tea.KeyTab, "end": tea.KeyEnd, "home": tea.KeyHome, "pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace,
	}
	switch code, ok := special[name]; {
	case ok:
		return tea.KeyPressMsg{Code: code}
	case name == "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case strings.HasPrefix(name, "ctrl+"):
		return tea.KeyPressMsg{Code: rune(name[5]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// text is what can be read on the screen.
func (s *screenTest) text() string { return ansi.Strip(s.model.View().Content) }

func (s *screenTest) wantText(parts ...string) {
	s.Helper()
	for _, part := range parts {
		if !strings.Contains(s.text(), part) {
			s.Errorf("the screen does not say %q:\n%s", part, s.text())
		}
	}
}

func (s *screenTest) wantVerdicts(want ...fakeVerdict) {
	s.Helper()
	if difference := cmp.Diff(want, s.store.verdicts); difference != "" {
		s.Errorf("verdicts (-want +got):\n%s", difference)
	}
}

// someTasks are n tasks with short answers.
func someTasks(n int) []fakeTask {
	tasks := make([]fakeTask, n)
	for i := range tasks {
		tasks[i] = fakeTask{audit.Task{Prompt: fmt.Sprint("Task number ", i)}, fmt.Sprint("first text ", i), fmt.Sprint("second text ", i)}
	}
	return tasks
}

func TestVerdicts(t *testing.T) {
	s := newScreen(t, 120, 30, Options{Notice: "Answers are recorded samples."}, someTasks(9)...)
	s.wantText("1 of 9", "Task number 0", "Answers are recorded samples.", "Answer 1", "Answer 2", "first text 0", "second text 0")
	if strings.Contains(s.text(), "Saved") || strings.Contains(s.text(), "undo") {
		t.Errorf("before any verdict the screen offers or confirms one:\n%s", s.text())
	}
	s.press("1", "2", "3", "4", "5", "0", "left", "right")
	s.wantText("9 of 9", "Saved", "less than a minute left", "undo")
	s.press("3")
	s.wantText("Thank you, that was the last one", "You have rated 9 comparisons")
	var got []eval.ShownVerdict
	for _, v := range s.store.verdicts {
		got = append(got, v.Verdict)
	}
	want := []eval.ShownVerdict{"much_left", "left", "tie", "right", "much_right", "both_bad", "left", "right", "tie"}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("verdicts (-want +got):\n%s", difference)
	}
	s.press("q")
	if !s.ended {
		t.Error("q did not end it")
	}
}

// TestKeysTooEarly: a key held a little long rates one comparison and not the next.
func TestKeysTooEarly(t *testing.T) {
	s := newScreen(t, 120, 30, Options{}, someTasks(5)...)
	for range 40 { // two seconds of a held key
		s.clock = s.clock.Add(50 * time.Millisecond)
		s.update(press("1"))
	}
	if len(s.store.verdicts) != 1 {
		t.Errorf("a held key gave %d verdicts, want 1", len(s.store.verdicts))
	}
	s.press("1")
	if len(s.store.verdicts) != 2 {
		t.Errorf("a key pressed again gave %d verdicts in all, want 2", len(s.store.verdicts))
	}
	s.clock = s.clock.Add(time.Minute)
	repeated := press("2")
	repeated.IsRepeat = true
	s.update(repeated)
	if len(s.store.verdicts) != 2 {
		t.Error("a repeated key was taken for a verdict")
	}
}

func TestUndo(t *testing.T) {
	s := newScreen(t, 120, 30, Options{}, someTasks(3)...)
	s.press("z") // nothing to undo yet
	s.wantText("1 of 3")
	s.press("1", "z")
	s.wantText("You are changing your last rating", "Task number 0", "1 of 3")
	s.press("esc") // keep it
	s.wantText("2 of 3", "Task number 1")
	s.press("z", "5")
	s.wantText("2 of 3", "Task number 1", "Saved")
	s.wantVerdicts(fakeVerdict{"shown-0", "much_left", 5, ""}, fakeVerdict{"shown-0", "much_right", 2, ""})
	s.press("3", "4", "z", "0")
	s.wantText("Thank you")
	if last := s.store.verdicts[len(s.store.verdicts)-1]; last.ID != "shown-2" || last.Verdict != eval.ShownBad {
		t.Errorf("last verdict %+v, want another of the last comparison", last)
	}
}

func TestGuess(t *testing.T) {
	s := newScreen(t, 120, 30, Options{AskGuess: 1}, someTasks(4)...)
	s.press("2")
	s.wantText("Which answer is from the model that is in use today?", "Task number 0", "☐ I recognised a model")
	s.press("r")
	s.wantText("☑ I recognised a model")
	s.press("1")
	s.wantText("2 of 4", "Task number 1")
	s.press("2", "s") // skipped
	s.press("2", "2")
	s.press("g", "right")
	want := []fakeGuess{{"shown-0", eval.GuessLeft, true, true}, {"shown-2", eval.GuessUnknown, false, true}, {"shown-2", eval.GuessRight, false, true}}
	if difference := cmp.Diff(want, s.store.guesses); difference != "" {
		t.Errorf("guesses (-want +got):\n%s", difference)
	}

	unasked := newScreen(t, 120, 30, Options{}, someTasks(2)...)
	unasked.press("2")
	unasked.wantText("2 of 2")
	unasked.press("g", "r", "1")
	if difference := cmp.Diff([]fakeGuess{{"shown-0", eval.GuessLeft, true, false}}, unasked.store.guesses); difference != "" {
		t.Errorf("guesses (-want +got):\n%s", difference)
	}
}

func TestNote(t *testing.T) {
	s := newScreen(t, 120, 30, Options{}, someTasks(2)...)
	s.press("n", "h", "e", "y", "é", "backspace", "space", "1", "q", "?")
	s.update(tea.PasteMsg{Content: " pasted\nline\x1b[31m"})
	s.wantText("note: hey 1q? pasted line")
	s.press("ctrl+w", "enter")
	s.wantText("note: hey 1q? pasted")
	s.press("4")
	s.wantText("2 of 2")
	s.wantVerdicts(fakeVerdict{"shown-0", "right", 27, "hey 1q? pasted"})
	if strings.Contains(s.text(), "hey") {
		t.Error("the note stays for the next comparison")
	}
	s.press("n")
	s.update(tea.PasteMsg{Content: strings.Repeat("ß", 5000)})
	s.press("enter", "3")
	if note := s.store.verdicts[1].Note; note != strings.Repeat("ß", 2000) {
		t.Errorf("a note of %d bytes, want 2,000 characters", len(note))
	}
}

// TestSeconds counts the time in which the terminal had the focus.
func TestSeconds(t *testing.T) {
	s := newScreen(t, 120, 30, Options{}, someTasks(2)...)
	s.clock = s.clock.Add(9 * time.Second) // ten with the one before
	s.update(tea.BlurMsg{})
	s.clock = s.clock.Add(time.Hour)
	s.update(tea.FocusMsg{})
	s.press("1")
	s.wantVerdicts(fakeVerdict{"shown-0", "much_left", 12, ""})
	s.clock = s.clock.Add(30 * time.Hour)
	s.press("1")
	if got := s.store.verdicts[1].Seconds; got != 0 {
		t.Errorf("%v seconds, want none: nobody looks at it for a day", got)
	}
}

func TestFailure(t *testing.T) {
	s := newScreen(t, 120, 30, Options{}, someTasks(2)...)
	s.store.fail = errors.New("secret-arm is on fire")
	s.press("1")
	s.wantText("Something went wrong", "may not be saved")
	if strings.Contains(s.text(), "secret-arm") {
		t.Errorf("the screen tells what failed:\n%s", s.text())
	}
	if s.model.err == nil {
		t.Error("the failure is lost")
	}
	s.store.fail = nil
	s.press("r")
	s.wantText("1 of 2", "Task number 0")
	if s.model.err != nil {
		t.Errorf("error %v, want none after it has gone", s.model.err)
	}
}

func TestNothingOpen(t *testing.T) {
	s := newScreen(t, 80, 24, Options{})
	s.wantText("Nothing to rate yet")
	s.press("z", "space", "1")
	s.wantText("Nothing to rate yet")
	s.store.tasks = someTasks(1)
	s.press("r")
	s.wantText("1 of 1")
}

func TestHelp(t *testing.T) {
	s := newScreen(t, 80, 40, Options{}, someTasks(1)...)
	s.press("?")
	s.wantText("How to rate", "both unusable", "You are rating as Ada")
	s.press("1") // closes it and rates nothing
	s.wantText("Task number 0")
	s.wantVerdicts()
}
