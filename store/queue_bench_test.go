package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"modeltrial/eval"
)

// BenchmarkRate has 200 raters at once do what the site does for each rating: find the
// rater by the link, store the verdict, draw and read the next comparison, and count how
// far the rater is. The queue has 1,500 comparisons with any number of ratings, so that
// it never ends; the benchmark's p99 is of all these steps together.
func BenchmarkRate(b *testing.B) {
	s := newAnswered(b, 500, 1_000)
	raters := make([]eval.Rater, callers)
	hashes := make([]string, callers)
	shown := make([]eval.Presentation, callers)
	for i := range raters {
		hashes[i] = fmt.Sprint("hash ", i)
		must(b, s.Invite(b.Context(), []Invitation{{fmt.Sprint("rater ", i), hashes[i]}}, testTime.AddDate(1, 0, 0), testTime))
		rater, err := s.RaterByTokenHash(b.Context(), hashes[i], testTime)
		must(b, err)
		raters[i] = rater
		shown[i] = next(b, s, rater)
	}
	eachAtOnce(b, callers, func(worker, _ int) error { return rateOnce(b.Context(), s, hashes[worker], &shown[worker]) })
}

// rateOnce is one rating and what comes with it.
func rateOnce(ctx context.Context, s *Store, hash string, shown *eval.Presentation) error {
	rater, err := s.RaterByTokenHash(ctx, hash, testTime)
	if err != nil {
		return err
	}
	if err := s.AddVerdict(ctx, rater, shown.ID, eval.LeftBetter, new(31.5), "", testTime); err != nil {
		return err
	}
	if *shown, err = s.NextPresentation(ctx, rater, controlFirst, testTime); err != nil {
		return err
	}
	done, open, _, err := s.Progress(ctx, rater)
	if err == nil && (done == 0 || open == 0) {
		err = errors.New("no progress")
	}
	return err
}
