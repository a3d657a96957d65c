package store

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
)

func guesses(t testing.TB, s *Store) []eval.Guess {
	t.Helper()
	var all []eval.Guess
	must(t, s.EachGuess(t.Context(), 0, func(g eval.Guess) error {
		all = append(all, g)
		return nil
	}))
	return all
}

func TestGuessesComeAfterTheVerdict(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann, ben := addRater(t, s, "ann"), addRater(t, s, "ben")
	shown := next(t, s, ann)
	if err := s.AddGuess(t.Context(), ann, shown.ID, eval.GuessLeft, false, true, testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("a guess before the verdict: %v, want not found", err)
	}
	must(t, s.AddVerdict(t.Context(), ann, shown.ID, eval.RightBetter, nil, "", testTime))
	if err := s.AddGuess(t.Context(), ben, shown.ID, eval.GuessLeft, false, true, testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("a guess on another's comparison: %v, want not found", err)
	}
	if err := s.AddGuess(t.Context(), ann, shown.ID, "perhaps", false, true, testTime); err == nil {
		t.Error("an unknown guess was taken")
	}
	for _, g := range []struct {
		guess      eval.ShownGuess
		recognised bool
		rows       int
	}{{eval.GuessRight, false, 1}, {eval.GuessRight, false, 1}, {eval.GuessLeft, true, 2}} {
		must(t, s.AddGuess(t.Context(), ann, shown.ID, g.guess, g.recognised, true, testTime))
		if rows := count(t, s, `SELECT count(*) FROM guesses`); rows != g.rows {
			t.Errorf("%d rows after %v, want %d", rows, g.guess, g.rows)
		}
	}
	rating := ratings(t, s)[0]
	want := eval.GuessOf(rating)
	want.Control, want.Recognised, want.GuessedAt = eval.SideA, true, testTime // the control was on the left
	if diff := cmp.Diff([]eval.Guess{want}, guesses(t, s)); diff != "" {
		t.Errorf("guesses that count (-want +got):\n%s", diff)
	}
	data, err := s.Dataset(t.Context(), 0)
	if must(t, err); len(data.Guesses) != 1 || len(data.Ratings) != 1 || data.Ratings[0].Verdict != eval.PrefersB {
		t.Errorf("got %d guesses and %+v, want one, and the verdict as it was", len(data.Guesses), data.Ratings)
	}
	for _, statement := range []string{`UPDATE guesses SET control = 'b'`, `DELETE FROM guesses`} {
		_, err := s.writer.Exec(statement)
		wantError(t, err, "append-only")
	}
}

// TestGuessOutlivesAChangedVerdict: who changes a verdict has not forgotten what they
// took the answers for.
func TestGuessOutlivesAChangedVerdict(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	shown := next(t, s, ann)
	must(t, s.AddVerdict(t.Context(), ann, shown.ID, eval.LeftBetter, nil, "", testTime))
	must(t, s.AddGuess(t.Context(), ann, shown.ID, eval.GuessUnknown, false, true, testTime))
	must(t, s.AddVerdict(t.Context(), ann, shown.ID, eval.RightBetter, nil, "", testTime))
	if got := guesses(t, s); len(got) != 1 || got[0].Control != eval.SideUnknown {
		t.Errorf("got %+v, want the guess", got)
	}
}

// TestGuessesAreImportedOnce, also where the file names the arms the other way round.
func TestGuessesAreImportedOnce(t *testing.T) {
	s := newAnswered(t, 1, 1)
	rating := eval.Rating{TaskID: "coding-000", ArmA: "next", ArmB: "now", Rater: "eve", Kind: eval.Human, Verdict: eval.PrefersA, Score: 0, First: eval.SideB}
	given := eval.GuessOf(rating)
	given.Control = eval.SideB // which is now, the control
	for range 2 {
		must(t, s.ImportRatings(t.Context(), "ratings.csv", testTime, func(take func(eval.Rating) (bool, error), guess func(eval.Guess) error) (ImportedFile, error) {
			if _, err := take(rating); err != nil {
				return ImportedFile{}, err
			}
			return ImportedFile{Path: "ratings.csv", Format: "csv"}, guess(given)
		}))
	}
	got := guesses(t, s)
	if len(got) != 1 || got[0].ArmA != "now" || got[0].Control != eval.SideA || got[0].First != eval.SideA || !got[0].Asked || count(t, s, `SELECT count(*) FROM guesses`) != 1 {
		t.Errorf("got %+v, want one right guess", got)
	}
}
