package rate

import (
	"net/http"

	"modeltrial/eval"
)

// A skipButton says why a rater does not want to rate.
type skipButton struct {
	Value eval.SkipReason
	Label string
}

var skipButtons = []skipButton{
	{eval.SkipKnowledge, "I don’t know the subject"},
	{eval.SkipUnclear, "The task is unclear"},
	{eval.SkipDisplay, "An answer is not shown properly"},
	{eval.SkipOther, "Another reason"},
}

// skip stores why the rater does not want to rate, and goes on. The form is that of the
// verdict.
func (s *site) skip(w http.ResponseWriter, r *http.Request, rater eval.Rater, reason eval.SkipReason) {
	if !reason.Known() {
		s.notSaved(w, r, http.StatusBadRequest, "No reason was chosen.")
		return
	}
	if err := s.store.Skip(r.Context(), rater, r.PostForm.Get("id"), reason, s.now().UTC()); err != nil {
		s.notStored(w, r, err)
		return
	}
	s.goOn(w, r, rater, "/")
}
