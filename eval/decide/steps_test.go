package decide

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"

	"modeltrial/audit"
	"modeltrial/eval"
)

// chainedData has a plain arm and a pipeline that each answered three tasks twice.
func chainedData() eval.Dataset {
	data := eval.Dataset{Locked: &eval.LockedProtocol{Protocol: eval.Protocol{
		Control: "now", Weeks: 1, TasksPerWeek: 3, Repeats: 2,
		Arms:     []eval.Arm{{Name: "now", Model: "m"}, {Name: "chain", Steps: []eval.Step{{Name: "draft", Model: "cheap"}, {Name: "review", Model: "dear"}}}},
		UseCases: []eval.UseCase{{Category: audit.Math, Candidates: []string{"chain"}}},
	}}}
	cost := func(dollars int) *audit.NanoUSD { return new(audit.NanoUSD(dollars) * audit.USD) }
	for i := range 3 {
		task := fmt.Sprintf("t%d", i)
		data.Responses = append(data.Responses,
			eval.ResponseRow{TaskID: task, Category: audit.Math, Week: 1, Arm: "now", Cost: cost(i + 1), LatencyMS: new(int64(100)), TextSHA256: "a", Passed: new(true), Length: 1},
			eval.ResponseRow{TaskID: task, Category: audit.Math, Week: 1, Arm: "chain", Cost: cost(5), TextSHA256: "b", Length: 1})
		data.Steps = append(data.Steps,
			eval.StepRow{TaskID: task, Category: audit.Math, Week: 1, Arm: "now", Repeat: 2, Step: 1, Cost: cost(i + 3), LatencyMS: new(int64(100)), TextSHA256: "a", Passed: new(i > 0)})
		for repeat := 1; repeat <= 2; repeat++ {
			data.Steps = append(data.Steps,
				eval.StepRow{TaskID: task, Category: audit.Math, Week: 1, Arm: "chain", Repeat: repeat, Step: 1, Cost: cost(1), LatencyMS: new(int64(10)), TextSHA256: "d", Finish: "length"},
				eval.StepRow{TaskID: task, Category: audit.Math, Week: 1, Arm: "chain", Repeat: repeat, Step: 2, Cost: cost(4), TextSHA256: "c" + fmt.Sprint(repeat)})
		}
	}
	// A repeat that is not whole yet, which counts for nothing.
	data.Steps = append(data.Steps, eval.StepRow{TaskID: "t0", Category: audit.Math, Week: 1, Arm: "chain", Repeat: 3, Step: 1, Cost: cost(90)})
	return data
}

func TestPipelineSteps(t *testing.T) {
	analysis, err := Analyze(chainedData(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(analysis.Pipelines) != 2 {
		t.Fatalf("got %d steps, want 2: %+v", len(analysis.Pipelines), analysis.Pipelines)
	}
	draft, review := analysis.Pipelines[0], analysis.Pipelines[1]
	if draft.Name != "draft" || draft.Model != "cheap" || draft.Answers != 3 || *draft.CostPerTask != 1 || *draft.LatencyMS != 10 || draft.Truncated != 3 {
		t.Errorf("draft is %+v", draft)
	}
	if review.Model != "dear" || *review.CostPerTask != 4 || review.LatencyMS != nil || review.WhyMissing["latency_ms"] == "" || review.WhyMissing["output_tokens"] == "" {
		t.Errorf("review is %+v", review)
	}
}

func TestRepeats(t *testing.T) {
	analysis, err := Analyze(chainedData(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(analysis.Repeats) != 2 {
		t.Fatalf("got %d results, want one for each arm: %+v", len(analysis.Repeats), analysis.Repeats)
	}
	chain, now := analysis.Repeats[0], analysis.Repeats[1]
	if chain.Arm != "chain" || chain.Tasks != 3 || chain.Answers != 6 || chain.SameText != 0 || chain.PassDiffers != nil || chain.WhyMissing["check_differs_share"] == "" {
		t.Errorf("chain is %+v", chain)
	}
	if m := chain.Measures; len(m) != 1 || m[0].Measure != "cost_usd" || m[0].Mean != 5 || m[0].WithinSD != 0 || m[0].NoiseShare != nil {
		t.Errorf("chain's measures are %+v: its cost does not vary, and its time is not known", m)
	}
	if now.Tasks != 3 || now.Answers != 6 || now.SameText != 1 || *now.PassDiffers != 1.0/3 || len(now.Measures) != 3 {
		t.Errorf("now is %+v", now)
	}
	// Costs (1,3), (2,4), (3,5): means 2, 3, 4; SSW 6 of 3, SSB 2·(1+0+1) of 2, n₀ 2.
	cost := now.Measures[0]
	if cost.Mean != 3 || !scalar.EqualWithinRel(cost.WithinSD*cost.WithinSD, 2, 1e-12) || cost.BetweenSD != 0 || *cost.NoiseShare != 1 {
		t.Errorf("cost is %+v, want a mean of 3 and a variance of 2 within tasks alone", cost)
	}
}
