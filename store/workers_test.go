package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/run"
)

// TestPlacesOfAProvider has two processes take places of a provider at once: never more
// than it allows, and those of a process that died come back.
func TestPlacesOfAProvider(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	stores := []*Store{openTest(t, path), openTest(t, path)}
	place := run.Place{Provider: "p", Concurrency: 5, Tokens: 100}
	var flying, most, calls atomic.Int64
	var group sync.WaitGroup
	for k := range 20 {
		group.Go(func() {
			s := stores[k%2]
			for range 10 {
				var id string
				for id == "" {
					now := time.Now()
					place := place
					place.Until = now.Add(time.Minute)
					var err error
					if id, _, err = s.TakePlace(t.Context(), place, now); err != nil {
						t.Error(err)
						return
					}
				}
				calls.Add(1)
				at := flying.Add(1)
				for before := most.Load(); at > before && !most.CompareAndSwap(before, at); before = most.Load() {
				}
				time.Sleep(time.Millisecond)
				flying.Add(-1)
				if err := s.LeavePlace(t.Context(), id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if calls.Load() != 200 || most.Load() > 5 || most.Load() < 2 {
		t.Errorf("%d calls, %d at once at most; want 200 and 5", calls.Load(), most.Load())
	}
	now := time.Now()
	for k := range 5 {
		place.Until = now.Add(time.Hour)
		place.Worker = map[bool]string{true: "dead"}[k == 0]
		if id, _, err := stores[0].TakePlace(t.Context(), place, now); err != nil || id == "" {
			t.Fatalf("no place, %v", err)
		}
	}
	place.Worker = ""
	if id, wait, err := stores[1].TakePlace(t.Context(), place, now); err != nil || id != "" || wait <= 0 {
		t.Errorf("a sixth place %q after %v, %v", id, wait, err)
	}
	if err := stores[0].SeeWorker(t.Context(), eval.WorkerProcess{ID: "dead", SeenAt: now}); err != nil {
		t.Fatal(err)
	}
	if id, _, err := stores[1].TakePlace(t.Context(), place, now.Add(eval.WorkerLost/2)); err != nil || id != "" {
		t.Errorf("a place %q of a worker that is silent for a moment, %v", id, err)
	}
	if id, _, err := stores[1].TakePlace(t.Context(), place, now.Add(2*eval.WorkerLost)); err != nil || id == "" {
		t.Errorf("no place after a worker that held them was lost, %v", err)
	}
	if id, _, err := stores[1].TakePlace(t.Context(), place, now.Add(2*time.Hour)); err != nil || id == "" {
		t.Errorf("no place after those of a dead process have ended, %v", err)
	}
}

// TestPaceOfAProvider books requests and tokens a minute: evenly, and no more in any
// minute than the limit and what may come at once.
func TestPaceOfAProvider(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "modeltrial.db"))
	start := time.Now()
	book := func(place run.Place, calls int) (times []time.Duration) {
		now := start
		for len(times) < calls {
			id, wait, err := s.TakePlace(t.Context(), place, now)
			if err != nil {
				t.Fatal(err)
			}
			if id == "" {
				if wait < longestBooking/2 {
					t.Fatalf("to ask again after %v is too early", wait)
				}
				now = now.Add(wait)
				continue
			}
			times = append(times, now.Add(wait).Sub(start))
		}
		return times
	}
	times := book(run.Place{Provider: "requests", RequestsPerMinute: 120}, 20)
	for i, at := range times {
		if want := time.Duration(i) * time.Second / 2; (at - want).Abs() > time.Millisecond {
			t.Errorf("request %d at %v, want %v", i, at, want)
		}
	}
	// 6,000 a minute, of which 1,000 at once: ten calls of 200 at once make 2,000.
	times = book(run.Place{Provider: "tokens", TokensPerMinute: 6000, Tokens: 200}, 12)
	for i, at := range times {
		want := max(0, time.Duration(i*200-1000)*time.Minute/6000)
		if (at - want).Abs() > time.Millisecond {
			t.Errorf("call %d at %v, want %v", i, at, want)
		}
	}
	if id, wait, err := s.TakePlace(t.Context(), run.Place{Provider: "free"}, start); err != nil || id == "" || wait != 0 {
		t.Errorf("a provider without limits gives %q after %v, %v", id, wait, err)
	}
}

func TestWorkersAreSeen(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "modeltrial.db"))
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	first := eval.WorkerProcess{ID: "a", Process: "host, process 1", Version: "v1", StartedAt: now.Add(-time.Hour), SeenAt: now, Answered: 10, Rated: 2, Failed: 1, PerMinute: 4.5}
	second := eval.WorkerProcess{ID: "b", Process: "host, process 2", StartedAt: now.Add(-time.Minute), SeenAt: now.Add(-time.Minute)}
	gone := eval.WorkerProcess{ID: "c", StartedAt: now.Add(-50 * time.Hour), SeenAt: now.Add(-30 * time.Hour)}
	for _, w := range []eval.WorkerProcess{first, second, gone} {
		if err := s.SeeWorker(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	first.Answered, first.SeenAt, first.Draining = 20, now.Add(time.Second), true
	if err := s.SeeWorker(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	got, err := s.Workers(t.Context(), now)
	if err != nil || len(got) != 2 || got[0] != first || got[1] != second {
		t.Fatalf("got %+v, %v", got, err)
	}
	if got[0].Lost(now) || !got[1].Lost(now) {
		t.Error("the first worker is at work, the second is lost")
	}
	if err := s.EndWorker(t.Context(), "a", now); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Workers(t.Context(), now); err != nil || len(got) != 1 || got[0].ID != "b" {
		t.Errorf("got %+v, %v after one has ended", got, err)
	}
}

func TestWaitingCalls(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 2, 1)
	cells := openCells(t, s)
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for i, cell := range cells[:3] {
		call := eval.WaitingCall{Job: fmt.Sprint("job ", i), TaskID: cell.TaskID, Arm: cell.Arm, Week: cell.Week, Reason: "no such thing", FailedAt: now}
		if err := s.KeepWaiting(t.Context(), call); err != nil {
			t.Fatal(err)
		}
	}
	answer := eval.Response{Text: "came by itself", Origin: eval.Measured}
	if err := s.SaveResponse(t.Context(), cells[0], answer, 0, now); err != nil {
		t.Fatal(err)
	}
	waiting, err := s.WaitingCalls(t.Context())
	if err != nil || len(waiting) != 2 || waiting[0].Reason != "no such thing" || !waiting[0].FailedAt.Equal(now) {
		t.Fatalf("got %+v, %v, want the two that are still open", waiting, err)
	}
	if n, err := s.Retry(t.Context(), "nobody", 0); err != nil || n != 0 {
		t.Errorf("%d calls of nobody, %v", n, err)
	}
	if n, err := s.Retry(t.Context(), waiting[0].Arm, waiting[0].Week); err != nil || n == 0 {
		t.Errorf("%d calls, %v", n, err)
	}
	if _, err := s.Retry(t.Context(), "", 0); err != nil {
		t.Fatal(err)
	}
	if waiting, err := s.WaitingCalls(t.Context()); err != nil || len(waiting) != 0 {
		t.Errorf("%+v still wait, %v", waiting, err)
	}
}

// TestWorkersKeepTheirClaims has a run find the claims of a dead one while workers are at
// it: theirs may be among them.
func TestWorkersKeepTheirClaims(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	cells := openCells(t, s)
	now := time.Now()
	if err := s.Reserve(t.Context(), cells[0], 10, 100, now, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	take := func() error {
		token, err := s.TakeLease(t.Context(), cells[0].Week, "dead", func(string) bool { return true }, now, now.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.EndLease(context.Background(), cells[0].Week, token) }() // the next one takes it
		token, err = s.TakeLease(t.Context(), cells[0].Week, "next", func(string) bool { return true }, now, now.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.EndLease(t.Context(), cells[0].Week, token); err != nil {
			t.Fatal(err)
		}
		return s.Reserve(t.Context(), cells[0], 10, 100, now, now.Add(time.Hour))
	}
	worker := eval.WorkerProcess{ID: "w", SeenAt: now, StartedAt: now}
	if err := s.SeeWorker(t.Context(), worker); err != nil {
		t.Fatal(err)
	}
	if err := take(); err == nil {
		t.Error("a call of a worker that is at it was claimed by another")
	}
	if err := s.EndWorker(t.Context(), "w", now); err != nil {
		t.Fatal(err)
	}
	if err := take(); err != nil {
		t.Errorf("the call of the dead run is not free: %v", err)
	}
}

// TestTheClaimsOfALostWorker: its calls are free at once, and what they may have cost
// counts for good; those that a run may have claimed meanwhile are not touched.
func TestTheClaimsOfALostWorker(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	cells := openCells(t, s)
	now := time.Now()
	for _, cell := range cells[:2] {
		must(t, s.Reserve(t.Context(), cell, 10, 100, now, now.Add(time.Hour)))
	}
	token, err := s.TakeLease(t.Context(), cells[0].Week, "a run", nil, now, now.Add(time.Minute))
	must(t, err)
	must(t, s.abandonJobs(t.Context(), []run.Job{{Cell: cells[0]}}, now))
	if err := s.Reserve(t.Context(), cells[0], 10, 100, now, now.Add(time.Hour)); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("got %v while a run holds the week, want eval.ErrClaimed", err)
	}
	must(t, s.EndLease(t.Context(), cells[0].Week, token))
	must(t, s.abandonJobs(t.Context(), []run.Job{{Cell: cells[0]}}, now))
	if committed, err := s.Committed(t.Context()); err != nil || committed != 20 {
		t.Errorf("%v are committed, %v; want the 10 that are lost and the 10 that are set aside", committed, err)
	}
	must(t, s.Reserve(t.Context(), cells[0], 10, 100, now, now.Add(time.Hour)))
	if err := s.Reserve(t.Context(), cells[1], 10, 100, now, now.Add(time.Hour)); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("got %v for another's call, want eval.ErrClaimed", err)
	}
}
