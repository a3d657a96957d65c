package eval

import (
	"strings"

	"modeltrial/audit"
)

// A ShownVerdict is a verdict in a rater's terms, who knows sides and not arms.
type ShownVerdict string

// The verdicts a rater can give.
const (
	LeftMuchBetter  ShownVerdict = "much_left"
	LeftBetter      ShownVerdict = "left"
	RightBetter     ShownVerdict = "right"
	RightMuchBetter ShownVerdict = "much_right"
	ShownTie        ShownVerdict = "tie"
	ShownBad        ShownVerdict = "both_bad"
)

// Verdict turns what was said of sides into what it says of arms, first being
// the arm that was shown on the left. ok is false for an unknown verdict or
// side.
func (v ShownVerdict) Verdict(first Side) (verdict Verdict, ok bool) {
	if first != SideA && first != SideB {
		return "", false
	}
	switch v {
	case ShownTie:
		return Tie, true
	case ShownBad:
		return BothBad, true
	case LeftBetter:
		verdict = PrefersA
	case LeftMuchBetter:
		verdict = MuchPrefersA
	case RightBetter:
		verdict = PrefersB
	case RightMuchBetter:
		verdict = MuchPrefersB
	default:
		return "", false
	}
	if first == SideB {
		verdict = verdict.Flipped()
	}
	return verdict, true
}

// ShownAs is the verdict in the terms of a rater to whom the given arm was shown on the
// left: what [ShownVerdict.Verdict] was made of. It is empty for an unknown verdict or side.
func ShownAs(verdict Verdict, first Side) ShownVerdict {
	for _, shown := range []ShownVerdict{LeftMuchBetter, LeftBetter, ShownTie, RightBetter, RightMuchBetter, ShownBad} {
		if of, ok := shown.Verdict(first); ok && of == verdict {
			return shown
		}
	}
	return ""
}

// TaskText is all that a rater sees of a task: the words that it uses itself tell nothing
// of an arm, and stay readable in the answers.
func TaskText(system string, turns []audit.Message, prompt string) string {
	parts := []string{system}
	for _, turn := range turns {
		parts = append(parts, turn.Content)
	}
	return strings.Join(append(parts, prompt), "\n")
}
