package judge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"modeltrial/eval"
	"modeltrial/eval/sandbox"
)

// block is a fenced block of code within a text (CommonMark, "Fenced code blocks"), of
// backticks.
var block = regexp.MustCompile("(?ms)^ {0,3}```[^`\n]*\n(.*?)^ {0,3}```")

// codeBlock is the longest fenced block of an answer: the others show how to install or
// to call it. Where there is none it is the answer.
func codeBlock(answer string) string {
	longest, found := "", false
	for _, inside := range block.FindAllStringSubmatch(answer, -1) {
		if !found || len(inside[1]) > len(longest) {
			longest, found = inside[1], true
		}
	}
	if !found {
		return answer
	}
	return longest
}

// commandLine is a command with the names of its files.
func commandLine(rule eval.CheckRule) []string {
	names := strings.NewReplacer(eval.AnswerMark, rule.AnswerFile(), eval.ReferenceMark, eval.ReferenceFile)
	command := make([]string, len(rule.Command))
	for i, argument := range rule.Command {
		command[i] = names.Replace(argument)
	}
	return command
}

// commandFiles are the files that a command finds. The reference is there only where the
// command names it: an answer need not see what is expected of it. Both end with a line
// break, so that what is put after them stands on a line of its own.
func commandFiles(rule eval.CheckRule, answer, reference string) map[string]string {
	if rule.CodeBlock {
		answer = codeBlock(answer)
	}
	files := map[string]string{rule.AnswerFile(): strings.TrimSuffix(answer, "\n") + "\n"}
	if rule.NeedsReference() {
		files[eval.ReferenceFile] = strings.TrimSuffix(reference, "\n") + "\n"
	}
	return files
}

// CommandKey names all that the outcome of a command rests on, as a SHA-256 in
// hexadecimal: command, limits and files. What was run once need not be run again.
func CommandKey(rule eval.CheckRule, answer, reference string) (string, error) {
	text, err := json.Marshal([]any{rule.Name, commandLine(rule), commandFiles(rule, answer, reference), rule.Timeout(), rule.Memory()})
	if err != nil {
		return "", fmt.Errorf("check %q: %w", rule.Name, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// RunCommand runs a check's command on an answer in a sandbox (see [sandbox.Run]); exit
// code 0 passes. An error that wraps [sandbox.ErrCommand] or [sandbox.ErrUnsupported]
// says that the check cannot be used here, and nothing of the answer.
func RunCommand(ctx context.Context, rule eval.CheckRule, answer, reference string) (eval.CommandRun, error) {
	if rule.NeedsReference() && strings.TrimSpace(reference) == "" {
		return eval.CommandRun{}, ErrNoReference
	}
	key, err := CommandKey(rule, answer, reference)
	if err != nil {
		return eval.CommandRun{}, err
	}
	result, err := sandbox.Run(ctx, commandLine(rule), commandFiles(rule, answer, reference), sandbox.Limits{Timeout: rule.Timeout(), Memory: rule.Memory()})
	if err != nil {
		return eval.CommandRun{}, fmt.Errorf("check %q: %w", rule.Name, err)
	}
	return eval.CommandRun{Key: key, Check: rule.Name, Passes: result.Passed(), Detail: whyNot(rule, result), Confined: result.Confined}, nil
}

// maxDetail is how much of a command's last line is kept, in characters.
const maxDetail = 200

// whyNot says why a command did not pass, with the last line that it wrote.
func whyNot(rule eval.CheckRule, result sandbox.Result) string {
	if result.Passed() {
		return ""
	}
	why := fmt.Sprintf("exit code %d", result.ExitCode)
	switch {
	case result.TimedOut:
		why = fmt.Sprintf("not done in %s", rule.Timeout())
	case result.Signal != "":
		why = "ended by the signal " + result.Signal
	}
	lines := strings.Split(strings.TrimSpace(result.Output), "\n")
	last := []rune(strings.TrimSpace(lines[len(lines)-1]))
	if len(last) == 0 {
		return why
	}
	return why + ": " + strings.ReplaceAll(string(last[:min(len(last), maxDetail)]), "\x00", "\uFFFD")
}
