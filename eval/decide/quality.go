package decide

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// What shows in repeats, sentinels and runs. Like the other habits it leaves nobody out:
// that takes the protocol's rule.
const (
	unlikelyRun   = 0.001 // p-value of a run of the same button
	chanceSame    = 0.5   // a share of repeats under which a rater may as well guess
	fewestChecks  = 5     // under which neither shows, nor a threshold applies
	fewestRatings = 20    // the same for ratings
)

// quality is how a person did where tried, and what the person's own verdicts tell. The
// checks are those of the rater, the ratings in the order of the data.
func quality(ratings []rated, checks []eval.RaterCheckRating) (*eval.RaterQuality, error) {
	q := &eval.RaterQuality{}
	for _, check := range checks {
		score, _ := check.Verdict.Score()
		before, _ := check.Before.Score()
		of, good := &q.Sentinels, score == 0
		switch check.Kind {
		case eval.RepeatCheck:
			of, good = &q.Repeats, score == before
		case eval.SwappedCheck:
			of, good = &q.Swapped, score == before
			if score+before == 1 && score != before { // the answers changed places, the preference did not
				if (score == 1) == (check.First == eval.SideB) {
					q.FirstBoth++
				} else {
					q.SecondBoth++
				}
			}
		}
		of.Shown++
		if good {
			of.Good++
		}
	}
	for _, result := range []*eval.CheckResult{&q.Repeats, &q.Swapped, &q.Sentinels} {
		if result.Shown == 0 {
			continue
		}
		low, high, err := stats.ClopperPearson(result.Good, result.Shown, eval.Level)
		if err != nil {
			return nil, err
		}
		share := float64(result.Good) / float64(result.Shown)
		se := math.Sqrt(share * (1 - share) / float64(result.Shown))
		result.Share = &eval.Interval{Estimate: share, StandardError: se, Low: low, High: high, Level: eval.Level}
	}
	if q.FirstBoth+q.SecondBoth > 0 {
		test, err := stats.McNemar(q.FirstBoth, q.SecondBoth)
		if err != nil {
			return nil, err
		}
		q.PositionP = &test.Exact
	}
	return q, straightLining(q, ratings)
}

// straightLining fills in how often a person pressed the same button and how often in a
// row. How the verdicts follow each other is known where all have a time.
func straightLining(q *eval.RaterQuality, ratings []rated) error {
	known := filtered(ratings, func(r *rated) bool { return r.First != eval.SideUnknown || r.Score == 0.5 })
	if len(known) < fewestRatings {
		return nil
	}
	buttons := map[eval.ShownVerdict]int{}
	timed := true
	for i := range known {
		buttons[button(known[i])]++
		timed = timed && known[i].ratedAt != 0
	}
	most := slices.MaxFunc(slices.Sorted(maps.Keys(buttons)), func(x, y eval.ShownVerdict) int { return cmp.Compare(buttons[x], buttons[y]) })
	share := float64(buttons[most]) / float64(len(known))
	q.SamePlace = &share
	if !timed {
		return nil
	}
	inOrder := make([]int, len(known)) // places: a rating is large to move
	for i := range inOrder {
		inOrder[i] = i
	}
	slices.SortFunc(inOrder, func(x, y int) int { return cmp.Or(cmp.Compare(known[x].ratedAt, known[y].ratedAt), cmp.Compare(x, y)) })
	if known[inOrder[0]].ratedAt == known[inOrder[len(inOrder)-1]].ratedAt {
		return nil // given in one file at one moment
	}
	run, last := 0, eval.ShownVerdict("")
	var longestOf eval.ShownVerdict
	for _, i := range inOrder {
		pressed := button(known[i])
		if pressed != last {
			run, last = 0, pressed
		}
		if run++; run > q.LongestRun {
			q.LongestRun, longestOf = run, pressed
		}
	}
	p, err := stats.LongestRunTail(len(known), q.LongestRun, float64(buttons[longestOf])/float64(len(known)))
	if err != nil {
		return err
	}
	q.RunP = &p
	return nil
}

// button is what the rater pressed.
func button(r rated) eval.ShownVerdict {
	switch {
	case r.Verdict == eval.BothBad:
		return eval.ShownBad
	case r.Score == 0.5:
		return eval.ShownTie
	}
	left := (r.Score > 0.5) == (r.First == eval.SideB)
	much := r.Verdict == eval.MuchPrefersA || r.Verdict == eval.MuchPrefersB
	switch {
	case left && much:
		return eval.LeftMuchBetter
	case left:
		return eval.LeftBetter
	case much:
		return eval.RightMuchBetter
	}
	return eval.RightBetter
}

