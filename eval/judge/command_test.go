package judge_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/eval/sandbox"
)

func TestCommands(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: commands are run on Linux only")
	}
	command := func(script string) eval.CheckRule {
		return eval.CheckRule{Name: "c", Kind: eval.CheckCommand, Command: []string{"sh", "-c", script}, TimeoutSeconds: 5}
	}
	block := command("cat {answer}; exit 1")
	block.CodeBlock, block.File = true, "answer.py"
	cases := []struct {
		name, answer, reference string
		rule                    eval.CheckRule
		want                    bool
		detail                  string
	}{
		{"pass", "yes\n", "", command("grep -q yes {answer}"), true, ""},
		{"fail", "no", "", command("grep -q yes {answer}"), false, "exit code 1"},
		{"reference", "yes", "yes\n", command("cmp {answer} {reference}"), true, ""},
		{"reference not named", "yes", "yes", command("ls reference.txt"), false, "exit code 2: ls: "},
		{"last line", "x", "", command("echo a; echo b >&2; echo; exit 7"), false, "exit code 7: b"},
		{"longest block", "Run\n```sh\npip\n```\nor\n```python\nprint(1)\n```", "", block, false, "exit code 1: print(1)"},
		{"no block", "print(2)", "", block, false, "exit code 1: print(2)"},
		{"marks within a line", "a ```b``` c", "", block, false, "exit code 1: a ```b``` c"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := judge.RunCommand(t.Context(), c.rule, c.answer, c.reference)
			if err != nil || got.Passes != c.want || !strings.HasPrefix(got.Detail, c.detail) {
				t.Errorf("got %+v, %v, want %v, %q", got, err, c.want, c.detail)
			}
		})
	}
	if _, err := judge.RunCommand(t.Context(), cases[2].rule, "yes", " "); !errors.Is(err, judge.ErrNoReference) {
		t.Errorf("without a reference: %v", err)
	}
	missing := eval.CheckRule{Name: "c", Kind: eval.CheckCommand, Command: []string{"no-such-program"}}
	if _, err := judge.RunCommand(t.Context(), missing, "", ""); !errors.Is(err, sandbox.ErrCommand) {
		t.Errorf("a program that is not there: %v", err)
	}
}

// What an outcome rests on changes the key, the rest does not.
func TestCommandKeys(t *testing.T) {
	rule := eval.CheckRule{Name: "c", Kind: eval.CheckCommand, Command: []string{"sh", "{answer}"}}
	key := func(change func(*eval.CheckRule), answer, reference string) string {
		changed := rule
		change(&changed)
		key, err := judge.CommandKey(changed, answer, reference)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	same := func(*eval.CheckRule) {}
	first := key(same, "a", "r")
	if first != key(same, "a", "another, which the command does not see") {
		t.Error("a reference that is not used changes the key")
	}
	for name, other := range map[string]string{
		"answer":    key(same, "b", "r"),
		"timeout":   key(func(r *eval.CheckRule) { r.TimeoutSeconds = 11 }, "a", "r"),
		"memory":    key(func(r *eval.CheckRule) { r.MemoryMB = 99 }, "a", "r"),
		"file":      key(func(r *eval.CheckRule) { r.File = "a.sh" }, "a", "r"),
		"command":   key(func(r *eval.CheckRule) { r.Command = []string{"bash", "{answer}"} }, "a", "r"),
		"reference": key(func(r *eval.CheckRule) { r.Command = []string{"sh", "{answer}", "{reference}"} }, "a", "r"),
	} {
		if other == first {
			t.Errorf("another %s has the same key", name)
		}
	}
	if explicit := key(func(r *eval.CheckRule) { r.TimeoutSeconds, r.MemoryMB = 10, 1024 }, "a", "r"); explicit != first {
		t.Error("the defaults written out have another key")
	}
}
