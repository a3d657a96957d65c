package terminal

import (
	"fmt"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
)

// longTask has answers of n lines.
func longTask(n int) fakeTask {
	var control, candidate strings.Builder
	for i := range n {
		fmt.Fprintf(&control, "- first %d\n", i)
		fmt.Fprintf(&candidate, "- second %d\n", i)
	}
	return fakeTask{audit.Task{Prompt: "Count."}, control.String(), candidate.String()}
}

func TestAnswersBesideEachOther(t *testing.T) {
	s := newScreen(t, 120, 30, Options{}, longTask(100))
	left, right := "first", "second"
	if s.store.shown[0].First == eval.SideB {
		left, right = right, left
	}
	found := false
	for line := range strings.SplitSeq(s.text(), "\n") {
		if a, b, ok := strings.Cut(line, "│"); ok && strings.Contains(a, left+" 3") {
			found = true
			if !strings.Contains(b, right+" 3") || len([]rune(a)) != 59 {
				t.Errorf("line %q: want both answers at the same height and in the same width", line)
			}
		}
	}
	if !found {
		t.Errorf("the answers do not stand beside each other:\n%s", s.text())
	}
	s.wantText("more lines: space scrolls")
	if strings.Contains(s.text(), "other answer") {
		t.Error("tab is offered where both are in sight")
	}
	s.press("end")
	s.wantText("first 99", "second 99", "much better") // the verdicts stay in sight
	if strings.Contains(s.text(), "more lines") {
		t.Error("at the end there are still more lines")
	}
	s.press("home")
	s.wantText("Count.")
	s.press("space")
	if strings.Contains(s.text(), "Count.") {
		t.Error("space does not scroll")
	}
	s.press("b", "down", "up", "up", "up")
	s.wantText("Count.")
	if s.model.offset != 0 {
		t.Errorf("offset %d, want 0", s.model.offset)
	}
}

func TestAnswersBelowEachOther(t *testing.T) {
	s := newScreen(t, 60, 24, Options{}, longTask(50))
	s.wantText("Answer 1")
	if strings.Contains(s.text(), "Answer 2") {
		t.Error("both answers are in sight at once")
	}
	s.press("tab") // from the task to the first
	s.press("tab")
	s.wantText("Answer 2")
	s.press("end")
	s.wantText(" 49")
	s.press("tab")
	s.wantText("Answer 1", " 0")
	// Turning the window keeps a place that exists.
	s.press("end")
	s.update(press("x"))
	s.model.width = 120
	s.model = s.model.laidOut()
	s.wantText("second 49", "first 49")
}

func TestTaskFolds(t *testing.T) {
	task := audit.Task{
		Prompt: strings.Repeat("line of the task\n", 20) + "the last line", System: "You are terse.",
		Conversation: []audit.Message{{Role: "user", Content: "What was said"}, {Role: "assistant", Content: "What was answered"}},
	}
	s := newScreen(t, 120, 60, Options{}, fakeTask{task, "a", "b"})
	s.wantText("13 more lines: t shows all of the task")
	for _, hidden := range []string{"the last line", "terse", "What was said"} {
		if strings.Contains(s.text(), hidden) {
			t.Errorf("the folded task shows %q", hidden)
		}
	}
	s.press("t")
	s.wantText("the last line", "You are terse.", "What was said", "What was answered", "Assistant")
	s.press("t")
	s.wantText("13 more lines")
}

// TestSmallTerminals: at any size the screen fits and the keys work.
func TestSmallTerminals(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 3}, {10, 4}, {20, 8}, {40, 12}, {99, 10}, {100, 10}, {300, 100}} {
		s := newScreen(t, size[0], size[1], Options{AskGuess: 1}, longTask(30), longTask(3))
		for _, key := range []string{"space", "end", "tab", "home", "t", "t", "n", "x", "enter", "?", "x", "g", "3", "r", "1", "4", "s"} {
			s.press(key)
			content := s.model.View().Content
			if lines := strings.Count(content, "\n") + 1; lines > size[1] {
				t.Errorf("%v after %s: %d lines", size, key, lines)
			}
			if size[0] > 1 {
				wantHarmless(t, content, size[0])
			}
		}
		if len(s.store.verdicts) != 2 {
			t.Errorf("%v: %d verdicts, want 2", size, len(s.store.verdicts))
		}
	}
}

// TestNoTraceOfTheArm walks every screen of a pilot whose arms and models have names
// that nothing else has, and whose answers name them.
func TestNoTraceOfTheArm(t *testing.T) {
	names := []string{"quokka-prime", "Zebrafish", "acme/wombat-9b-instruct"}
	var tasks []fakeTask
	for _, text := range []string{
		"I am quokka-prime.", "I am **Zebra**fish, made of `acme/wombat-9b-instruct`.", "wombat\\-9b&#45;instruct answers", "| by |\n|---|\n| ZEBRAFISH |",
		"```\n# Zebrafish\n```", "[Zebrafish](https://zebrafish.example/quokka-prime)", "![quokka-prime](x.png)",
	} {
		tasks = append(tasks, fakeTask{audit.Task{Prompt: "Who are you?"}, text, "Nobody.\n\n" + text})
	}
	s := newScreen(t, 110, 40, Options{HiddenNames: names, AskGuess: 0.5}, tasks...)
	s.store.tasks = append(s.store.tasks, tasks...)
	for range 3 * len(s.store.tasks) {
		s.press("t", "end", "?", "x", "n", "x", "enter", "z", "esc", "g", "esc", "3")
	}
	s.wantText("Thank you")
	s.press("z", "g", "r", "3", "q")
	seen := strings.ToLower(s.seen.String())
	for _, name := range []string{"quokka", "zebra", "wombat"} {
		if i := strings.Index(seen, name); i >= 0 {
			t.Errorf("a screen has %q", seen[max(i-60, 0):min(i+60, len(seen))])
		}
	}
	if !strings.Contains(seen, "name hidden") {
		t.Error("no name was hidden, so nothing was tried")
	}
	for _, p := range s.store.shown {
		if strings.Contains(seen, p.ID) {
			t.Errorf("a screen has the id %s", p.ID)
		}
	}
}
