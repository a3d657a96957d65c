package decide_test

import (
	"testing"

	"modeltrial/eval"
	"modeltrial/eval/decide"
)

func TestPlanSaysWhatIsShort(t *testing.T) {
	protocol := eval.Protocol{
		Weeks: 4, RatingsPerComparison: 1, Margin: 0.05,
		UseCases: []eval.UseCase{{Category: "coding", Candidates: []string{"candidate"}}},
	}
	for _, c := range []struct {
		name            string
		planned, raters int
		sd, winRate     float64
		better          string
		chance          bool
		tasks, ratersTo bool
	}{
		{"enough of both", 400, 12, 0.03, 0.6, eval.ShortOfNothing, true, true, true},
		{"tasks only", 60, 12, 0.03, 0.6, eval.ShortOfTasks, true, true, false},
		{"raters only", 1000, 5, 0.08, 0.6, eval.ShortOfRaters, true, false, true},
		{"either", 170, 9, 0.05, 0.6, eval.ShortOfEither, true, true, true},
		{"both", 60, 5, 0.08, 0.6, eval.ShortOfBoth, true, false, false},
		{"nothing planned", 0, 12, 0.03, 0.6, eval.ShortOfTasks, false, true, false},
	} {
		a := eval.Assumptions{WinRate: c.winRate, Ties: 0.2, Power: 0.8, Raters: c.raters, RaterSD: c.sd, ICC: 0.15, ClusterSize: 1}
		plan, err := decide.PlanUseCase(protocol, a, eval.UseCasePlan{Planned: c.planned})
		if err != nil {
			t.Fatal(err)
		}
		got := plan.Better
		if short := got.Short(a); short != c.better {
			t.Errorf("%s: short of %q, want %q (%+v)", c.name, short, c.better, got)
		}
		if (got.Chance != nil) != c.chance || (got.Tasks != nil) != c.tasks || (got.Raters != nil) != c.ratersTo {
			t.Errorf("%s: got %+v", c.name, got)
		}
		for field, missing := range map[string]bool{"chance": got.Chance == nil, "tasks_needed": got.Tasks == nil, "raters_needed": got.Raters == nil} {
			if (got.WhyMissing[field] != "") != missing {
				t.Errorf("%s: %s is missing: %v, why: %q", c.name, field, missing, got.WhyMissing[field])
			}
		}
	}
}
