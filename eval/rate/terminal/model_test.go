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
	s := &screenTest{T: t, store: &fakeStore{tasks: tasks, skips: map[string]eval.SkipReason{}}, clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
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
	s.wantVerdicts(fakeVerdict{"shown-0", "much_left", 5, "", nil, nil}, fakeVerdict{"shown-0", "much_right", 2, "", nil, nil})
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
	s.wantVerdicts(fakeVerdict{"shown-0", "right", 27, "hey 1q? pasted", nil, nil})
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
	s.wantVerdicts(fakeVerdict{"shown-0", "much_left", 12, "", nil, nil})
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

func TestTags(t *testing.T) {
	s := newScreen(t, 120, 30, Options{Tags: []string{"correctness", "style\x1b[31m"}}, someTasks(2)...)
	s.press("w")
	s.wantText("Why?", "1  ☐ correctness")
	s.press("2", "1", "1", "7")
	s.wantText("☐ correctness", "☑ style")
	wantHarmless(t, s.model.View().Content, 120)
	s.press("enter")
	s.wantText("☑ style")
	s.press("4")
	s.wantVerdicts(fakeVerdict{"shown-0", "right", 15, "", []string{"style\x1b[31m"}, nil})
	s.press("3")
	if got := s.store.verdicts[1].Tags; got != nil {
		t.Errorf("tags %q stay for the next comparison", got)
	}
}

func TestSkip(t *testing.T) {
	s := newScreen(t, 120, 30, Options{}, someTasks(3)...)
	s.press("s")
	s.wantText("Why do you not want to rate this one?", "the task is unclear")
	s.press("esc")
	s.wantText("Task number 0", "much better")
	s.press("s", "2")
	s.wantText("Task number 1")
	s.press("1", "z", "s") // nothing to skip in a rating that is there
	s.wantText("You are changing your last rating")
	want := map[string]eval.SkipReason{"shown-0": eval.SkipUnclear}
	if difference := cmp.Diff(want, s.store.skips); difference != "" {
		t.Errorf("skips (-want +got):\n%s", difference)
	}
}

// TestManyTags: as many tags as a protocol may have can be chosen.
func TestManyTags(t *testing.T) {
	tags := make([]string, 20)
	for i := range tags {
		tags[i] = fmt.Sprint("tag number ", i+1)
	}
	s := newScreen(t, 100, 40, Options{Tags: tags}, someTasks(1)...)
	s.press("w", "9", "a", "k", "l")
	s.wantText("k  ☑ tag number 20", "☐ tag number 11")
	s.press("w", "3")
	if diff := cmp.Diff([]string{"tag number 9", "tag number 10", "tag number 20"}, s.store.verdicts[0].Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// TestGrades gives grades by digits, takes one back, and finds all that was said where the
// verdict is changed.
func TestGrades(t *testing.T) {
	criteria := []string{"Is it right?", "Is it complete?\x1b[31m", "Is it safe?", "Is it clear?"}
	options := Options{Tags: []string{"tone"}, Criteria: map[audit.Category][]string{audit.General: criteria}}
	s := newScreen(t, 120, 40, options, someTasks(2)...)
	s.wantText("grades")
	s.press("c")
	s.wantText("from 1, poor, to 5, excellent", "Is it right?", " answer 1: – ")
	s.press("5", "2", "7", "4", "up", "0", "down", "down", "3", "down", "down", "down", "down", "1")
	wantHarmless(t, s.model.View().Content, 120)
	s.wantText("Is it clear?", "answer 2: 1")
	s.press("enter")
	s.wantText("graded: 4 of 8")
	s.press("w", "1", "w", "n", "x", "enter", "2")
	want := []eval.ShownGrade{
		{Criterion: criteria[0], Answer: 1, Points: 5},
		{Criterion: criteria[0], Answer: 2, Points: 2},
		{Criterion: criteria[2], Answer: 1, Points: 3},
		{Criterion: criteria[3], Answer: 2, Points: 1},
	}
	if diff := cmp.Diff(want, s.store.verdicts[0].Grades); diff != "" {
		t.Errorf("grades (-want +got):\n%s", diff)
	}
	s.wantText("2 of 2")
	if strings.Contains(s.text(), "graded:") {
		t.Error("the grades stay for the next comparison")
	}
	s.press("z")
	s.wantText("graded: 4 of 8", "☑ tone", "note: x")
	s.press("4")
	again := s.store.verdicts[1]
	if diff := cmp.Diff(want, again.Grades); diff != "" || again.Note != "x" || len(again.Tags) != 1 {
		t.Errorf("said again %+v, grades (-want +got):\n%s", again, diff)
	}
}

// TestPractice: before the first comparison, with what there is to say of each verdict,
// and nothing of it stored.
func TestPractice(t *testing.T) {
	s := newScreen(t, 120, 40, Options{Practice: true}, someTasks(2)...)
	s.wantText("Practice 1 of 3", "nothing you choose here is stored", "twelve tickets")
	s.press("5")
	s.wantText("Look again.", "forgets the discount")
	s.press("1", "n") // the first verdict stands
	s.wantText("Practice 2 of 3")
	s.press("3")
	s.wantText("That fits.")
	s.press("enter", "0")
	s.wantText("That fits.", "start rating")
	if len(s.store.shown) > 0 {
		t.Error("a comparison was shown meanwhile: its time has begun")
	}
	s.press("n")
	s.wantText("1 of 2", "Task number 0")
	s.wantVerdicts()
	s.press("1")

	s.model = newModel(t.Context(), s.store, eval.Rater{ID: 1, Name: "Ada", Kind: eval.Human}, Options{Practice: true})
	s.update(tea.WindowSizeMsg{Width: 120, Height: 40})
	s.run(s.model.Init())
	s.wantText("2 of 2") // not again

	skipped := newScreen(t, 60, 40, Options{Practice: true}, someTasks(1)...)
	skipped.press("s")
	skipped.wantText("1 of 1", "Task number 0")
	if nothing := newScreen(t, 60, 40, Options{Practice: true}); true {
		nothing.wantText("Nothing to rate yet")
	}
}
