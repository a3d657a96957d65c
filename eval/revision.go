package eval

import "modeltrial/audit"

// A RevisionAsked is what an editor says who sends an answer back.
type RevisionAsked struct {
	Remark string
	// Seconds are those of reading the answer and writing the remark; nil where not
	// known. They count towards those of the edit.
	Seconds *float64
	Timing  EditTiming
}

// A Revision is a new answer that an editor asked for with a remark, to be given by the
// same arm.
type Revision struct {
	ID       string // opaque
	TaskID   string
	Category audit.Category
	Arm      string
	Week     int
	Answer   string // that was sent back
	Remark   string
}

// RevisionState is how far the last new answer is that was asked for.
type RevisionState string

// The states of a revision.
const (
	RevisionNone     RevisionState = ""
	RevisionOpen     RevisionState = "open"
	RevisionAnswered RevisionState = "answered"
	RevisionRefused  RevisionState = "refused" // there will be none; the answer before stands
)

// RevisionCounts tell how many new answers were asked for in a pilot.
type RevisionCounts struct {
	Open     int `db:"open" json:"open"`
	Answered int `db:"answered" json:"answered"`
	Refused  int `db:"refused" json:"refused"`
}
