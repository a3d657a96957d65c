package main

import (
	database "database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modeltrial/eval"
)

// BenchmarkRatingSite has 200 raters rate over HTTP at once, with synchronous FULL,
// beside a bare handler of net/http that commits one row for each request on one
// connection. "verdict" sends verdicts alone, which is what the bare handler stores;
// "rating" also reads the page of the next comparison after each, and
// "script" gets it in the verdict's reply, as a browser with scripts does.
func BenchmarkRatingSite(b *testing.B) {
	const raters = 200
	b.Run("rating", func(b *testing.B) {
		s, tokens := newRatingPilot(b, filepath.Join(b.TempDir(), databaseName), max(b.N+raters, 1000), 3, raters)
		b.Cleanup(func() { _ = s.Close() }) // the benchmark is over
		requestsAtOnce(b, serveRatings(b, s), tokens, func(r *httpRater, n int) error {
			if n == 0 {
				if err := r.open(); err != nil {
					return err
				}
			}
			if err := r.rate(eval.LeftBetter); err != nil {
				return err
			}
			return r.open()
		})
	})
	b.Run("script", func(b *testing.B) {
		s, tokens := newRatingPilot(b, filepath.Join(b.TempDir(), databaseName), max(b.N+raters, 1000), 3, raters)
		b.Cleanup(func() { _ = s.Close() }) // the benchmark is over
		requestsAtOnce(b, serveRatings(b, s), tokens, func(r *httpRater, n int) error {
			if n == 0 {
				if err := r.open(); err != nil {
					return err
				}
			}
			return r.rateOn(eval.LeftBetter)
		})
	})
	b.Run("verdict", func(b *testing.B) {
		s, tokens := newRatingPilot(b, filepath.Join(b.TempDir(), databaseName), raters, 3, raters)
		b.Cleanup(func() { _ = s.Close() }) // the benchmark is over
		verdicts := []eval.ShownVerdict{eval.LeftBetter, eval.RightBetter}
		requestsAtOnce(b, serveRatings(b, s), tokens, func(r *httpRater, n int) error {
			if n == 0 {
				if err := r.open(); err != nil {
					return err
				}
			}
			return r.rate(verdicts[n%2]) // the same one again would change nothing
		})
	})
	b.Run("bare", func(b *testing.B) {
		requestsAtOnce(b, serveBare(b), make([]string, raters), func(r *httpRater, _ int) error { return r.rate(eval.LeftBetter) })
	})
}

// serveBare stores a row for each request and does nothing else.
func serveBare(b *testing.B) (address string) {
	b.Helper()
	db, err := database.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "bare.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() }) // the benchmark is over
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE ratings (id INTEGER PRIMARY KEY, presentation TEXT NOT NULL, verdict TEXT NOT NULL, seconds REAL, rated_at INTEGER NOT NULL) STRICT`); err != nil {
		b.Fatal(err)
	}
	insert, err := db.Prepare(`INSERT INTO ratings (presentation, verdict, seconds, rated_at) VALUES (?, ?, ?, ?)`)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := insert.Exec(r.PostFormValue("id"), r.PostFormValue("verdict"), 12.5, time.Now().UnixMicro()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// requestsAtOnce shares b.N operations among raters and reports how many there were a
// second, and the time that one in a hundred exceeds. n counts a rater's own.
func requestsAtOnce(b *testing.B, site string, tokens []string, do func(r *httpRater, n int) error) {
	b.Helper()
	var mu sync.Mutex
	var took []time.Duration
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for _, token := range tokens {
		group.Go(func() {
			r := newHTTPRater(site, token)
			defer r.close()
			var mine []time.Duration
			for n := 0; next.Add(1) <= int64(b.N); n++ {
				start := time.Now()
				if err := do(r, n); err != nil {
					b.Error(err)
					break
				}
				mine = append(mine, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	group.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "ratings/s")
	if len(took) > 0 {
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	}
	b.ReportMetric(0, "ns/op")
}
