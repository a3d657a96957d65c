package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/report"
	"modeltrial/store"
)

const judgeBenchConfig = `providers:
  - {name: files, kind: recorded}
  - {name: local, kind: openai, base_url: SERVER/v1, prices: [{model: j, input_usd_per_1m: "1", output_usd_per_1m: "4"}]}
pilot:
  name: bench
  control: now
  arms:
    - {name: now, provider: files, model: m}
    - {name: next, provider: files, model: n}
  use_cases:
    - {category: coding, candidates: [next]}
  weeks: 1
  tasks_per_week: TASKS
  budget_usd: "10000"
`

// judgeBenchStream is a verdict with its reason.
const judgeBenchStream = `data: {"id":"c","object":"chat.completion.chunk","model":"j-served","choices":[{"index":0,"delta":{"role":"assistant","content":"{\"rationale\": \"The first answer names the cause and mends the line; the second one "}}]}

data: {"id":"c","object":"chat.completion.chunk","model":"j-served","choices":[{"index":0,"delta":{"content":"only repeats the task.\", \"verdict\": \"answer_1_better\"}"},"finish_reason":"stop"}]}

data: {"id":"c","object":"chat.completion.chunk","model":"j-served","choices":[],` + benchUsage + `}

data: [DONE]

`

// judgeBenchAnswer is an answer of about 600 bytes.
func judgeBenchAnswer(i int, arm string) string {
	return fmt.Sprintf("Result %d\n\nThe sum is wrong since `abs` is taken before adding (%s). ", i%7, arm) +
		strings.Repeat("It should keep the sign of each number and add them as they are. ", 8) + "\n\n```go\ntotal += n\n```\n"
}

// judgedBenchWorkspace is a workspace whose pilot has both answers to each task, a
// reference answer of each, and the given judges and checks.
func judgedBenchWorkspace(t testing.TB, server string, tasks int, rest string) string {
	t.Helper()
	dir := t.TempDir()
	var log, answers bytes.Buffer
	logRows, answerRows := csv.NewWriter(&log), csv.NewWriter(&answers)
	_ = logRows.Write([]string{"id", "prompt", "category", "reference"})                   // a buffer takes everything
	_ = answerRows.Write([]string{"task_id", "arm", "response", "cost_usd", "latency_ms"}) // a buffer takes everything
	for i := range tasks {
		id := fmt.Sprintf("t%06d", i)
		_ = logRows.Write([]string{id, benchPrompt(i), "coding", judgeBenchAnswer(i, "next")})
		for _, arm := range []string{"now", "next"} {
			_ = answerRows.Write([]string{id, arm, judgeBenchAnswer(i, arm), "0.001", "900"})
		}
	}
	logRows.Flush()
	answerRows.Flush()
	config := strings.NewReplacer("SERVER", server, "TASKS", strconv.Itoa(tasks)).Replace(judgeBenchConfig + rest)
	for name, text := range map[string][]byte{"modeltrial.yaml": []byte(config), "log.csv": log.Bytes(), "answers.csv": answers.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init"},
		{"audit", "import", filepath.Join(dir, "log.csv")},
		{"pilot", "import-responses", "--recorded", filepath.Join(dir, "answers.csv")},
		{"pilot", "lock"},
		{"pilot", "run"},
	} {
		var out bytes.Buffer
		if code := execute(append([]string{"-C", dir}, args...), &out, &out); code != exitOK {
			t.Fatalf("%v: exit code %d: %s", args, code, out.String())
		}
	}
	return dir
}

// BenchmarkJudgeRun has a judge rate comparisons in both orders beside a bare client
// that sends requests of the same bytes and stores nothing, each in a process of its
// own, against one server. It reports what BenchmarkPilotRun does.
func BenchmarkJudgeRun(b *testing.B) {
	onlyForBenchRun(b)
	for _, latency := range []time.Duration{0, 200 * time.Millisecond} {
		for _, inFlight := range []int{64, 256} {
			size := benchSize{tasks: 2000, inFlight: inFlight, latency: latency}
			b.Run(size.name(), func(b *testing.B) { benchJudgeRun(b, size) })
		}
	}
}

