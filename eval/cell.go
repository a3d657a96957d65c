package eval

import "modeltrial/audit"

// A Cell is one call that a pilot owes: a task of a batch under an arm.
type Cell struct {
	TaskID   string
	Category audit.Category
	Arm      string
	Week     int
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
