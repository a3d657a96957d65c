package provider

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"modeltrial/eval"
)

// simulated makes answers up. They say so in their first words, and the same task
// under the same arm always gets the same one.
type simulated struct{}

// Origin is simulated.
func (simulated) Origin() eval.ResponseOrigin { return eval.Simulated }

// Answer makes a labelled text, with tokens and latency drawn from the task and
// the arm.
func (simulated) Answer(ctx context.Context, request Request) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s\x00%s\x00%s", request.Task.ID, request.Task.Prompt, request.Arm.Name)
	random := rand.New(rand.NewPCG(hash.Sum64(), 0))
	output := int64(40 + random.IntN(300))
	input := int64(len(request.Task.Prompt)/4 + 1)
	latency := time.Duration(float64(900*time.Millisecond) * math.Exp(0.4*random.NormFloat64()))
	first := latency / 3
	words := strings.Fields(request.Task.Prompt)
	answer := Answer{
		Text: fmt.Sprintf("[simulated answer] This text stands for an answer to %q. Reference %08x.",
			strings.Join(words[:min(len(words), 12)], " "), uint32(hash.Sum64())),
		TTFT: &first, Latency: &latency, ModelServed: request.Arm.Model, FinishReason: "simulated",
	}
	answer.Tokens.Input, answer.Tokens.Output = &input, &output
	return answer, nil
}
