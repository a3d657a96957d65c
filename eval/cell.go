package eval

import "modeltrial/audit"

// A Cell is one answer that a pilot owes: a task of a batch under an arm. It is one call,
// but for pipelines and repeats.
type Cell struct {
	TaskID   string
	Category audit.Category
	Arm      string
	Week     int
	// Repeat and Step, both from 1, name the call of a step of a pipeline or of a repeat
	// after the first; both are 0 where the one call is the whole answer.
	Repeat int
	Step   int
}

// A FailedCall is an attempt at a cell that gave no answer.
type FailedCall struct {
	Reason string
	Lost   audit.NanoUSD // what it may have cost, at worst
	// NotSent says that the call was reserved and then not made.
	NotSent bool
	// Final says that the provider refused this very request, so that the same one
	// again would be refused too.
	Final bool
}
