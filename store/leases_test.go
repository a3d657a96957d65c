package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"modeltrial/eval"
)

func TestLease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	s, other := openTest(t, path), openTest(t, path)
	until := testTime.Add(time.Minute)
	first, err := s.TakeLease(t.Context(), 1, "laptop, process 7", nil, testTime, until)
	must(t, err)
	_, err = other.TakeLease(t.Context(), 1, "server, process 9", nil, until.Add(-time.Microsecond), until.Add(time.Minute))
	held, ok := errors.AsType[*eval.LeaseError](err)
	if !ok || held.Holder != "laptop, process 7" || held.Week != 1 || !held.Until.Equal(until) {
		t.Fatalf("got %v, want who holds week 1 and until when", err)
	}
	second, err := other.TakeLease(t.Context(), 2, "server, process 9", nil, testTime, until) // another week is free
	must(t, err)
	must(t, s.RenewLease(t.Context(), 1, first, until.Add(time.Minute)))
	if leases, err := other.Leases(t.Context(), until); err != nil || len(leases) != 1 || leases[0].Week != 1 || leases[0].Holder != "laptop, process 7" {
		t.Errorf("leases %+v, %v, want that of week 1, which was renewed", leases, err)
	}
	// The lease of week 2 ran out. It can be renewed until somebody else has taken it.
	must(t, other.RenewLease(t.Context(), 2, second, until.Add(2*time.Minute)))
	third, err := s.TakeLease(t.Context(), 2, "laptop, process 7", nil, until.Add(2*time.Minute), until.Add(3*time.Minute))
	must(t, err)
	if err := other.RenewLease(t.Context(), 2, second, until.Add(time.Hour)); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("renewing a lost lease: got %v, want eval.ErrClaimed", err)
	}
	must(t, other.EndLease(t.Context(), 2, second)) // no longer its own
	if _, err := other.TakeLease(t.Context(), 2, "server", nil, until.Add(2*time.Minute), until.Add(time.Hour)); err == nil {
		t.Error("a week that another run has taken was given back by the one that lost it")
	}
	must(t, s.EndLease(t.Context(), 2, third))
	_, err = other.TakeLease(t.Context(), 2, "server", nil, until.Add(2*time.Minute), until.Add(time.Hour))
	must(t, err)
}

// TestALeaseOfAKilledRunCountsNoMore: its calls may have been billed, and can be made
// again at once.
func TestALeaseOfAKilledRunCountsNoMore(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	cells := openCells(t, s)
	until := testTime.Add(time.Hour)
	_, err := s.TakeLease(t.Context(), 1, "killed", nil, testTime, until)
	must(t, err)
	must(t, s.Reserve(t.Context(), cells[0], 40, 100, testTime, until))
	must(t, s.Reserve(t.Context(), cells[1], 7, 100, testTime, until))
	must(t, s.SaveResponse(t.Context(), cells[1], measured(5), 0, testTime))
	batch := eval.ProviderBatch{ID: "b", Provider: "files", Model: "atlas"}
	in, _, err := s.BeginProviderBatch(t.Context(), batch, []eval.BatchItem{{Cell: cells[2]}}, 100, testTime)
	if err != nil || len(in) != 1 {
		t.Fatalf("%d calls are in the batch, %v, want 1", len(in), err)
	}
	gone := func(holder string) bool { return holder == "killed" }
	_, err = s.TakeLease(t.Context(), 1, "next", gone, testTime, until)
	must(t, err)
	if err := s.Reserve(t.Context(), cells[2], 0, 100, testTime, until); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("a call of a batch that the provider works on: got %v, want eval.ErrClaimed", err)
	}
	if committed, err := s.Committed(t.Context()); err != nil || committed != 45 {
		t.Errorf("committed is %v, %v, want 5 spent and 40 lost", committed, err)
	}
	if err := s.Reserve(t.Context(), cells[0], 56, 100, testTime, until); !errors.Is(err, eval.ErrBudgetExhausted) {
		t.Errorf("with 5 spent and 40 lost of 100: got %v, want eval.ErrBudgetExhausted", err)
	}
	must(t, s.Reserve(t.Context(), cells[0], 55, 100, testTime, until))
	if _, err := s.TakeLease(t.Context(), 1, "third", gone, testTime, until); err == nil {
		t.Error("a run that is at work lost its week")
	}
	if err := s.Reserve(t.Context(), cells[0], 0, 100, testTime, until); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("got %v, want the claim of the run that is at work", err)
	}
}
