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
// answer times what its tokens cost at the arm's price of that day over what they cost
// at the price of the day of the answer, so that what a provider charges beside its list
// stays in it. price finds an arm's price on a day. An answer without tokens or without
// a price on both days keeps its cost; the sentences returned say of which arms.
func Reprice(data eval.Dataset, price func(arm eval.Arm, day time.Time) (audit.Price, bool), day time.Time) (eval.Dataset, []string) {
	if data.Locked == nil {
		return data, nil
	}
	kept, answers := map[string]int{}, map[string]int{}
	data.Responses = slices.Clone(data.Responses)
	for i := range data.Responses {
		response := &data.Responses[i]
		if response.Cost == nil {
			continue
		}
		answers[response.Arm]++
		cost, ok := repriced(data.Locked.Protocol, response, price, day)
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

func repriced(protocol eval.Protocol, response *eval.ResponseRow, price func(eval.Arm, time.Time) (audit.Price, bool), day time.Time) (audit.NanoUSD, bool) {
	arm, ok := protocol.Arm(response.Arm)
	if !ok {
		return 0, false
	}
	then, knownThen := price(arm, response.At)
	now, knownNow := price(arm, day)
	if !knownThen || !knownNow {
		return 0, false
	}
	before, ok1 := then.Cost(response.Tokens)
	after, ok2 := now.Cost(response.Tokens)
	if !ok1 || !ok2 || before == 0 {
		return 0, false
	}
	return audit.NanoUSD(math.Round(float64(*response.Cost) * (float64(after) / float64(before)))), true
}
