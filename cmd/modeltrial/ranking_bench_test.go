package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"modeltrial/eval"
)

// writeArena writes a million comparisons of 20 models, each of a task of its own.
func writeArena(b *testing.B) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "arena.csv")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	out := bufio.NewWriter(file)
	fmt.Fprintln(out, "task_id,arm_a,arm_b,rater,kind,preference,rated_at")
	for i := range 1_000_000 {
		x, y := random.IntN(20), random.IntN(19)
		if y >= x {
			y++
		}
		verdict := eval.PrefersA
		switch {
		case random.Float64() < 0.2:
			verdict = eval.Tie
		case random.Float64() < 1/(1+math.Exp(0.1*float64(x-y))):
			verdict = eval.PrefersB
		}
		fmt.Fprintf(out, "q%07d,model-%02d,model-%02d,user-%04d,human,%s,2026-11-02T09:%02d:00Z\n", i, x, y, random.IntN(5000), verdict, i%60)
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkRanking ranks 20 models from a file of a million comparisons, with 1,000
// bootstrap rounds and from the start of the process, beside the bare limits: a process
// that does nothing, and reading the file and counting its lines.
func BenchmarkRanking(b *testing.B) {
	path := writeArena(b)
	b.Run("analyze", func(b *testing.B) {
		user := 0.0
		for b.Loop() {
			cmd := exec.Command("modeltrial", "analyze", "--ratings", path, "--only", "ranking", "--json")
			text, err := cmd.Output()
			if err != nil {
				b.Fatal(err)
			}
			var analysis eval.Analysis
			if err := json.Unmarshal(text, &analysis); err != nil {
				b.Fatal(err)
			}
			if r := analysis.Ranking[0]; len(r.Arms) != 20 || r.Comparisons != 1_000_000 || r.Resamples != 1000 {
				b.Fatalf("%+v", r)
			}
			user += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		}
		b.ReportMetric(user/float64(b.N), "cpu-s/op")
	})
	b.Run("process-alone", func(b *testing.B) {
		for b.Loop() {
			if err := exec.Command("modeltrial", "analyze", "--help").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("lines-alone", func(b *testing.B) {
		buffer := make([]byte, 1<<20)
		for b.Loop() {
			file, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			lines := 0
			for {
				n, err := file.Read(buffer)
				lines += bytes.Count(buffer[:n], []byte{'\n'})
				if err == io.EOF {
					break
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			if err := file.Close(); err != nil {
				b.Fatal(err)
			}
			if lines != 1_000_001 {
				b.Fatalf("%d lines", lines)
			}
		}
	})
}
