package eval

import "errors"

// The errors that callers match with errors.Is.
var (
	// ErrNotFound is returned where the thing asked for is not stored.
	ErrNotFound = errors.New("not found")
	// ErrBudgetExhausted is returned where a call's worst case would exceed the
	// protocol's budget or the run's cap.
	ErrBudgetExhausted = errors.New("budget exhausted")
	// ErrClaimed is returned where another run works on the same cell.
	ErrClaimed = errors.New("claimed by another run")
	// ErrExpired is returned for a rater's link that is past its date or revoked.
	ErrExpired = errors.New("link expired")
)
