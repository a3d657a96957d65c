package exchange

import (
	"fmt"
	"strings"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

// readOutcome reads the score, or else the preference. Where a score counts, the
// verdict only says on which side of one half it lies; a preference that says the same
// tells a tie from both bad and much better from better. opposed reports that they name
// different arms.
func readOutcome(row *ingest.Row, scoreRange [2]float64, rating *eval.Rating) (opposed bool, err error) {
	verdict, known := preference(row.Get("preference"), rating.ArmA, rating.ArmB)
	if row.Has("score") {
		score, err := readScore(row, scoreRange)
		if err != nil {
			return false, err
		}
		rating.Score, rating.Verdict = score, verdictOf(score)
		shade, _ := verdict.Score()
		opposed = known && (shade-0.5)*(score-0.5) < 0
		if known && verdictOf(shade) == rating.Verdict {
			rating.Verdict = verdict
		}
		return opposed, nil
	}
	text := row.Get("preference")
	if strings.TrimSpace(text) == "" {
		return false, row.Reject("preference", "is empty, and there is no score", "write a, b, much_a, much_b, tie or both_bad")
	}
	if !known {
		remedy := "write a, b, much_a, much_b, tie or both_bad"
		if side := strings.ToLower(strings.TrimSpace(text)); side == "left" || side == "right" {
			remedy = "that is a side; write which arm was better: a or b"
		}
		return false, row.Reject("preference", fmt.Sprintf("%q is not a verdict", shorten(text)), remedy)
	}
	rating.Verdict = verdict
	rating.Score, _ = verdict.Score() // known above
	return false, nil
}

// separators are what divides the words of a verdict.
var separators = strings.NewReplacer(" ", "_", "-", "_")

// preference reads a verdict: a, b, much_a, much_b, tie, both_bad, 1 for a, 2 for b, or
// the name of one of the two arms.
func preference(text, armA, armB string) (verdict eval.Verdict, known bool) {
	text = strings.TrimSpace(text)
	word := separators.Replace(strings.ToLower(text))
	switch word {
	case "a", "1", "arm_a", "model_a":
		return eval.PrefersA, true
	case "b", "2", "arm_b", "model_b":
		return eval.PrefersB, true
	case "much_a", "a_much", "a_much_better", "a>>b":
		return eval.MuchPrefersA, true
	case "much_b", "b_much", "b_much_better", "b>>a", "a<<b":
		return eval.MuchPrefersB, true
	case "tie":
		return eval.Tie, true
	case "both_bad", "bothbad", "tie_(bothbad)", "tie_(both_bad)":
		return eval.BothBad, true
	}
	switch {
	case text != "" && text == armA:
		return eval.PrefersA, true
	case text != "" && text == armB:
		return eval.PrefersB, true
	}
	return "", false
}

// readScore maps a score linearly from its range to the share of the win that
// goes to arm b.
func readScore(row *ingest.Row, scoreRange [2]float64) (float64, error) {
	score, inside, err := parseScore(row.Get("score"), scoreRange)
	if err != nil {
		return 0, row.Reject("score", err.Error(), "give the share of the win that goes to arm_b")
	}
	if !inside {
		return 0, row.Reject("score", fmt.Sprintf("%s is outside %v to %v", shorten(row.Get("score")), scoreRange[0], scoreRange[1]),
			"say the file's scale with --score-range")
	}
	return score, nil
}

// parseScore is readScore for a text; inside reports whether it is in the range.
func parseScore(text string, scoreRange [2]float64) (score float64, inside bool, err error) {
	score, err = ingest.ParseNumber(text)
	if scoreRange != [2]float64{0, 1} {
		score = (score - scoreRange[0]) / (scoreRange[1] - scoreRange[0])
	}
	return score, score >= 0 && score <= 1, err
}

func verdictOf(score float64) eval.Verdict {
	switch {
	case score < 0.5:
		return eval.PrefersA
	case score > 0.5:
		return eval.PrefersB
	}
	return eval.Tie
}

// shorten keeps a quoted piece of somebody's input readable in a message.
func shorten(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
