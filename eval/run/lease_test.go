package run

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"modeltrial/eval"
)

// leases is a LeaseStore of one week.
type leases struct {
	mu      sync.Mutex
	token   string
	until   time.Time
	renewed int
}

func (l *leases) TakeLease(_ context.Context, week int, holder string, _ func(string) bool, now, until time.Time) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.until) {
		return "", &eval.LeaseError{Week: week, Holder: l.token, Until: l.until}
	}
	l.token, l.until = holder, until
	return holder, nil
}

func (l *leases) RenewLease(_ context.Context, _ int, token string, until time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token != token {
		return eval.ErrClaimed
	}
	l.until = until
	l.renewed++
	return nil
}

func (l *leases) EndLease(_ context.Context, _ int, token string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token == token {
		l.until = time.Time{}
	}
	return nil
}

func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &leases{}
		failure := errors.New("a failure of its own")
		err := Hold(t.Context(), l, 1, "first", nil, func(ctx context.Context) error {
			if err := sleep(ctx, time.Hour); err != nil {
				t.Errorf("the run was ended: %v", err)
			}
			err := Hold(ctx, l, 1, "second", nil, func(context.Context) error {
				t.Error("two runs hold the week")
				return nil
			})
			if held, ok := errors.AsType[*eval.LeaseError](err); !ok || held.Holder != "first" || held.Until.Before(time.Now()) {
				t.Errorf("the second run got %v, want who holds the week and until when", err)
			}
			return failure
		})
		if !errors.Is(err, failure) {
			t.Errorf("got %v, want the run's own error", err)
		}
		// It was given back.
		if err := Hold(t.Context(), l, 1, "third", nil, func(context.Context) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}

func TestHoldEndsARunThatLostItsWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &leases{}
		err := Hold(t.Context(), l, 1, "sleeper", nil, func(ctx context.Context) error {
			l.mu.Lock()
			l.token, l.until = "other", time.Now().Add(time.Hour) // while the machine slept
			l.mu.Unlock()
			return sleep(ctx, time.Hour)
		})
		if !errors.Is(err, eval.ErrClaimed) {
			t.Errorf("got %v, want eval.ErrClaimed", err)
		}
		if l.token != "other" || l.until.IsZero() {
			t.Error("the other run's lease was ended")
		}
	})
}
