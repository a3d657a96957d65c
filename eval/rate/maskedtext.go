package rate

import (
	"regexp"
	"strings"

	"modeltrial/eval/blind"
)

// A maskedText is a text in which names are hidden, as an editor gets it.
type maskedText struct {
	shown string
	names []string // that stand behind the masks of shown, in order
}

// maskPattern finds the mask in a text, also where its explanation was cut off.
var maskPattern = func() *regexp.Regexp {
	bar, note, _ := strings.Cut(blind.Hidden, " ")
	return regexp.MustCompile(regexp.QuoteMeta(bar) + "(?: " + regexp.QuoteMeta(note) + ")?")
}()

// maskTexts hides the names in versions of an answer to a task, as in answers that are
// shown. The texts must be valid UTF-8.
func maskTexts(masker *blind.Masker, task string, texts ...string) []maskedText {
	// In pieces of one character each it is plain which of them a mask stands for.
	pieces := make([][]string, len(texts))
	for i, text := range texts {
		pieces[i] = strings.Split(text, "")
	}
	masked := make([]maskedText, len(texts))
	for i, shown := range masker.Mask(task, pieces...) {
		masked[i].shown = strings.Join(shown, "")
		if maskPattern.MatchString(texts[i]) {
			continue // what looks like a mask is the answer's own
		}
		for k, piece := range shown {
			switch piece {
			case blind.Hidden:
				masked[i].names = append(masked[i].names, pieces[i][k])
			case "": // a name goes on
				masked[i].names[len(masked[i].names)-1] += pieces[i][k]
			}
		}
	}
	return masked
}

// restore puts the names back behind the masks that an editor left in a text. Where some
// are gone, a mask is that of the shown text with the same words before or after it.
func (m maskedText) restore(edited string) string {
	if len(m.names) == 0 {
		return edited
	}
	theirs, ours := maskPattern.FindAllStringIndex(edited, -1), maskPattern.FindAllStringIndex(m.shown, -1)
	if len(ours) != len(m.names) {
		return edited
	}
	var b strings.Builder
	at, next := 0, 0
	for i, place := range theirs {
		match := i
		if len(theirs) != len(ours) {
			match = m.closest(ours, next, edited, place)
		}
		next = min(match+1, len(ours)-1)
		b.WriteString(edited[at:place[0]])
		b.WriteString(m.names[match])
		at = place[1]
	}
	return b.String() + edited[at:]
}

// closest is the mask from a place on that stands where the editor's does.
func (m maskedText) closest(ours [][]int, from int, edited string, place []int) int {
	before, after := neighbours(edited, place)
	best, most := from, 0
	for i := from; i < len(ours); i++ {
		b, a := neighbours(m.shown, ours[i])
		same := 0
		if a == after {
			same++
		}
		if b == before {
			same++
		}
		if same > most {
			best, most = i, same
		}
	}
	return best
}

// neighbours are the words on both sides of a place.
func neighbours(text string, place []int) (before, after string) {
	// Far enough for a word on each side, so that a long text is not read for each mask.
	const near = 200
	if fields := strings.Fields(text[max(place[0]-near, 0):place[0]]); len(fields) > 0 {
		before = fields[len(fields)-1]
	}
	if fields := strings.Fields(text[place[1]:min(place[1]+near, len(text))]); len(fields) > 0 {
		after = fields[0]
	}
	return before, after
}
