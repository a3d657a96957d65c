package exchange

import (
	"fmt"
	"strconv"
	"strings"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

// notKnown is how a file says that a rater was asked and did not know.
const notKnown = "unknown"

// readGuess reads which arm the rater of a row took for the control (a, b or unknown),
// and whether a model was recognised; guessed is false where the row says neither.
func readGuess(row *ingest.Row, rating eval.Rating) (guess eval.Guess, guessed bool, err error) {
	guess = eval.GuessOf(rating)
	if guess.Recognised, err = readBool(row, "recognised"); err != nil {
		return guess, false, err
	}
	if row.Has("guess_asked") {
		if guess.Asked, err = readBool(row, "guess_asked"); err != nil {
			return guess, false, err
		}
	}
	if !row.Has("guess") {
		guess.Asked = false // nothing was answered
		return guess, guess.Recognised, nil
	}
	text := strings.ToLower(strings.TrimSpace(row.Get("guess")))
	side, known := parseSide(text)
	switch {
	case known:
		guess.Control = side
	case text == notKnown || separators.Replace(strings.ReplaceAll(text, "'", "")) == "dont_know":
	default:
		return guess, false, row.Reject("guess", fmt.Sprintf("%q is no guess", shorten(row.Get("guess"))),
			"say which arm the rater took for the current model: a, b or unknown; or leave it empty")
	}
	return guess, true, nil
}

// A guessKey is what tells the rating that a guess belongs to.
type guessKey struct {
	task, armA, armB, rater string
	first                   eval.Side
}

func byRating(guesses []eval.Guess) map[guessKey]eval.Guess {
	by := make(map[guessKey]eval.Guess, len(guesses))
	for _, g := range guesses {
		by[guessKey{g.TaskID, g.ArmA, g.ArmB, g.Rater, g.First}] = g
	}
	return by
}

// guessCells are the cells of the guess, empty where the rating has no guess. One that
// was not asked for and says nothing but that a model was recognised has no guess.
func guessCells(r eval.Rating, guesses map[guessKey]eval.Guess) []string {
	g, ok := guesses[guessKey{r.TaskID, r.ArmA, r.ArmB, r.Rater, r.First}]
	if !ok {
		return []string{"", "", ""}
	}
	guess := string(g.Control)
	if g.Control == eval.SideUnknown {
		guess = notKnown
	}
	return []string{guess, strconv.FormatBool(g.Recognised), strconv.FormatBool(g.Asked)}
}
