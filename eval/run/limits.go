package run

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// A Place is that of one call among all that a provider may be sent.
type Place struct {
	Provider          string
	Worker            string    // the process that calls: where it dies, its places are free again
	RequestsPerMinute int       // 0: no limit, as for the next two
	TokensPerMinute   int       // of requests and answers
	Concurrency       int       // calls in flight
	Tokens            int64     // that the call will probably take
	Until             time.Time // when it ends at the latest
}

// limited says whether the provider has a limit.
func (p Place) limited() bool {
	return p.RequestsPerMinute > 0 || p.TokensPerMinute > 0 || p.Concurrency > 0
}

// A LimitStore holds the limits of providers over all processes that call them. Package
// store satisfies it.
type LimitStore interface {
	// TakePlace books a place, which may be used after the wait, and gives its id; empty
	// where there is none, and wait is when to ask again.
	TakePlace(ctx context.Context, place Place, now time.Time) (id string, wait time.Duration, err error)
	// LeavePlace gives a place back when its call has ended.
	LeavePlace(ctx context.Context, id string) error
}

// take waits for a place among those of all processes and gives its id.
func take(ctx context.Context, limits LimitStore, place Place) (id string, err error) {
	for {
		id, wait, err := limits.TakePlace(ctx, place, time.Now())
		if err != nil {
			return "", fmt.Errorf("limits of provider %q: %w", place.Provider, err)
		}
		if id == "" {
			wait += rand.N(wait/2 + time.Millisecond) // so that not all ask at once
		}
		if err := sleep(ctx, wait); err != nil {
			leave(limits, id)
			return "", err
		}
		if id != "" {
			return id, nil
		}
	}
}

// leave gives a place back. Where that fails it ends by itself.
func leave(limits LimitStore, id string) {
	if id == "" {
		return
	}
	if err := limits.LeavePlace(context.Background(), id); err != nil {
		slog.Warn("a call's place was not given back", "error", err)
	}
}
