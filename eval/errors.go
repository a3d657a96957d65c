package eval

import (
	"errors"
	"fmt"
	"time"
)

// The errors that callers match with errors.Is.
var (
	// ErrNotFound is returned where the thing asked for is not stored.
	ErrNotFound = errors.New("not found")
	// ErrBudgetExhausted is returned where a call's worst case would exceed the
	// protocol's budget or the run's cap.
	ErrBudgetExhausted = errors.New("budget exhausted")
	// ErrClaimed is returned where another run works on the same cell.
	ErrClaimed = errors.New("claimed by another run")
	// ErrAnswered is returned, as a kind of ErrClaimed, where what a call is for is
	// stored already.
	ErrAnswered = fmt.Errorf("answered already, or %w", ErrClaimed)
	// ErrExpired is returned for a rater's link that is past its date or revoked.
	ErrExpired = errors.New("link expired")
)

// BatchLease stands in the place of a week for handing in and collecting batches.
const BatchLease = 0

// WorkerLease stands there for working on all weeks, as workers do.
const WorkerLease = -1

// A LeaseError is returned where another run holds a week of the pilot, or its batches.
type LeaseError struct {
	Week   int
	Holder string
	Until  time.Time // where it is not renewed
}

// Error says who holds the week, and until when.
func (e *LeaseError) Error() string {
	until := e.Until.UTC().Format("15:04:05 MST")
	switch e.Week {
	case BatchLease:
		return fmt.Sprintf("batches are being handed in or collected by %s, which holds them until %s and renews that while it runs", e.Holder, until)
	case WorkerLease:
		return fmt.Sprintf("worker %s works on the pilot; it holds it until %s and renews that while it runs", e.Holder, until)
	}
	return fmt.Sprintf("week %d is being run by %s, which holds it until %s and renews that while it runs", e.Week, e.Holder, until)
}
