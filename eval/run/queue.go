package run

import (
	"context"
	"iter"
	"time"

	"modeltrial/eval"
)

// A Job is an open call of a running pilot, as a [Queue] hands it out: an answer of an
// arm to a task, or where Comparison is set a judgement.
type Job struct {
	Lane       string    `json:"lane"` // its provider
	Cell       eval.Cell `json:"cell"` // of a judgement the arm is the judge, and the task that of the comparison
	Comparison string    `json:"comparison,omitempty"`
	First      eval.Side `json:"first,omitempty"` // of a judgement: the arm whose answer the judge is shown first
}

// Key names a job among those of a pilot.
func (j Job) Key() string {
	if j.Comparison != "" {
		return "judgement " + j.Comparison + " " + string(j.First) + " " + j.Cell.Arm
	}
	return "answer " + j.Cell.TaskID + " " + j.Cell.Arm
}

// An Ending is what came of a job. The zero Ending says that nothing is left to do.
type Ending struct {
	Open    bool          // the call is still to be made
	Wait    time.Duration // where it is open: until it is worth another try
	Attempt bool          // where it is open: a call was made and failed
	Budget  bool          // where it is open: the budget does not cover it now
	// Reason is what the last call failed with, or what keeps it open. A job that is not
	// open and has a reason is given up, until somebody asks for it again.
	Reason string
}

// Work is what a [Queue] has done, by any number of processes.
type Work struct {
	// Open gives the jobs that are open now, in the order in which they should be done;
	// jobs under way may be among them.
	Open func(ctx context.Context) iter.Seq2[Job, error]
	// Lanes are how many jobs of each provider this process may be given at once.
	Lanes map[string]int
	// Do does a job; attempts counts the calls for it that failed so far. It returns soon
	// after the context's end.
	Do func(ctx context.Context, job Job, attempts int) Ending
	// Longest is how long Do takes at most.
	Longest func(job Job) time.Duration
}

// A Queue gives the open calls of a pilot to all processes that work on it, each call to
// one at a time. A process that dies gives back what it was given. There are two:
// [LeaseQueue] for a database in a file, and that of package store for PostgreSQL.
type Queue interface {
	// Work does jobs until the context ends; then it takes no more and returns when
	// those under way have ended.
	Work(ctx context.Context, work Work) error
}
