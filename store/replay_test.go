package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/decide"
)

func TestEachLogged(t *testing.T) {
	s := newTest(t)
	tasks := []audit.Task{
		{ID: "a", Prompt: "x", Team: "support", Model: "atlas", Category: audit.Coding, CategorySource: audit.CategoryFromLog, Probability: 1, Timestamp: testTime, Cost: ptr(audit.NanoUSD(7)), LatencyMS: ptr(int64(0))},
		{ID: "b", Prompt: "y", Cost: ptr(audit.NanoUSD(0))},
		{ID: "c", Prompt: "z"},
	}
	addLog(t, s, tasks)
	var got []eval.LoggedTask
	must(t, s.EachLogged(t.Context(), func(task eval.LoggedTask) error {
		if task.Cost != nil { // they hold until the next
			task.Cost = ptr(*task.Cost)
		}
		if task.LatencyMS != nil {
			task.LatencyMS = ptr(*task.LatencyMS)
		}
		got = append(got, task)
		return nil
	}))
	want := []eval.LoggedTask{
		{Category: audit.Coding, Team: "support", Model: "atlas", At: testTime, Cost: ptr(audit.NanoUSD(7)), LatencyMS: ptr(int64(0))},
		{Cost: ptr(audit.NanoUSD(0))},
		{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("logged tasks (-want +got):\n%s", diff)
	}
	stop := errors.New("stop")
	if err := s.EachLogged(t.Context(), func(eval.LoggedTask) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want the error of do", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.EachLogged(ctx, func(eval.LoggedTask) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v of an ended context", err)
	}
}

// addLog imports tasks as a log.
func addLog(t testing.TB, s *Store, tasks []audit.Task) {
	t.Helper()
	i, err := s.BeginBulkImport(t.Context(), "log.csv")
	must(t, err)
	defer i.Rollback()
	for _, task := range tasks {
		_, err := i.Add(t.Context(), task)
		must(t, err)
	}
	must(t, i.Commit(t.Context(), ImportedFile{Path: "log.csv"}))
}

// BenchmarkReplay applies a table to a log of a million tasks (100,000 under -short),
// beside the sum that reads the same rows, in the same run.
func BenchmarkReplay(b *testing.B) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	s := openTest(b, filepath.Join(b.TempDir(), "modeltrial.db"))
	fillLog(b, s, n)
	table := eval.RoutingTable{Routes: []eval.Route{{
		Category: audit.Coding, Arm: "next", Model: "forge", Control: "now", Candidate: "next", ReplacesModel: "model-0", Decision: eval.Switch, Tasks: 200,
		WinRate:   &eval.Interval{Estimate: 0.6, StandardError: 0.03, Low: 0.54, High: 0.66, Level: eval.Level},
		CostRatio: &eval.Interval{Estimate: 0.5, StandardError: 0.02, Low: 0.46, High: 0.54, Level: eval.Level}, LatencyRatio: &eval.Interval{Estimate: 0.9, StandardError: 0.05, Low: 0.8, High: 1, Level: eval.Level},
	}}}
	var sum int64
	summed := func() { must(b, s.reader.GetContext(b.Context(), &sum, `SELECT sum(cost_nano_usd) FROM tasks`)) }
	summed() // the file is in the cache now
	b.Run(fmt.Sprintf("replay-%d", n), func(b *testing.B) {
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		before, most := memory.HeapAlloc, uint64(0)
		for b.Loop() {
			replayer, seen := decide.NewReplayer(table), 0
			must(b, s.EachLogged(b.Context(), func(task eval.LoggedTask) error {
				replayer.Add(task)
				if seen++; seen%100_000 == 0 {
					runtime.ReadMemStats(&memory)
					most = max(most, memory.HeapAlloc)
				}
				return nil
			}))
			replay, err := replayer.Replay()
			must(b, err)
			if replay.Total.Tasks != n || replay.Total.Saving == nil {
				b.Fatalf("got %+v", replay.Total)
			}
		}
		b.ReportMetric(float64(most-min(before, most))/(1<<20), "heap-MiB")
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	})
	b.Run(fmt.Sprintf("sum-%d", n), func(b *testing.B) {
		for b.Loop() {
			summed()
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	})
}

// fillLog makes a log of n tasks with texts of 800 characters, in SQL: an import of it
// is another benchmark.
func fillLog(b *testing.B, s *Store, n int) {
	b.Helper()
	_, err := s.writer.ExecContext(b.Context(), insertFile, "log.csv", "tasks", 0)
	must(b, err)
	_, err = s.writer.ExecContext(b.Context(), `
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO tasks (
    id, logged_at, team, user_name, model, provider, cluster, category, category_source, category_probability, input_tokens, output_tokens,
    cost_nano_usd, latency_ms, file_id, file_line, row_sha256, system_prompt, prompt, conversation, response, reference, final_text, tags, metadata)
SELECT 'task-' || i, ? + i * 10000000, 'team-' || (i * 7 % 8), 'u', 'model-' || (i * 3 % 4), 'p', '',
    CASE i % 5 WHEN 0 THEN 'coding' WHEN 1 THEN 'math' WHEN 2 THEN 'general' WHEN 3 THEN 'creative' ELSE 'reasoning' END, 'local', 0.9, 100, 200,
    i * 7919 % 50000000, 100 + i * 104729 % 9000, 1, i, '', '', hex(zeroblob(200)), '[]', hex(zeroblob(200)), '', '', '[]', '{}'
FROM n`, n, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
	must(b, err)
}
