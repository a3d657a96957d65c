package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modeltrial/eval"
)

// leaseTime is how long a week stays taken after a run was killed; it is renewed
// several times within.
const leaseTime = 90 * time.Second

// A LeaseStore gives each week to one run at a time. Package store satisfies it.
type LeaseStore interface {
	// TakeLease gives a week until a time, under a name that others are told. It returns
	// an [*eval.LeaseError] where another run holds it, unless gone says of its name that
	// it has ended.
	TakeLease(ctx context.Context, week int, holder string, gone func(holder string) bool, now, until time.Time) (token string, err error)
	// RenewLease holds the week for longer; eval.ErrClaimed where another run took it.
	RenewLease(ctx context.Context, week int, token string, until time.Time) error
	// EndLease gives the week back.
	EndLease(ctx context.Context, week int, token string) error
}

// Hold runs a function while it holds a week. Where another run holds it that is an
// [*eval.LeaseError], unless gone, which may be nil, says of its holder that it has
// ended. A lease that is not renewed, as on a machine that sleeps, may be
// taken by another run: then the function's context ends, and the error says so.
func Hold(ctx context.Context, store LeaseStore, week int, holder string, gone func(holder string) bool, do func(context.Context) error) error {
	now := time.Now()
	token, err := store.TakeLease(ctx, week, holder, gone, now, now.Add(leaseTime))
	if err != nil {
		return err
	}
	held, lose := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		for sleep(held, leaseTime/3) == nil {
			// Where it fails for another reason than that, it is tried again.
			if err := store.RenewLease(held, week, token, time.Now().Add(leaseTime)); errors.Is(err, eval.ErrClaimed) {
				lose(fmt.Errorf("another run has taken over, since this one did not renew its lease in time: %w", err))
				return
			}
		}
	}()
	err = do(held)
	lost := context.Cause(held)
	lose(nil)
	<-renewed
	if errors.Is(lost, eval.ErrClaimed) {
		return errors.Join(lost, err)
	}
	return errors.Join(err, store.EndLease(context.WithoutCancel(ctx), week, token))
}
