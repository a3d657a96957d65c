package run

import (
	"strings"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A PlannedCall is what a call of an arm will be asked, as it is planned before anything
// is sent.
type PlannedCall struct {
	// Expected and WorstCase are the task as the call will probably be asked it, and at
	// worst. They are the same but for steps after the first, into which answers go that
	// nobody knows yet.
	Expected, WorstCase audit.Task
}

// PlanCalls are the calls of one answer of an arm to a task, in the order of [eval.Arm.Calls]. An answer that goes into
// a later step is taken to be as long as the step before would probably give, and at
// worst four characters for each token allowed, which is what texts of all kinds have
// on average; the call itself sets the worst case of the text that it really got aside.
func PlanCalls(task audit.Task, arm eval.Arm) ([]PlannedCall, error) {
	calls := arm.Calls()
	planned := make([]PlannedCall, len(calls))
	var probable, longest []string
	for i, call := range calls {
		expected, err := arm.StepTask(task, i+1, probable)
		if err != nil {
			return nil, err
		}
		worst, err := arm.StepTask(task, i+1, longest)
		if err != nil {
			return nil, err
		}
		planned[i] = PlannedCall{Expected: expected, WorstCase: worst}
		if i == len(calls)-1 {
			break // its answer goes into no call
		}
		probable = append(probable, strings.Repeat("x", int(expectedOutput(task, call)*BytesPerToken)))
		longest = append(longest, strings.Repeat("x", int(call.Parameters.MaxOutput()*BytesPerToken)))
	}
	return planned, nil
}