// qualityFlags say in words what is odd about a person's checks and runs.
func qualityFlags(q *eval.RaterQuality) []string {
	var flags []string
	for what, result := range map[string]eval.CheckResult{
		"gave the same verdict on only %d of %d repeats": q.Repeats, "preferred the same answer on only %d of %d swapped repeats": q.Swapped,
		"got only %d of %d sentinels right": q.Sentinels,
	} {
		if result.Shown >= fewestChecks && float64(result.Good) < chanceSame*float64(result.Shown) {
			flags = append(flags, fmt.Sprintf(what, result.Good, result.Shown))
		}
	}
	slices.Sort(flags)
	if q.PositionP != nil && *q.PositionP < positionRisk {
		place := "first"
		if q.SecondBoth > q.FirstBoth {
			place = "second"
		}
		flags = append(flags, fmt.Sprintf("preferred the answer shown %s both times in %d of %d swapped repeats", place, max(q.FirstBoth, q.SecondBoth), q.Swapped.Shown))
	}
	if q.RunP != nil && *q.RunP < unlikelyRun {
		flags = append(flags, fmt.Sprintf("pressed the same button %d times in a row", q.LongestRun))
	}
	return flags
}

// leftOut says by which threshold of the protocol's rule a person's ratings are left
// out; empty where they count.
func leftOut(r eval.RaterResult, rule eval.RaterRule) string {
	q := r.Quality
	if q == nil {
		return ""
	}
	for _, check := range []struct {
		what    string
		result  eval.CheckResult
		minimum *float64
	}{
		{"%d of %d repeats got the same verdict (%.0f%%), the protocol asks for %.0f%%", q.Repeats, rule.MinRepeatsSame},
		{"%d of %d swapped repeats got the same answer (%.0f%%), the protocol asks for %.0f%%", q.Swapped, rule.MinSwappedSame},
		{"%d of %d sentinels are right (%.0f%%), the protocol asks for %.0f%%", q.Sentinels, rule.MinSentinelsRight},
	} {
		if check.minimum == nil || check.result.Shown < cmp.Or(rule.Fewest, fewestChecks) {
			continue
		}
		if share := float64(check.result.Good) / float64(check.result.Shown); share < *check.minimum {
			return fmt.Sprintf(check.what, check.result.Good, check.result.Shown, 100*share, 100**check.minimum)
		}
	}
	for _, habit := range []struct {
		what           string
		share, maximum *float64
	}{
		{"%.0f%% of ratings took less than a third of the usual time, the protocol allows %.0f%%", r.FastShare, rule.MaxFastShare},
		{"%.0f%% of verdicts are the same button, the protocol allows %.0f%%", q.SamePlace, rule.MaxSamePlace},
	} {
		if habit.maximum == nil || habit.share == nil || r.Ratings < cmp.Or(rule.Fewest, fewestRatings) {
			continue
		}
		if *habit.share > *habit.maximum {
			return fmt.Sprintf(habit.what, 100**habit.share, 100**habit.maximum)
		}
	}
	return ""
}

// withoutExcluded applies the protocol's rule to the people who rated: it gives all of
// them with the reason of those who are left out, and the data without these, neither
// their ratings nor their guesses nor their edits. Nothing of
// the rule depends on which arm anybody preferred.
func (a *analyzer) withoutExcluded(data eval.Dataset) (eval.Dataset, []eval.RaterResult, error) {
	everyone, err := a.raters()
	if err != nil {
		return data, nil, err
	}
	out := map[string]bool{}
	for i := range everyone {
		r := &everyone[i]
		if r.Kind != eval.Human {
			continue
		}
		if r.Excluded = leftOut(*r, *data.Locked.Protocol.ExcludeRaters); r.Excluded != "" {
			out[r.Rater] = true
		}
	}
	if len(out) == 0 {
		return data, everyone, nil
	}
	data.Ratings = slices.DeleteFunc(slices.Clone(data.Ratings), func(r eval.Rating) bool { return r.Kind == eval.Human && out[r.Rater] })
	data.Guesses = slices.DeleteFunc(slices.Clone(data.Guesses), func(g eval.Guess) bool { return g.Kind == eval.Human && out[g.Rater] })
	data.PostEdits = slices.DeleteFunc(slices.Clone(data.PostEdits), func(e eval.PostEdit) bool { return out[e.Rater] })
	return data, everyone, nil
}

// ratedByThose counts for each comparison the people who rated it and do not count: those
// given, and those whom the analysis left out before.
func (a *analyzer) ratedByThose(out map[string]bool) map[shownPair]int {
	type by struct{ item, rater int32 }
	seen := map[by]bool{}
	counts := map[shownPair]int{}
	maps.Copy(counts, a.ratedBefore)
	for i := range a.ratings {
		r := &a.ratings[i]
		if at := (by{r.item, r.rater}); r.Kind == eval.Human && out[r.Rater] && !seen[at] {
			seen[at] = true
			counts[pairOf(a.names[r.task], r.ArmA, r.ArmB)]++
		}
	}
	return counts
}

// excludedWarnings name the people whose ratings are left out.
func excludedWarnings(raters []eval.RaterResult) []string {
	var warnings []string
	for _, r := range raters {
		if r.Excluded != "" {
			warnings = append(warnings, fmt.Sprintf("%s and %d ratings are left out by the protocol's rule: %s", r.Rater, r.Ratings, r.Excluded))
		}
	}
	return warnings
}
