package rate

import (
	"net/http"

	"modeltrial/eval"
)

// A guessButton answers the question which answer is from the current model.
type guessButton struct {
	Value eval.ShownGuess
	Label string
	Key   string
	Arrow string
}

// guessButtons have the arrows of the verdicts of the same side.
var guessButtons = []guessButton{
	{Value: eval.GuessLeft, Label: "Answer 1", Key: "1", Arrow: "←"},
	{Value: eval.GuessUnknown, Label: "I don't know", Key: "2", Arrow: "↓"},
	{Value: eval.GuessRight, Label: "Answer 2", Key: "3", Arrow: "→"},
}

// asks says whether the rater of a presentation is asked for a guess.
func (s *site) asks(id string) bool { return AsksGuess(id, s.askGuess) }

// guessPath is where raters are asked for a guess.
const guessPath = "/guess"

// guessPage asks which answer of the comparison rated last is from the current model.
// There is no way to be asked about one before it is rated.
func (s *site) guessPage(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	s.showLast(w, r, rater, askedGuess, takeSaved(w, r))
}

// guess stores what the rater guessed and goes on to the next comparison.
func (s *site) guess(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	if !readForm(r, func(status int, text string) { s.notSaved(w, r, status, text) }) {
		return
	}
	guess := eval.ShownGuess(r.PostForm.Get("guess"))
	if _, ok := guess.Side(eval.SideA); !ok {
		s.notSaved(w, r, http.StatusBadRequest, "No answer was chosen.")
		return
	}
	id := r.PostForm.Get("id")
	if err := s.store.AddGuess(r.Context(), rater, id, guess, r.PostForm.Get("recognised") == "1", s.asks(id), s.now().UTC()); err != nil {
		s.notStored(w, r, err)
		return
	}
	s.goOn(w, r, rater, "/")
}
