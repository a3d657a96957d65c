package provider

import (
	"context"
	"errors"
	"time"

	"modeltrial/eval"
)

// recordedProvider answers from imported answers, with the tokens, cost and
// latency that were recorded.
type recordedProvider struct {
	name   string
	lookup RecordedLookup
}

// Origin is recorded.
func (p *recordedProvider) Origin() eval.ResponseOrigin { return eval.Recorded }

// Answer looks the recorded answer up.
func (p *recordedProvider) Answer(ctx context.Context, request Request) (Answer, error) {
	response, err := p.lookup(ctx, request.Task.ID, request.Arm.Name)
	if errors.Is(err, eval.ErrNotFound) {
		return Answer{}, &Error{Provider: p.name, Msg: "no answer of arm " + request.Arm.Name + " is recorded for task " + request.Task.ID +
			"; import it with modeltrial pilot import-responses --recorded"}
	}
	if err != nil {
		return Answer{}, err
	}
	return Answer{
		Text: response.Text, Tokens: response.Tokens, Cost: response.Cost, ModelServed: request.Arm.Model,
		FinishReason: "recorded", TTFT: duration(response.TTFTMS), Latency: duration(response.LatencyMS),
	}, nil
}

func duration(milliseconds *int64) *time.Duration {
	if milliseconds == nil {
		return nil
	}
	d := time.Duration(*milliseconds) * time.Millisecond
	return &d
}
