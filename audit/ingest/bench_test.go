package ingest

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"modeltrial/audit"
)

const benchRows = 20_000

// writeLog writes a log of benchRows tasks of the usual size.
func writeLog(b *testing.B) (path string, size int64) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "log.csv")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"summarise", "the", "contract,", "and", "say", "\"what\"", "changed\n", "since", "last", "week"}
	text := func(length int) (text string) {
		for range length {
			text += words[random.IntN(len(words))] + " "
		}
		return text
	}
	out := csv.NewWriter(file)
	_ = out.Write([]string{"id", "timestamp", "team", "model", "prompt", "response", "category", "input_tokens", "output_tokens", "cost_usd", "latency_ms", "ticket"})
	for i := range benchRows {
		_ = out.Write([]string{
			fmt.Sprintf("t%06d", i), fmt.Sprintf("2026-11-%02d 09:00:00", 1+i%28), "support", "atlas-large", text(60), text(120), "general",
			"310", "120", "0.0021", "2400", "4711",
		})
	}
	out.Flush()
	if err := out.Error(); err != nil {
		b.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return path, info.Size()
}

// BenchmarkReadTasks sets reading tasks beside bare encoding/csv on the same
// file: what is between them is checks, hashes and numbers.
func BenchmarkReadTasks(b *testing.B) {
	path, size := writeLog(b)
	b.Run("tasks", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			report, err := ReadTasks(b.Context(), path, Options{}, func(audit.Task) (Outcome, error) { return Imported, nil })
			if err != nil || report.Imported != benchRows {
				b.Fatalf("%+v, %v", report, err)
			}
		}
	})
	b.Run("encoding-csv", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			file, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			reader := csv.NewReader(file)
			rows := 0
			for _, err = reader.Read(); err == nil; _, err = reader.Read() {
				rows++
			}
			if err != io.EOF || rows != benchRows+1 {
				b.Fatalf("%d rows, %v", rows, err)
			}
			if err := file.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
