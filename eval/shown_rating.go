package eval

// A ShownRating is all that a rater says of a presentation at once.
type ShownRating struct {
	Verdict ShownVerdict
	Seconds *float64 // from showing to the verdict; nil where not known
	Note    string
	Tags    []string // of the protocol's, without repeats
	Grades  []ShownGrade
}

// SkipReason says why a rater did not want to rate a comparison.
type SkipReason string

// The reasons.
const (
	SkipKnowledge SkipReason = "knowledge" // the rater does not know the subject
	SkipUnclear   SkipReason = "unclear"   // the task cannot be understood
	SkipDisplay   SkipReason = "display"   // an answer is not shown as it should be
	SkipOther     SkipReason = "other"
)

// Known says whether the reason is one of those above.
func (r SkipReason) Known() bool {
	switch r {
	case SkipKnowledge, SkipUnclear, SkipDisplay, SkipOther:
		return true
	}
	return false
}

// A Skip counts how often a rater did not want to rate, for a reason.
type Skip struct {
	Rater  string     `db:"rater" json:"rater"`
	Reason SkipReason `db:"reason" json:"reason"`
	Count  int        `db:"count" json:"count"`
}

// A TagCount says how often raters gave a tag with a verdict on two arms.
type TagCount struct {
	Tag     string  `db:"tag" json:"tag"`
	ArmA    string  `db:"arm_a" json:"control"`
	ArmB    string  `db:"arm_b" json:"candidate"`
	Verdict Verdict `db:"verdict" json:"verdict"`
	Count   int     `db:"count" json:"count"`
}
