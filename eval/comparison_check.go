package eval

import "modeltrial/audit"

// FlaggedRule says what becomes of a comparison with an answer that tells its arm
// although names are hidden.
type FlaggedRule string

// The rules. An empty one is RateFlagged.
const (
	RateFlagged    FlaggedRule = "rate"    // rated and counted like every other
	ExcludeFlagged FlaggedRule = "exclude" // neither shown nor counted
)

// An AnswerFlag is something in an answer by which a rater may know its arm, and which
// masking cannot mend.
type AnswerFlag struct {
	Side   Side   `json:"side"`
	Reason string `json:"reason"`
	Text   string `json:"text"` // the sentence or name, cut short
}

// A ComparisonCheck is what masking did to the answers of a comparison and could not do.
type ComparisonCheck struct {
	ComparisonID string         `json:"comparison_id"`
	TaskID       string         `json:"task_id"`
	Category     audit.Category `json:"category"`
	Week         int            `json:"week"`
	ArmA         string         `json:"arm_a"`
	ArmB         string         `json:"arm_b"`
	MasksA       int            `json:"masks_a"` // places hidden in the answer of arm a
	MasksB       int            `json:"masks_b"`
	Flags        []AnswerFlag   `json:"flags"`
	TraitsA      []string       `json:"traits_a"` // habits of formatting, which no mask hides
	TraitsB      []string       `json:"traits_b"`
	// Excluded says that the comparison is left out, by the rule on flagged answers.
	Excluded bool `json:"excluded"`
}

// FormattingResult says how often two arms have a habit of formatting, by which raters may
// come to tell them apart.
type FormattingResult struct {
	Control        string  `json:"control"`
	Candidate      string  `json:"candidate"`
	Trait          string  `json:"trait"`
	Comparisons    int     `json:"comparisons"`
	ControlShare   float64 `json:"control_share"` // of answers with the trait
	CandidateShare float64 `json:"candidate_share"`
	// Telling is in how many of the comparisons who knows the habit names the arms
	// rightly: half of those in which the answers do not differ, and the larger part of
	// those in which they do. 0.5 tells nothing.
	Telling float64 `json:"telling"`
	PValue  float64 `json:"p_value"` // exact McNemar test that both have it equally often
}

// MaskingResult says how often one arm's answers had something to hide: a mask hides a
// name and not that there was one.
type MaskingResult struct {
	Arm     string `json:"arm"`
	Answers int    `json:"answers"` // in comparisons
	Masked  int    `json:"masked"`
	Flagged int    `json:"flagged"`
}
