package eval

import (
	"math"

	"modeltrial/audit"
)

// RaterChecks say how people who rate are tried, without their knowing which of what
// they see tries them. Shares are of a rater's own comparisons: 0.05 is five for every
// hundred. What is rated there never counts as evidence for an arm.
type RaterChecks struct {
	RepeatShare   float64    `yaml:"repeat_share" json:"repeat_share,omitempty"`     // shown again as it was: test–retest
	SwappedShare  float64    `yaml:"swapped_share" json:"swapped_share,omitempty"`   // with the sides exchanged: position bias
	SentinelShare float64    `yaml:"sentinel_share" json:"sentinel_share,omitempty"` // with a known answer
	Sentinels     []Sentinel `yaml:"sentinels" json:"sentinels,omitempty"`
}

// Expected is how many ratings people will give besides those of comparisons, where they
// give so many of these: an upper figure, since the first comparisons have nothing to be
// repeated yet. Nobody sees a sentinel twice.
func (c *RaterChecks) Expected(ratings, raters int) int {
	if c == nil {
		return 0
	}
	sentinels := min(c.SentinelShare*float64(ratings), float64(raters*len(c.Sentinels)))
	return int(math.Round((c.RepeatShare+c.SwappedShare)*float64(ratings) + sentinels))
}

// A Sentinel is a comparison of which everybody should prefer the same answer.
type Sentinel struct {
	Name   string `yaml:"name" json:"name"`
	Prompt string `yaml:"prompt" json:"prompt"`
	Better string `yaml:"better" json:"better"`
	Worse  string `yaml:"worse" json:"worse"`
}

// RaterRule says which people's ratings are left out. None of it looks at which arm they
// prefer, so that leaving them out favours none. A threshold that is nil does not apply.
type RaterRule struct {
	MinRepeatsSame    *float64 `yaml:"min_repeats_same" json:"min_repeats_same,omitempty"`       // share of repeats with the same verdict
	MinSwappedSame    *float64 `yaml:"min_swapped_same" json:"min_swapped_same,omitempty"`       // of swapped ones, the same answer
	MinSentinelsRight *float64 `yaml:"min_sentinels_right" json:"min_sentinels_right,omitempty"` // of sentinels
	MaxFastShare      *float64 `yaml:"max_fast_share" json:"max_fast_share,omitempty"`           // of ratings in under a third of the usual time
	MaxSamePlace      *float64 `yaml:"max_same_place" json:"max_same_place,omitempty"`           // of verdicts that are the same button
	// Fewest is how many repeats, sentinels or ratings a threshold needs to apply; 0
	// stands for 5 repeats or sentinels and 20 ratings.
	Fewest int `yaml:"fewest" json:"fewest,omitempty"`
}

// RaterCheckKind is how a presentation tries a rater.
type RaterCheckKind string

// The kinds.
const (
	RepeatCheck   RaterCheckKind = "repeat"
	SwappedCheck  RaterCheckKind = "swapped"
	SentinelCheck RaterCheckKind = "sentinel"
)

// A RaterCheckRating is a person's verdict on a presentation that tries the person.
type RaterCheckRating struct {
	Rater     string
	Simulated bool
	Kind      RaterCheckKind
	Week      int // of the comparison that is shown again or, for a sentinel, of the one shown before it; 0 where not known
	Category  audit.Category
	Verdict   Verdict // of a sentinel arm a is the better answer
	First     Side
	Seconds   *float64
	// Before and BeforeFirst are the verdict on the same comparison that counts, and how
	// it was shown; empty for a sentinel.
	Before      Verdict
	BeforeFirst Side
}

// A CheckResult is how a rater did on one kind of check.
type CheckResult struct {
	Shown int `json:"shown"` // and rated
	Good  int `json:"good"`  // same verdict, same answer, or right
	// Share is Good of Shown with the interval of Clopper and Pearson; nil where none
	// was shown.
	Share *Interval `json:"share"`
}

// RaterQuality is what tries of a rater and the rater's own verdicts tell of how
// carefully the person rated.
type RaterQuality struct {
	Repeats   CheckResult `json:"repeats"`
	Swapped   CheckResult `json:"swapped"`
	Sentinels CheckResult `json:"sentinels"`
	// FirstBoth and SecondBoth are swapped repeats in which the answer shown first, or
	// second, was preferred both times: the place decided and not the answer. PositionP
	// is the exact two-sided p-value that both are equally likely; nil without any.
	FirstBoth  int      `json:"first_both_times"`
	SecondBoth int      `json:"second_both_times"`
	PositionP  *float64 `json:"position_p_value"`
	// SamePlace is the largest share of verdicts that are the same button, and LongestRun
	// how many of them were given in a row; RunP is the chance of a run that long in
	// verdicts given in random order. Nil where the order of answers is not known.
	SamePlace  *float64 `json:"same_place_share"`
	LongestRun int      `json:"longest_run"`
	RunP       *float64 `json:"longest_run_p_value"`
}
