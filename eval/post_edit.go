package eval

import (
	"time"

	"modeltrial/audit"
)

// EditOutcome is how the editing of an answer ended.
type EditOutcome string

// The outcomes.
const (
	Edited      EditOutcome = "done"     // the text could be sent; also where nothing was changed
	Unusable    EditOutcome = "unusable" // nothing of the answer was worth keeping
	EditSkipped EditOutcome = "skipped"  // the editor cannot say; it says nothing of the answer
)

// EditTiming says what the seconds of an edit are.
type EditTiming string

// The timings.
const (
	TimedActive  EditTiming = "active"  // seconds of work: the text in view, and touched a short while ago
	TimedElapsed EditTiming = "elapsed" // from showing to sending, pauses included
	NotTimed     EditTiming = ""
)

// A PostEdit is what a person made of one arm's answer, shown without its name, so that
// it could be sent. Edits are append-only: of several by one person of one answer the
// last counts, with the seconds of those before.
type PostEdit struct {
	TaskID   string
	Category audit.Category // empty where not known
	Cluster  string         // empty: the task is its own cluster
	Week     int            // from 1; 0 where not known
	Arm      string
	Rater    string
	Outcome  EditOutcome
	// Seconds are what the editing took, counted as Timing says; nil where not known.
	Seconds *float64
	Timing  EditTiming
	// WordsBefore and WordsAfter count the words of the answer and of the edited text;
	// nil where the text is not known.
	WordsBefore, WordsAfter *int
	// WordsKept is the share of words kept, as [WordChange.Kept]; nil where not known.
	// Of an unusable answer it is 0.
	WordsKept *float64
	// Rounds counts the new answers that were asked for with a remark.
	Rounds   int
	EditedAt time.Time
	// Text is the edited text; empty in a [Dataset], and where only its words were counted.
	Text string
}

// PostEditing is what editing says of a use case's two arms.
type PostEditing struct {
	Control   ArmEditing `json:"control"`
	Candidate ArmEditing `json:"candidate"`
	// WordsKept is the candidate's mean share of words kept less the control's, tasks
	// counting equally.
	WordsKept *Interval `json:"words_kept_difference"`
}

// ArmEditing is what people made of one arm's answers. A mean counts each task once and
// is nil where nothing is known of it.
type ArmEditing struct {
	Edits    int `json:"edits"` // unusable answers included
	Tasks    int `json:"tasks"`
	Raters   int `json:"raters"`
	Unusable int `json:"unusable"`
	// Timed are the edits whose active seconds are known: those of the ratio.
	Timed   int      `json:"timed"`
	Seconds *float64 `json:"seconds_mean"`
	// WordsKept is the mean share of words kept; the edited-word share is 1 less it.
	WordsKept *float64 `json:"words_kept"`
	// Unchanged is the share of answers that could be sent as they came.
	Unchanged *float64 `json:"unchanged_share"`
	Rounds    *float64 `json:"revision_rounds_mean"`
}
