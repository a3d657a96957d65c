package rate

import (
	"net/http"

	"modeltrial/eval"
)

// pause tells a rater how to go on, here or elsewhere. A comparison that is not shown
// takes no time.
func (s *site) pause(w http.ResponseWriter, r *http.Request, _ eval.Rater) {
	s.message(w, r, http.StatusOK, message{
		Title: "Paused",
		Text:  "Everything you have sent is saved.",
		Next:  "Go on here, or open your link on another device: you find the place where you stopped.",
		Href:  "/", Label: s.words.label, Key: "p",
	})
}
