package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"modeltrial/store/storetest"
)

// BenchmarkWorkers has 1, 2 and 4 workers with 64 calls in flight each work on a provider
// that takes 200 ms, on one PostgreSQL that syncs to disk, and one on a file beside them.
// The rate is from the first call to the last. All share this machine's cores with the
// provider and the database: busy-cores says how much of them that took.
func BenchmarkWorkers(b *testing.B) {
	if os.Getenv("MODELTRIAL_BENCH_RUN") == "" {
		b.Skip("SKIPPED: set MODELTRIAL_BENCH_RUN=1, or run make bench-run")
	}
	const inFlight, latency = 64, 200 * time.Millisecond
	ideal := float64(inFlight) / latency.Seconds()
	var one float64
	for _, workers := range []int{0, 1, 2, 4} { // 0: one, on a file
		name := fmt.Sprintf("postgres/workers=%d", workers)
		if workers == 0 {
			name = "file/workers=1"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				calls := max(workers, 1) * 4000
				server := newBillingServer(b)
				server.latency = latency
				var more []string
				if workers > 0 {
					more = append(more, "db: "+storetest.NewServer(b).Address)
				}
				dir := benchWorkspace(b, server.URL, calls/2, more...)
				crew := &crew{t: b, dir: dir, server: server, concurrency: inFlight, quiet: true}
				before := busyTime(b)
				for range max(workers, 1) {
					crew.start()
				}
				for server.count() < calls {
					time.Sleep(50 * time.Millisecond)
				}
				busy := busyTime(b) - before
				crew.wait()
				slices.SortFunc(server.times, time.Time.Compare)
				// The first and the last twentieth are left out, in which not all are at work.
				times := server.times[calls/20 : calls-calls/20]
				rate := float64(len(times)) / times[len(times)-1].Sub(times[0]).Seconds()
				if workers == 1 {
					one = rate
				}
				var cpu time.Duration
				for _, w := range crew.workers {
					cpu += w.ProcessState.UserTime() + w.ProcessState.SystemTime()
				}
				b.ReportMetric(rate, "calls/s")
				b.ReportMetric(100*rate/(ideal*float64(max(workers, 1))), "%ideal")
				b.ReportMetric(float64(cpu.Microseconds())/1000/float64(calls), "worker-cpu-ms/call")
				b.ReportMetric(busy.Seconds()*1000/float64(calls), "machine-cpu-ms/call")
				b.ReportMetric(busy.Seconds()/server.times[len(server.times)-1].Sub(server.times[0]).Seconds(), "busy-cores")
				if workers > 0 && one > 0 {
					b.ReportMetric(rate/one, "×one")
				}
			}
		})
	}
}

func (s *billingServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers
}

// busyTime is how long the machine's cores have worked.
func busyTime(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		b.Skip("SKIPPED: there is no /proc/stat")
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var ticks int64
	for i, field := range strings.Fields(line)[1:] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		if i != 3 && i != 4 && i < 8 { // neither idle nor waiting for a disk; guests are in user time
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100
}
