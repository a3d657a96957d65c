package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modeltrial/eval"
)

// latencies are how long operations took, from many goroutines.
type latencies struct {
	mu  sync.Mutex
	all []time.Duration
}

func (l *latencies) add(some []time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, some...)
}

// report adds operations a second, and the time that one in a hundred exceeds.
func (l *latencies) report(b *testing.B) {
	slices.Sort(l.all)
	b.ReportMetric(float64(len(l.all))/b.Elapsed().Seconds(), "ratings/s")
	b.ReportMetric(float64(l.all[len(l.all)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// each runs an operation for b.N times from n goroutines at once and reports how long
// each took.
func eachAtOnce(b *testing.B, n int, do func(worker, i int) error) {
	b.Helper()
	var took latencies
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for worker := range n {
		group.Go(func() {
			var mine []time.Duration
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					break
				}
				start := time.Now()
				if err := do(worker, i); err != nil {
					b.Error(err)
					break
				}
				mine = append(mine, time.Since(start))
			}
			took.add(mine)
		})
	}
	group.Wait()
	b.StopTimer()
	took.report(b)
}

// callers are how many raters send a verdict at the same moment.
const callers = 200

// BenchmarkVerdicts stores verdicts of 200 raters at once with synchronous FULL, beside
// bare loops over the same table: one connection that commits each row, and one that
// commits as many rows at a time as there are raters.
func BenchmarkVerdicts(b *testing.B) {
	b.Run("store", func(b *testing.B) {
		s, shown := newShown(b, callers, 100)
		verdicts := []eval.ShownVerdict{eval.LeftBetter, eval.RightBetter}
		eachAtOnce(b, callers, func(worker, i int) error {
			mine := shown[worker]
			i /= callers
			return s.AddVerdict(b.Context(), mine.rater, mine.ids[i%len(mine.ids)], verdicts[i/len(mine.ids)%2], new(31.5), "", testTime)
		})
	})
	b.Run("bare/one_row_per_commit", func(b *testing.B) { bareVerdicts(b, 1) })
	b.Run("bare/200_rows_per_commit", func(b *testing.B) { bareVerdicts(b, callers) })
}

// A shownTo are the presentations of a rater.
type shownTo struct {
	rater eval.Rater
	ids   []string
}

// newShown is a pilot of which every rater has been shown n comparisons.
func newShown(b *testing.B, raters, n int) (*Store, []shownTo) {
	b.Helper()
	s := newAnswered(b, n, raters)
	var comparisons []string
	must(b, s.reader.SelectContext(b.Context(), &comparisons, `SELECT id FROM comparisons ORDER BY id`))
	all := make([]shownTo, raters)
	must(b, s.write(b.Context(), func(tx *transaction) error {
		for i := range all {
			id, err := ensureRater(b.Context(), tx, eval.Rater{Name: fmt.Sprint("rater ", i), Kind: eval.Human}, testTime)
			if err != nil {
				return err
			}
			all[i].rater = eval.Rater{ID: id, Name: fmt.Sprint("rater ", i), Kind: eval.Human}
			for k, comparison := range comparisons[:n] {
				shown := strconv.Itoa(i) + "-" + strconv.Itoa(k)
				all[i].ids = append(all[i].ids, shown)
				_, err := tx.ExecContext(b.Context(), `
INSERT INTO presentations (id, comparison_id, rater_id, first, presented_at, shown_at) VALUES (?1, ?2, ?3, 'a', ?4, ?4)`, shown, comparison, id, testTime.UnixMicro())
				if err != nil {
					return err
				}
			}
		}
		return nil
	}))
	return s, all
}

// bareVerdicts inserts the rows alone, by prepared statements of database/sql.
func bareVerdicts(b *testing.B, perCommit int) {
	s, shown := newShown(b, 1, 1)
	var comparison string
	must(b, s.reader.GetContext(b.Context(), &comparison, `SELECT id FROM comparisons LIMIT 1`))
	ctx := context.Background()
	insert, err := s.writer.PrepareContext(ctx, `
INSERT INTO ratings (comparison_id, rater_id, presentation_id, verdict, score, first, seconds, grades, note, cluster, rated_at)
VALUES (?, ?, ?, ?, ?, 'a', ?, '{}', '', '', ?)`)
	must(b, err)
	var took latencies
	b.ResetTimer()
	for i := 0; i < b.N; {
		start := time.Now()
		tx, err := s.writer.BeginTx(ctx, nil)
		must(b, err)
		bound := tx.StmtContext(ctx, insert)
		rows := min(perCommit, b.N-i)
		for range rows {
			_, err := bound.ExecContext(ctx, comparison, shown[0].rater.ID, shown[0].ids[0], "a", 0.0, 31.5, testTime.UnixMicro())
			must(b, err)
		}
		must(b, tx.Commit())
		took.add(slices.Repeat([]time.Duration{time.Since(start)}, rows))
		i += rows
	}
	b.StopTimer()
	took.report(b)
}
