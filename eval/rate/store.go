package rate

import (
	"context"
	"time"

	"modeltrial/eval"
)

// A raterStore knows who may come.
type raterStore interface {
	// RaterByTokenHash finds the rater of a link by the hexadecimal SHA-256 of
	// its token; eval.ErrNotFound or eval.ErrExpired.
	RaterByTokenHash(ctx context.Context, sha256 string, now time.Time) (eval.Rater, error)
}

// A Store keeps what a rating site needs. Package store satisfies it.
type Store interface {
	raterStore
	// NextPresentation gives the rater's next open comparison and stores how it is
	// shown before it is shown: the same one again if the last was not rated. Of
	// the open ones those with the fewest ratings come first. draw is given how
	// many of the rater's presentations in the category had the control first and
	// how many the candidate. eval.ErrNotFound when nothing is left.
	NextPresentation(ctx context.Context, rater eval.Rater, draw func(controlFirst, candidateFirst int) eval.Side, now time.Time) (eval.Presentation, error)
	// Presentation reads one presentation of this rater; eval.ErrNotFound for
	// another rater's, and for one that is not shown yet.
	Presentation(ctx context.Context, rater eval.Rater, id string) (eval.Presentation, error)
	// AssignAhead gives the comparison that the rater will get after the one that is shown
	// just now, and stores how it will be shown, without showing it. eval.ErrNotFound where
	// nothing is shown, or nothing is left.
	AssignAhead(ctx context.Context, rater eval.Rater, draw func(controlFirst, candidateFirst int) eval.Side, now time.Time) (eval.Presentation, error)
	// AddRating stores a rating durably before it returns. A second one of the same
	// presentation supersedes the first; the same one again changes nothing.
	// eval.ErrNotFound for a presentation that is not this rater's, or not shown yet.
	AddRating(ctx context.Context, rater eval.Rater, presentationID string, rating eval.ShownRating, now time.Time) error
	// RateAndNext is AddRating and then NextPresentation, both durable before it returns.
	// more is false where nothing is left; eval.ErrNotFound as for AddRating.
	RateAndNext(ctx context.Context, rater eval.Rater, presentationID string, rating eval.ShownRating, draw func(controlFirst, candidateFirst int) eval.Side, now time.Time) (next eval.Presentation, more bool, err error)
	// Skip stores durably that the rater does not want to rate a comparison, which does
	// not come again. eval.ErrNotFound for a presentation that is not this rater's, is not
	// shown yet, or is rated.
	Skip(ctx context.Context, rater eval.Rater, presentationID string, reason eval.SkipReason, now time.Time) error
	// AddGuess stores durably what the rater of a presentation guessed, and whether a
	// model was recognised; asked says that the site asked, on one chosen at random. A
	// later guess replaces it. eval.ErrNotFound for a presentation that is not this
	// rater's, or that is not rated yet.
	AddGuess(ctx context.Context, rater eval.Rater, presentationID string, guess eval.ShownGuess, recognised, asked bool, now time.Time) error
	// LastRated is the presentation the rater rated last; eval.ErrNotFound where
	// there is none.
	LastRated(ctx context.Context, rater eval.Rater) (eval.Presentation, error)
	// Progress counts the comparisons the rater has rated and those still open to
	// this rater, and gives the median seconds of a rating (0 where none).
	Progress(ctx context.Context, rater eval.Rater) (done, open int, medianSeconds float64, err error)
}

// An EditStore keeps what an editing site needs. Package store satisfies it.
type EditStore interface {
	raterStore
	// NextEdit gives the answer that the editor is to edit next and stores which it is
	// before it is shown: the same one again if the last was not sent, or if the new
	// answer has come that was asked for. draw is given how often each of the arms was
	// shown to the editor in the category, and gives the index of one. eval.ErrNotFound
	// when nothing is left.
	NextEdit(ctx context.Context, rater eval.Rater, draw func(shown []int) int, now time.Time) (eval.EditPresentation, error)
	// EditPresentation reads one answer shown to this editor; eval.ErrNotFound for
	// another's.
	EditPresentation(ctx context.Context, rater eval.Rater, id string) (eval.EditPresentation, error)
	// AddEdit stores durably what the editor made of an answer before it returns. A later
	// edit supersedes the earlier one; the same one again changes nothing.
	AddEdit(ctx context.Context, rater eval.Rater, presentationID string, made eval.EditMade, now time.Time) error
	// AskRevision stores durably that the editor sends an answer back; asking again while
	// a new answer is awaited changes nothing. eval.ErrNotFound for an answer that is not
	// this editor's, or is edited already.
	AskRevision(ctx context.Context, rater eval.Rater, presentationID string, asked eval.RevisionAsked, now time.Time) error
	// WaitingRevisions counts the new answers that the editor has asked for and not got.
	WaitingRevisions(ctx context.Context, rater eval.Rater) (int, error)
	// LastEdit is the answer that the editor sent last; eval.ErrNotFound where there is
	// none.
	LastEdit(ctx context.Context, rater eval.Rater) (eval.EditPresentation, error)
	// EditProgress counts the answers that the editor has edited and those still open to
	// this editor, and gives the median seconds of an edit (0 where none).
	EditProgress(ctx context.Context, rater eval.Rater) (done, open int, medianSeconds float64, err error)
}
