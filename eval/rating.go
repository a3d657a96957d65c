package eval

import (
	"time"

	"modeltrial/audit"
)

// A Verdict is what a rater says of a comparison's two arms: arm a is the
// control where there is one, arm b the candidate.
type Verdict string

// The verdicts. Both bad counts as a tie and is reported by itself too.
const (
	MuchPrefersA Verdict = "much_a"
	PrefersA     Verdict = "a"
	PrefersB     Verdict = "b"
	MuchPrefersB Verdict = "much_b"
	Tie          Verdict = "tie"
	BothBad      Verdict = "both_bad"
)

// Score is the share of the win that goes to arm b: 0, 0.5 or 1. Much better counts
// as better. ok is false for an unknown verdict, which is never guessed to be a tie.
func (v Verdict) Score() (score float64, ok bool) {
	switch v {
	case PrefersA, MuchPrefersA:
		return 0, true
	case PrefersB, MuchPrefersB:
		return 1, true
	case Tie, BothBad:
		return 0.5, true
	}
	return 0, false
}

// Graded is the score with much better as a whole win and better as half of one: 0,
// 0.25, 0.5, 0.75 or 1. ok is false for an unknown verdict.
func (v Verdict) Graded() (score float64, ok bool) {
	score, ok = v.Score()
	if v == PrefersA || v == PrefersB {
		score = 0.5 + (score-0.5)/2
	}
	return score, ok
}

// Flipped is the same verdict with the arms exchanged.
func (v Verdict) Flipped() Verdict {
	switch v {
	case PrefersA:
		return PrefersB
	case PrefersB:
		return PrefersA
	case MuchPrefersA:
		return MuchPrefersB
	case MuchPrefersB:
		return MuchPrefersA
	}
	return v
}

// RaterKind is what a rater is.
type RaterKind string

// The kinds of rater.
const (
	Human RaterKind = "human"
	Judge RaterKind = "judge"
	Check RaterKind = "check"
)

// Side says which answer of a comparison was shown first (left).
type Side string

// The sides, and the empty one for not known.
const (
	SideA       Side = "a"
	SideB       Side = "b"
	SideUnknown Side = ""
)

// Flipped is the other side; what is not known stays so.
func (s Side) Flipped() Side {
	switch s {
	case SideA:
		return SideB
	case SideB:
		return SideA
	}
	return s
}

// A Rater is a person, a judge model or a check.
type Rater struct {
	ID        int64
	Name      string
	Kind      RaterKind
	Simulated bool // made up for a demonstration: labelled wherever it counts
}

// A Rating is one rater's verdict on one comparison, joined with what analysis
// needs of the comparison. Ratings are append-only: of several by the same
// rater on the same comparison and presentation the last counts.
type Rating struct {
	TaskID    string
	Category  audit.Category // empty where not known
	Cluster   string         // empty: the task is its own cluster
	Week      int            // from 1; 0 where not known
	ArmA      string         // the control
	ArmB      string         // the candidate
	Rater     string
	Kind      RaterKind
	Simulated bool
	Verdict   Verdict // empty where only a score was given
	Score     float64 // share that goes to ArmB, 0 to 1
	First     Side
	Seconds   *float64
	RatedAt   time.Time
	Note      string
	Tags      []string // why, in the protocol's words; in order
	Grades    []Grade  // by the rubric's criteria, in order of criterion and arm
}

// A Comparison is one task with two arms' responses, under an opaque id.
type Comparison struct {
	ID       string // opaque and random: says nothing of arms
	TaskID   string
	Category audit.Category
	Week     int
	ArmA     string
	ArmB     string
}

// A Presentation is a comparison as one rater sees it; it is stored before it
// is shown. It carries no arm: Left and Right are only texts.
type Presentation struct {
	ID           string // opaque and random; the only id a browser sees
	ComparisonID string
	TaskID       string
	Category     audit.Category // whose rubric is the rater's
	Rater        string
	First        Side // which arm is on the left
	System       string
	Conversation []audit.Message
	Prompt       string
	Left         string
	Right        string
	ShownAt      time.Time // zero: assigned, not shown yet
	// Last is what the rater said of it last; nil unless it is shown to be changed.
	Last *ShownRating
}

// Flipped is the same rating with the arms exchanged.
func (r Rating) Flipped() Rating {
	r.ArmA, r.ArmB = r.ArmB, r.ArmA
	r.Score = 1 - r.Score
	r.Verdict = r.Verdict.Flipped()
	r.First = r.First.Flipped()
	r.Grades = FlippedGrades(r.Grades)
	return r
}
