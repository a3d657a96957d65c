package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
)

// writePilot writes 100,000 tasks of five categories and four weeks with three ratings
// each by 40 people.
func writePilot(b *testing.B) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "pilot.csv")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	out := bufio.NewWriter(file)
	fmt.Fprintln(out, "task_id,category,week,arm_a,arm_b,rater,kind,preference,first,seconds,rated_at")
	const tasks = 100_000
	for i := range tasks {
		rater := random.IntN(40)
		for k := range 3 {
			fmt.Fprintf(out, "t%06d,%s,%d,now,next,rater %d,human,%s,%c,%.1f,2026-11-02T09:%02d:00Z\n", i, audit.Categories[i%5], 1+4*i/tasks,
				(rater+k)%40, [...]eval.Verdict{eval.PrefersA, eval.PrefersB, eval.PrefersB, eval.Tie}[random.IntN(4)], "ab"[random.IntN(2)], 10+60*random.Float64(), i%60)
		}
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkAnalyze analyses a large pilot from its file and from the start of the
// process, all of it: every use case and look, raters, agreement and other analyses;
// beside it, the ranking alone, which keeps no rating.
func BenchmarkAnalyze(b *testing.B) {
	path, program := writePilot(b), buildProgram(b)
	for _, c := range []struct {
		name string
		more []string
	}{{"all", nil}, {"ranking", []string{"--only", "ranking"}}} {
		b.Run(c.name, func(b *testing.B) {
			args := append([]string{"analyze", "--ratings", path, "--json"}, c.more...)
			text, err := exec.Command(program, args...).Output()
			if err != nil {
				b.Fatal(err)
			}
			var analysis eval.Analysis
			if err := json.Unmarshal(text, &analysis); err != nil {
				b.Fatal(err)
			}
			if c.more == nil && (len(analysis.Comparisons) != 5 || analysis.Comparisons[0].Ratings != 60_000) {
				b.Fatalf("%d use cases", len(analysis.Comparisons))
			}
			var all cost
			for b.Loop() {
				took := costOf(b, exec.Command(program, args...))
				all.cpu, all.memory = all.cpu+took.cpu, max(all.memory, took.resident)
			}
			b.ReportMetric(all.cpu.Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(float64(all.memory)/(1<<20), "MB-resident")
		})
	}
}
