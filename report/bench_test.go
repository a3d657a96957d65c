package report

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// BenchmarkWorkbook writes the whole workbook, its charts and formulas included,
// with more and more tasks of 12 columns on the data sheet.
func BenchmarkWorkbook(b *testing.B) {
	for _, tasks := range []int{0, 1_000, 100_000} {
		b.Run(fmt.Sprintf("tasks=%d", tasks), func(b *testing.B) {
			in := fixtureInput()
			start := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
			in.Tasks = func(yield func(audit.Task) error) error {
				for i := range tasks {
					task := audit.Task{
						ID: fmt.Sprintf("task-%06d", i), Timestamp: start.Add(time.Duration(i) * time.Minute), Team: "support", Model: "gpt-4o", Provider: "openai",
						Category: audit.Coding, CategorySource: audit.CategoryFromLocal, Probability: 0.91, Cost: new(audit.NanoUSD(i)), LatencyMS: new(int64(1200)),
						Tokens: audit.Tokens{Input: new(int64(812)), Output: new(int64(344))},
					}
					if err := yield(task); err != nil {
						return err
					}
				}
				return nil
			}
			in.Responses = func(func(eval.Response) error) error { return nil }
			path := filepath.Join(b.TempDir(), "report.xlsx")
			b.ReportAllocs()
			for b.Loop() {
				if err := Workbook(b.Context(), path, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
