package decide

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// Reprice gives the dataset as it would be at the prices of another day: the cost of each
// call times what its tokens cost at its model's price of that day over what they cost
// at the price of the day of the call, so that what a provider charges beside its list
// stays in it. An answer of a pipeline costs what its steps do. price finds the price of a
// call (see [eval.Arm.Calls]) on a day. An answer without tokens, steps or a price on
// both days keeps its cost; the sentences returned say of which arms.
func Reprice(data eval.Dataset, price func(call eval.Arm, day time.Time) (audit.Price, bool), day time.Time) (eval.Dataset, []string) {
	if data.Locked == nil {
		return data, nil
	}
	steps := stepsOfAnswers(data.Steps)
	kept, answers := map[string]int{}, map[string]int{}
	data.Responses = slices.Clone(data.Responses)
	for i := range data.Responses {
		response := &data.Responses[i]
		if response.Cost == nil {
			continue
		}
		answers[response.Arm]++
		arm, _ := data.Locked.Protocol.Arm(response.Arm)
		paid := []paidCall{{arm, response.Cost, response.Tokens, response.At}}
		if arm.Pipeline() {
			paid = paidSteps(arm, steps[taskOfArm{ofArm{response.Category, response.Arm}, response.TaskID}])
		}
		cost, ok := repriced(paid, price, day)
		if !ok {
			kept[response.Arm]++
			continue
		}
		response.Cost = &cost
	}
	var notes []string
	for _, arm := range slices.Sorted(maps.Keys(kept)) {
		notes = append(notes, fmt.Sprintf("%s: %d of %d answers keep their cost: their tokens, or the price of its model then or now, are not known", arm, kept[arm], answers[arm]))
	}
	return data, notes
}

// stepsOfAnswers are the calls of each first answer, in order.
func stepsOfAnswers(rows []eval.StepRow) map[taskOfArm][]*eval.StepRow {
	steps := map[taskOfArm][]*eval.StepRow{}
	for i := range rows {
		if row := &rows[i]; row.Repeat == 1 {
			at := taskOfArm{ofArm{row.Category, row.Arm}, row.TaskID}
			steps[at] = append(steps[at], row)
		}
	}
	return steps
}

// A paidCall is what a call of an arm used and cost, and when.
type paidCall struct {
	call   eval.Arm
	cost   *audit.NanoUSD
	tokens audit.Tokens
	at     time.Time
}

// paidSteps are the calls of a pipeline's answer; none where not every step is stored.
func paidSteps(arm eval.Arm, steps []*eval.StepRow) []paidCall {
	calls := arm.Calls()
	if len(steps) != len(calls) {
		return nil
	}
	paid := make([]paidCall, len(calls))
	for i, step := range steps {
		paid[i] = paidCall{calls[i], step.Cost, step.Tokens(), time.UnixMicro(step.StoredAt).UTC()}
	}
	return paid
}

// repriced is what calls cost together at the prices of a day; ok is false where there
// is none, or that of one is not known.
func repriced(paid []paidCall, price func(eval.Arm, time.Time) (audit.Price, bool), day time.Time) (total audit.NanoUSD, ok bool) {
	for _, p := range paid {
		then, knownThen := price(p.call, p.at)
		now, knownNow := price(p.call, day)
		if !knownThen || !knownNow || p.cost == nil {
			return 0, false
		}
		before, ok1 := then.Cost(p.tokens)
		after, ok2 := now.Cost(p.tokens)
		if !ok1 || !ok2 || before == 0 {
			return 0, false
		}
		total += audit.NanoUSD(math.Round(float64(*p.cost) * (float64(after) / float64(before))))
	}
	return total, len(paid) > 0
}
