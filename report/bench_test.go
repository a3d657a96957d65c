package report

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"modeltrial/audit"
	"modeltrial/eval"
)

// benchTasks gives so many tasks of the data sheet's 12 columns.
func benchTasks(tasks int) func(yield func(audit.Task) error) error {
	start := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	return func(yield func(audit.Task) error) error {
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
}

// BenchmarkWorkbook writes the data sheets, and the whole workbook with its charts and
// formulas, with more and more tasks of 12 columns; beside them excelize's stream writer
// alone with the same values and no styles, the least that such a file takes. peak-MB is
// the most memory that the process had from the system while it wrote, beyond what it had
// before.
func BenchmarkWorkbook(b *testing.B) {
	for _, tasks := range []int{0, 1_000, 100_000} {
		in := fixtureInput()
		in.Tasks = benchTasks(tasks)
		in.Responses = func(func(eval.Response) error) error { return nil }
		for _, c := range []struct {
			name  string
			write func(ctx context.Context, path string) error
		}{
			{"stream writer alone", func(_ context.Context, path string) error { return bareSheet(path, in.Tasks) }},
			{"data sheets", func(ctx context.Context, path string) error { return dataSheets(ctx, path, in) }},
			{"workbook", func(ctx context.Context, path string) error { return Workbook(ctx, path, in) }},
		} {
			b.Run(fmt.Sprintf("tasks=%d/%s", tasks, c.name), func(b *testing.B) {
				path := filepath.Join(b.TempDir(), "report.xlsx")
				b.ReportAllocs()
				runtime.GC()
				peak := watchMemory()
				for b.Loop() {
					if err := c.write(b.Context(), path); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(peak())/1e6, "peak-MB")
			})
		}
	}
}

// dataSheets writes a workbook that has nothing but the data sheets.
func dataSheets(ctx context.Context, path string, in Input) error {
	book, err := newBook(in)
	if err != nil {
		return err
	}
	defer func() { _ = book.file.Close() }() // removes only temporary files
	book.taskData(ctx)
	book.responseData(ctx)
	book.ratingData(ctx)
	if book.err != nil {
		return book.err
	}
	return book.file.SaveAs(path)
}

// bareSheet writes the values of the tasks' sheet and nothing else.
func bareSheet(path string, tasks func(yield func(audit.Task) error) error) error {
	file := excelize.NewFile()
	defer func() { _ = file.Close() }() // removes only temporary files
	writer, err := file.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	row := 0
	err = tasks(func(t audit.Task) error {
		row++
		return writer.SetRow(at(1, row), []any{
			t.ID, t.Timestamp, t.Team, t.Model, t.Provider, string(t.Category), string(t.CategorySource), t.Probability,
			*t.Tokens.Input, *t.Tokens.Output, t.Cost.Dollars(), *t.LatencyMS,
		})
	})
	if err != nil {
		return err
	}
	if err := writer.Flush(); err != nil {
		return err
	}
	return file.SaveAs(path)
}

// watchMemory samples the memory that the process holds until what it returns is called,
// which gives the most beyond the first sample, in bytes.
func watchMemory() (peak func() uint64) {
	held := func() uint64 {
		samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		metrics.Read(samples)
		return samples[0].Value.Uint64() - samples[1].Value.Uint64()
	}
	before := held()
	most := before
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			most = max(most, held())
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-stopped
		return most - before
	}
}
