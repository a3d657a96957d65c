package ingest

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
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

// BenchmarkReadExports sets reading one log as a tool's export in several containers
// beside reading it as plain JSON Lines.
func BenchmarkReadExports(b *testing.B) {
	var plain, langfuse, list strings.Builder
	text := strings.Repeat("summarise the contract and say what changed ", 15)
	list.WriteByte('[')
	for i := range benchRows {
		fmt.Fprintf(&plain, `{"id":"t%d","prompt":%q,"response":%q,"model":"atlas","cost_usd":0.0021,"input_tokens":310}`+"\n", i, text, text+text)
		line := fmt.Sprintf(`{"id":"o%d","trace_id":"t%d","type":"GENERATION","start_time":"2026-11-02 09:00:00.000000","input":%q,"output":%q,"provided_model_name":"atlas","usage_details":{"input":310,"output":80},"total_cost":0.0021,"latency":1.5}`,
			i, i, `[{"role":"user","content":"`+text+`"}]`, text+text)
		langfuse.WriteString(line + "\n")
		if i > 0 {
			list.WriteByte(',')
		}
		list.WriteString(line)
	}
	list.WriteByte(']')
	for _, c := range []struct{ name, text string }{
		{"jsonl", plain.String()},
		{"langfuse-jsonl", langfuse.String()},
		{"langfuse-array", list.String()},
		{"langfuse-gzip", string(packed["gzip"](b, langfuse.String()))},
	} {
		path := filepath.Join(b.TempDir(), "log")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				report, err := ReadTasks(b.Context(), path, Options{}, func(audit.Task) (Outcome, error) { return Imported, nil })
				if err != nil || report.Imported != benchRows {
					b.Fatalf("%+v, %v", report, err)
				}
			}
		})
	}
}
