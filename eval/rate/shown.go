package rate

import (
	"crypto/sha256"
	"encoding/binary"
	"html/template"
	"math"
	"strconv"

	"modeltrial/eval"
	"modeltrial/eval/blind"
)

// This file holds what the site and the terminal must do alike: a rater who changes
// from one to the other sees the same answers with the same names hidden, and is asked
// the same questions.

// Clean takes out of a text what is no text: invalid UTF-8, control characters,
// terminal sequences, and what nobody sees, such as the marks that turn the direction
// of writing around.
func Clean(text string) string { return clean(text) }

// ShownAnswers are the two answers of a presentation as raters see them, the left one
// first: Markdown rendered in the few elements of the site's pages, without links,
// images and styles, and the names by which they give themselves away hidden.
func ShownAnswers(masker *blind.Masker, p eval.Presentation) []template.HTML {
	answers := answerTexts([]string{clean(p.Left), clean(p.Right)})
	return hideNames(masker, eval.TaskText(p.System, p.Conversation, p.Prompt), answers)
}

// AsksGuess says whether the rater of a presentation is asked for a guess, where share
// of them are (0 to 1). The id is random, so that those asked for are a random part,
// whatever the answers are, and the same on every device.
func AsksGuess(presentationID string, share float64) bool {
	sum := sha256.Sum256([]byte(presentationID))
	return float64(binary.BigEndian.Uint64(sum[:8]))/math.MaxUint64 < share
}

// TimeLeft says how long the open comparisons will take at the median seconds of the
// rater's ratings; empty where none is known.
func TimeLeft(open int, medianSeconds float64) string {
	switch left := float64(open) * medianSeconds; {
	case !(left > 0) || math.IsInf(left, 0):
		return ""
	case left < 60:
		return "less than a minute left"
	default:
		return "about " + strconv.Itoa(int(math.Ceil(left/60))) + " min left"
	}
}

// ActiveSeconds is how long a rating took, in whole milliseconds; nil where the time
// cannot be believed: a screen left open overnight says nothing about it.
func ActiveSeconds(seconds float64) *float64 {
	if !(seconds > 0 && seconds <= maxSeconds) {
		return nil
	}
	rounded := math.Round(seconds*1000) / 1000
	return &rounded
}
