package eval

import (
	"time"

	"modeltrial/audit"
)

// A ShownGuess is what a rater says when asked which answer is from the current model,
// in a rater's terms, who knows sides and not arms.
type ShownGuess string

// The guesses a rater can make.
const (
	GuessLeft    ShownGuess = "left"
	GuessRight   ShownGuess = "right"
	GuessUnknown ShownGuess = "unknown" // does not know
)

// Side gives the arm that the rater takes for the control, first being the arm that was
// shown on the left; [SideUnknown] where the rater does not know. ok is false for an
// unknown guess or side.
func (g ShownGuess) Side(first Side) (guess Side, ok bool) {
	if first != SideA && first != SideB {
		return "", false
	}
	switch g {
	case GuessLeft:
		return first, true
	case GuessRight:
		return first.Flipped(), true
	case GuessUnknown:
		return SideUnknown, true
	}
	return "", false
}

// A Guess is what a rater thought of who wrote the answers of a comparison, asked for
// after the verdict. It never counts in a win rate: it says whether the blinding held.
type Guess struct {
	TaskID    string
	Category  audit.Category // empty where not known
	Cluster   string         // empty: the task is its own cluster
	Week      int            // from 1; 0 where not known
	ArmA      string         // the control
	ArmB      string         // the candidate
	Rater     string
	Kind      RaterKind
	Simulated bool
	First     Side
	// Control is the arm that the rater takes for the control: [SideA] is right;
	// [SideUnknown] where the rater does not know.
	Control Side
	// Recognised says that the rater recognised a model, not only guessed.
	Recognised bool
	// Asked says that the site asked, on a comparison chosen at random; otherwise the
	// rater came forward, which those do who believe that they know.
	Asked     bool
	GuessedAt time.Time
}

// GuessOf begins the guess that belongs to a rating.
func GuessOf(r Rating) Guess {
	return Guess{
		TaskID: r.TaskID, Category: r.Category, Cluster: r.Cluster, Week: r.Week, ArmA: r.ArmA, ArmB: r.ArmB,
		Rater: r.Rater, Kind: r.Kind, Simulated: r.Simulated, First: r.First, Asked: true,
	}
}

// Flipped is the same guess with the arms exchanged.
func (g Guess) Flipped() Guess {
	g.ArmA, g.ArmB = g.ArmB, g.ArmA
	g.First, g.Control = g.First.Flipped(), g.Control.Flipped()
	return g
}

// A BlindingResult says whether raters could tell which answer was the control's, for
// one candidate or, with [AllCandidates], for all of them.
type BlindingResult struct {
	Control   string `json:"control"`
	Candidate string `json:"candidate"`
	// Guesses are those that raters were asked for; Correct named the control's answer.
	Guesses  int `json:"guesses"`
	Correct  int `json:"correct"`
	Wrong    int `json:"wrong"`
	DontKnow int `json:"dont_know"`
	Raters   int `json:"raters"`
	// Volunteered are guesses that raters made unasked, which count in no index, and
	// Recognised are those of both in which a rater recognised a model.
	Volunteered int `json:"volunteered"`
	Recognised  int `json:"recognised"`
	// Bang is Bang's index: the share of right guesses less that of wrong ones. 0 is
	// blind, 1 all right, −1 all wrong. Its interval counts a rater's guesses, and those
	// of a cluster of tasks, as dependent.
	Bang *Interval `json:"bang_index"`
	// BangControlFirst and BangCandidateFirst are the same where that arm was shown
	// first: far apart where raters guess by the place.
	BangControlFirst   *Interval `json:"bang_index_control_first"`
	BangCandidateFirst *Interval `json:"bang_index_candidate_first"`
	// James is James' index over both orders: 1 where nobody knows, ½ where guesses are
	// random, 0 where all are right.
	James   *Interval     `json:"james_index"`
	Finding BlindingState `json:"finding"`
	Summary string        `json:"summary"` // in a sentence
	// WhyMissing says for each null field, by its JSON name, why.
	WhyMissing map[string]string `json:"why_missing"`
}

// AllCandidates stands for the candidate of a result over all of them.
const AllCandidates = "all"

// BlindingState is what guesses say of the blinding.
type BlindingState string

// The states.
const (
	BlindingHeld    BlindingState = "held"    // Bang's index is shown to be small
	BlindingBroken  BlindingState = "broken"  // raters could tell
	BlindingUnclear BlindingState = "unclear" // neither is shown
	BlindingUnknown BlindingState = "unknown" // too few guesses
)