func benchJudgeRun(b *testing.B, size benchSize) {
	server := newBenchServer(b, size.latency)
	server.stream = judgeBenchStream
	const panel = "  judges: [{name: bench, provider: local, model: j, parameters: {max_output_tokens: 200}}]\n"
	workspaces := make([]string, b.N)
	for i := range workspaces {
		workspaces[i] = judgedBenchWorkspace(b, server.URL, size.tasks, panel)
	}
	body := filepath.Join(b.TempDir(), "body.json")
	calls := 2 * size.tasks
	var ours, bare benchResult
	b.ResetTimer()
	for i := range b.N { // b.Loop would not let the workspaces be made before
		ours = server.measure(b, process(b, "-C", workspaces[i], "judge", "run", "--concurrency", strconv.Itoa(size.inFlight)))
		if err := os.WriteFile(body, server.body, 0o600); err != nil {
			b.Fatal(err)
		}
		bare = server.measure(b, bareProcess(b, server.URL, calls, size.inFlight, body))
	}
	b.StopTimer()
	if ours.calls != int64(calls) || bare.calls != int64(calls) {
		b.Fatalf("%d and %d calls were made, want %d", ours.calls, bare.calls, calls)
	}
	reportRun(b, "modeltrial", ours)
	reportRun(b, "bare", bare)
	b.ReportMetric(ours.rate()/bare.rate(), "×bare")
	b.ReportMetric(float64(len(server.body)), "bytes/request")
}

// BenchmarkJudgeCheck applies checks to stored answers, and keeps the outcomes, beside a
// bare loop in the same process that reads the same answers, compares them with the
// same rule and stores nothing. Checks by command are measured in package sandbox,
// beside starting the command without one.
func BenchmarkJudgeCheck(b *testing.B) {
	onlyForBenchRun(b)
	for name, rule := range map[string]string{
		"normalised": "{name: c, kind: normalised}",
		"numeric":    "{name: c, kind: numeric}",
		"regexp":     `{name: c, kind: regexp, pattern: 'total \+= \w+'}`,
		"similarity": "{name: c, kind: similarity, threshold: 0.8}",
	} {
		b.Run(name, func(b *testing.B) { benchJudgeCheck(b, 5000, rule) })
	}
}

func benchJudgeCheck(b *testing.B, tasks int, rule string) {
	workspaces := make([]string, b.N)
	for i := range workspaces {
		workspaces[i] = judgedBenchWorkspace(b, "http://127.0.0.1:9", tasks, "  checks: ["+rule+"]\n")
	}
	var ours, bare time.Duration
	b.ResetTimer()
	for i := range b.N { // b.Loop would not let the workspaces be made before
		bare += bareChecks(b, workspaces[i], tasks)
		var out bytes.Buffer
		began := time.Now()
		if code := execute([]string{"-C", workspaces[i], "judge", "check"}, &out, &out); code != exitOK {
			b.Fatalf("exit code %d: %s", code, out.String())
		}
		ours += time.Since(began)
		if want := report.Count(tasks) + " new"; !strings.Contains(out.String(), want) {
			b.Fatalf("got %q, want %q", out.String(), want)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(tasks*b.N)/ours.Seconds(), "comparisons/s")
	b.ReportMetric(float64(tasks*b.N)/bare.Seconds(), "bare-comparisons/s")
	b.ReportMetric(bare.Seconds()/ours.Seconds(), "×bare")
}

// bareChecks reads all answers and compares them.
func bareChecks(b *testing.B, dir string, tasks int) time.Duration {
	b.Helper()
	ctx := context.Background()
	s, err := store.OpenExisting(ctx, filepath.Join(dir, databaseName))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }() // only read
	locked, err := s.Locked(ctx)
	if err != nil {
		b.Fatal(err)
	}
	checker, err := judge.NewChecker(locked.Protocol.Checks[0])
	if err != nil {
		b.Fatal(err)
	}
	began, read, passed := time.Now(), 0, map[eval.Verdict]int{}
	err = s.EachCheckable(ctx, 0, func(c store.Checkable) error {
		verdict, _, err := checkBoth(checker, c)
		passed[verdict]++
		read++
		return err
	})
	if err != nil || read != tasks {
		b.Fatal(read, passed, err)
	}
	return time.Since(began)
}
