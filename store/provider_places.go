package store

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/run"
)

const (
	// placePause is when to ask again where a provider has as many calls in flight as it
	// allows.
	placePause = 50 * time.Millisecond
	// longestBooking is how far ahead a place is booked; what comes later asks again, so
	// that a process that dies leaves no long gap.
	longestBooking = 2 * time.Second
)

// TakePlace books a place among the calls that a provider allows all processes together:
// so many in flight, and so many requests and tokens a minute, evenly spaced, of the
// tokens a sixth of a minute's at once (the generic cell rate algorithm; ITU-T I.371,
// annex A). It gives the place's id, and how long to wait before it is used; an empty id
// where there is none, and when to ask again. The clocks of the processes' machines must
// agree to a second or so.
func (s *Store) TakePlace(ctx context.Context, place run.Place, now time.Time) (id string, wait time.Duration, err error) {
	err = s.writeTogether(ctx, func(tx *transaction) error {
		id, wait = "", placePause
		if place.Concurrency > 0 {
			var flying int
			err := tx.GetContext(ctx, &flying, `
SELECT count(*) FROM provider_places p WHERE p.provider = ? AND p.until > ?
    AND NOT EXISTS (SELECT 1 FROM workers w WHERE w.id = p.worker AND w.seen_at < ?)`,
				place.Provider, now.UnixMicro(), now.Add(-eval.WorkerLost).UnixMicro())
			if err != nil {
				return err
			}
			if flying >= place.Concurrency {
				return nil
			}
		}
		var booked bool
		if booked, wait, err = pace(ctx, tx, place, now); err != nil || !booked {
			return err
		}
		id = rand.Text()
		if place.Concurrency == 0 {
			return nil
		}
		// Those of processes that died go with a later call of a live one.
		_, err := tx.ExecContext(ctx, `DELETE FROM provider_places WHERE provider = ? AND until <= ?`, place.Provider, now.UnixMicro())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO provider_places (id, provider, worker, until) VALUES (?, ?, ?, ?)`, id, place.Provider, place.Worker, place.Until.Add(wait).UnixMicro())
		return err
	})
	return id, wait, err
}

// pace books the requests and tokens of a call. wait is until the call may be made, or
// where it is too early to book, until then.
func pace(ctx context.Context, tx *transaction, place run.Place, now time.Time) (booked bool, wait time.Duration, err error) {
	if place.RequestsPerMinute == 0 && place.TokensPerMinute == 0 {
		return true, 0, nil
	}
	var due struct {
		Requests int64 `db:"requests_at"`
		Tokens   int64 `db:"tokens_at"`
	}
	err = tx.GetContext(ctx, &due, `SELECT requests_at, tokens_at FROM provider_paces WHERE provider = ?`, place.Provider)
	if err != nil && !errors.Is(notFound(err), eval.ErrNotFound) {
		return false, 0, err
	}
	at := now
	requests, tokens := latest(now, due.Requests), latest(now, due.Tokens)
	if place.RequestsPerMinute > 0 {
		at = requests
		requests = requests.Add(time.Minute / time.Duration(place.RequestsPerMinute))
	}
	if place.TokensPerMinute > 0 {
		if begin := tokens.Add(-time.Minute / run.TokenBurst); begin.After(at) {
			at = begin
		}
		tokens = tokens.Add(time.Duration(place.Tokens) * time.Minute / time.Duration(place.TokensPerMinute))
	}
	if wait = at.Sub(now); wait > longestBooking {
		return false, wait - longestBooking/2, nil
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO provider_paces (provider, requests_at, tokens_at) VALUES (?, ?, ?)
ON CONFLICT (provider) DO UPDATE SET requests_at = excluded.requests_at, tokens_at = excluded.tokens_at`,
		place.Provider, requests.UnixMicro(), tokens.UnixMicro())
	return true, wait, err
}

// latest is the later of a time and stored microseconds.
func latest(now time.Time, at int64) time.Time {
	if then := time.UnixMicro(at); then.After(now) {
		return then
	}
	return now
}

// LeavePlace gives a place back when its call has ended.
func (s *Store) LeavePlace(ctx context.Context, id string) error {
	return s.writeTogether(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM provider_places WHERE id = ?`, id)
		return err
	})
}
