package exchange

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

// BenchmarkCountRatings counts 100,000 comparisons, beside reading them one by one and
// the bare limit of reading the file and counting its lines.
func BenchmarkCountRatings(b *testing.B) {
	const rows = 100_000
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	text.WriteString("task_id,arm_a,arm_b,rater,kind,preference,rated_at\n")
	for i := range rows {
		x, y := random.IntN(20), random.IntN(19)
		if y >= x {
			y++
		}
		fmt.Fprintf(&text, "q%07d,model-%02d,model-%02d,user-%04d,human,%s,2026-11-02T09:%02d:00Z\n", i, x, y, random.IntN(5000), []string{"a", "b", "tie"}[random.IntN(3)], i%60)
	}
	path := write(b, text.String())
	b.Run("counts", func(b *testing.B) {
		b.SetBytes(int64(text.Len()))
		b.ReportAllocs()
		for b.Loop() {
			if _, report, err := CountRatings(b.Context(), path, RatingsOptions{}, 0); err != nil || report.Imported != rows {
				b.Fatal(report, err)
			}
		}
	})
	b.Run("one-by-one", func(b *testing.B) {
		b.SetBytes(int64(text.Len()))
		b.ReportAllocs()
		for b.Loop() {
			report, err := ReadRatings(b.Context(), path, RatingsOptions{}, func(eval.Rating) (ingest.Outcome, error) { return ingest.Imported, nil })
			if err != nil || report.Imported != rows {
				b.Fatal(report, err)
			}
		}
	})
	b.Run("lines-alone", func(b *testing.B) {
		b.SetBytes(int64(text.Len()))
		for b.Loop() {
			read, err := os.ReadFile(path)
			if err != nil || bytes.Count(read, []byte{'\n'}) != rows+1 {
				b.Fatal(err)
			}
		}
	})
}
