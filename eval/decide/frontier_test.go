package decide

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"modeltrial/eval"
)

// TestBestWithin compares with all choices there are.
func TestBestWithin(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 9))
	for round := range 300 {
		options := make([][]option, 1+random.IntN(5))
		least := 0.0
		for i := range options {
			low := math.Inf(1)
			for range 1 + random.IntN(4) {
				o := option{cost: float64(random.IntN(10)), value: float64(random.IntN(10))}
				options[i] = append(options[i], o)
				low = min(low, o.cost)
			}
			least += low
		}
		budget := float64(random.IntN(30))
		best := option{cost: math.Inf(1), value: math.Inf(-1)}
		var all func(group int, sum option)
		all = func(group int, sum option) {
			if group == len(options) {
				if sum.cost <= budget && (sum.value > best.value || (sum.value == best.value && sum.cost < best.cost)) {
					best = sum
				}
				return
			}
			for _, o := range options[group] {
				all(group+1, option{sum.cost + o.cost, sum.value + o.value})
			}
		}
		all(0, option{})
		choice, feasible := bestWithin(options, budget)
		var got option
		for i, taken := range choice {
			got.cost += options[i][taken].cost
			got.value += options[i][taken].value
		}
		if feasible != (least <= budget) {
			t.Fatalf("round %d: feasible %v of at least %v within %v", round, feasible, least, budget)
		}
		if feasible && got != best {
			t.Fatalf("round %d: got %+v, want %+v", round, got, best)
		}
		if !feasible && got.cost != least {
			t.Fatalf("round %d: got the cost %v, want the least, %v", round, got.cost, least)
		}
	}
}

// TestBestWithinManyKeepsToTheBudget has more choices than are kept.
func TestBestWithinManyKeepsToTheBudget(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 10))
	options := make([][]option, 18)
	half, highest := 0.0, 0.0
	for i := range options {
		options[i] = []option{{}, {cost: 1 + random.Float64()}}
		options[i][1].value = options[i][1].cost + 0.01*random.Float64()
		half += options[i][1].cost / 2
		highest += options[i][1].value / options[i][1].cost
	}
	choice, feasible := bestWithin(options, half)
	var got option
	for i, taken := range choice {
		got.cost, got.value = got.cost+options[i][taken].cost, got.value+options[i][taken].value
	}
	if !feasible || got.cost > half || got.value < 0.999*half {
		t.Errorf("got %+v of a budget of %v", got, half)
	}
}

func TestFrontierGoals(t *testing.T) {
	data := twoUseCases()
	budget := 150.0
	frontier, err := Frontier(data, twoSpends, &budget)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(frontier); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	if math.Abs(*frontier.MonthlyCostNow-180) > 1e-9 || len(frontier.Categories) != 2 || len(frontier.Goals) != 3 {
		t.Fatalf("got %+v", frontier)
	}
	arms := func(goal eval.FrontierGoal) (arms []string) {
		for _, r := range goal.Routes {
			arms = append(arms, r.Arm)
		}
		return arms
	}
	best, least, within := frontier.Goals[0], frontier.Goals[1], frontier.Goals[2]
	// In coding next is better at half the cost, in math it loses at 0.8 of it.
	for _, goal := range frontier.Goals {
		if got := arms(goal); !slices.Equal(got, []string{"next", "now"}) || !goal.Feasible {
			t.Errorf("%s: got %v, want next for coding alone", goal.Goal, got)
		}
		if goal.MonthlySaving == nil || math.Abs(*goal.MonthlyCost+goal.MonthlySaving.Estimate-180) > 1e-9 {
			t.Errorf("%s: %v saved of 180 leave %v", goal.Goal, goal.MonthlySaving, goal.MonthlyCost)
		}
	}
	table := recommended(t, data, nil)
	if diff := least.MonthlySaving.Estimate - table.Total.MonthlySaving.Estimate; math.Abs(diff) > 1e-9 || math.Abs(least.MonthlySaving.Low-table.Total.MonthlySaving.Low) > 1e-9 {
		t.Errorf("least cost saves %+v, the recommendation of the same routes %+v", least.MonthlySaving, table.Total.MonthlySaving)
	}
	if want := (400*table.Routes[0].WinRate.Estimate + 100*0.5) / 500; math.Abs(best.WinRate.Estimate-want) > 1e-9 {
		t.Errorf("got the win rate %v, want %v", best.WinRate.Estimate, want)
	}
	if within.Budget == nil || *within.Budget != budget || *within.MonthlyCost > budget {
		t.Errorf("got %+v within %v", within, budget)
	}
	// Only with math on the arm that loses there does it cost less.
	tight := 125.0
	frontier, err = Frontier(data, twoSpends, &tight)
	if err != nil {
		t.Fatal(err)
	}
	within = frontier.Goals[2]
	if got := arms(within); !slices.Equal(got, []string{"next", "next"}) || within.Routes[1].Shown || !strings.Contains(within.Routes[1].Why, "not shown") {
		t.Errorf("within %v: got %+v", tight, within.Routes)
	}
	impossible := 10.0
	if frontier, err = Frontier(data, twoSpends, &impossible); err != nil || frontier.Goals[2].Feasible {
		t.Errorf("within %v: got %+v, %v", impossible, frontier.Goals, err)
	}
}
