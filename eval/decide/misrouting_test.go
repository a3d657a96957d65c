package decide

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// twoUseCases is a pilot of coding, where the candidate "next" is preferred at half the
// cost, and of math, where it loses at 0.8 of it: [pilot] for both.
func twoUseCases() eval.Dataset {
	data := pilot(200, 120, 40, 0.5, eval.Human)
	math := pilot(200, 60, 40, 0.8, eval.Human)
	protocol := data.Locked.Protocol
	protocol.UseCases = []eval.UseCase{{Category: "coding", Candidates: []string{"next"}}, {Category: "math", Candidates: []string{"next"}}}
	locked := *data.Locked
	locked.Protocol = protocol
	data.Locked = &locked
	for _, rating := range math.Ratings {
		rating.TaskID, rating.Category = "m-"+rating.TaskID, "math"
		data.Ratings = append(data.Ratings, rating)
	}
	for _, response := range math.Responses {
		response.TaskID, response.Category = "m-"+response.TaskID, "math"
		data.Responses = append(data.Responses, response)
	}
	for _, task := range math.Assigned {
		task.TaskID, task.Category = "m-"+task.TaskID, "math"
		data.Assigned = append(data.Assigned, task)
	}
	return data
}

var twoSpends = []eval.Spend{
	{Category: "coding", Model: "atlas", Tasks: 400, Costs: dollars(100, 104, 98, 102, 96, 100)},
	{Category: "math", Model: "atlas", Tasks: 100, Costs: dollars(60, 62, 58, 60, 61, 59)},
	{Category: "general", Model: "atlas", Tasks: 90, Costs: dollars(20, 21, 19, 20, 20, 20)},
}

func reviewed(counts map[audit.Category]map[audit.Category]int) *audit.CategoriserCheck {
	check := &audit.CategoriserCheck{Confusion: counts}
	for _, row := range counts {
		for _, n := range row {
			check.Reviewed += n
		}
	}
	return check
}

func recommended(t *testing.T, data eval.Dataset, check *audit.CategoriserCheck) eval.RoutingTable {
	t.Helper()
	table, err := Recommend(data, twoSpends, check, "2026-07-24", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if !switches(table.Routes[0].Decision) || switches(table.Routes[1].Decision) || table.Routes[2].Candidate != "" {
		t.Fatalf("the pilot decides otherwise: %+v", table.Routes)
	}
	if _, err := json.Marshal(table); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	return table
}

// TestPerfectRouterSavesThePlainSaving is the identity matrix.
func TestPerfectRouterSavesThePlainSaving(t *testing.T) {
	const many = 1_000_000_000
	table := recommended(t, twoUseCases(), reviewed(map[audit.Category]map[audit.Category]int{
		"coding": {"coding": many}, "math": {"math": many}, "general": {"general": many},
	}))
	for what, pair := range map[string][2]*eval.Interval{
		"total":    {table.Total.SavingWithErrors, table.Total.MonthlySaving},
		"coding":   {table.Routes[0].SavingWithErrors, table.Routes[0].MonthlySaving},
		"win rate": {table.Total.WinRateWithErrors, table.Total.WinRate},
	} {
		got, want := pair[0], pair[1]
		if got == nil || want == nil {
			t.Fatalf("%s: %+v with and %+v without errors; missing %v", what, got, want, table.Total.WhyMissing)
		}
		for _, figures := range [][2]float64{{got.Estimate, want.Estimate}, {got.Low, want.Low}, {got.High, want.High}} {
			if math.Abs(figures[0]-figures[1]) > 1e-4*math.Abs(want.Estimate) {
				t.Errorf("%s: %+v with errors, want %+v", what, got, want)
			}
		}
	}
	if share := table.RoutingErrors.Unmeasured; share == nil || *share != 0 {
		t.Errorf("unmeasured share %v, want 0", share)
	}
}

// TestRouterErrors: of what is sorted into coding 80% is, 15% is math, where the
// candidate was measured, and 5% general, where it was not and is taken to save nothing
// and to lose.
func TestRouterErrors(t *testing.T) {
	table := recommended(t, twoUseCases(), reviewed(map[audit.Category]map[audit.Category]int{
		"coding": {"coding": 80, "general": 4}, "math": {"coding": 15, "math": 40}, "general": {"coding": 5, "general": 40},
	}))
	ratios, rates := table.RoutingErrors.Rows[0].Truths, table.Total
	if ratios[1].CostRatio == nil || ratios[2].CostRatio != nil || ratios[1].Reviewed != 15 {
		t.Fatalf("got %+v, want a ratio in math and none in general", ratios)
	}
	want := 100 * (0.8*(1-ratios[0].CostRatio.Estimate) + 0.15*(1-ratios[1].CostRatio.Estimate))
	wantNumber(t, "the saving", table.Total.SavingWithErrors.Estimate, want)
	wantNumber(t, "the route's saving", table.Routes[0].SavingWithErrors.Estimate, want)
	wantNumber(t, "a kept route's saving", table.Routes[1].SavingWithErrors.High, 0)
	if s, plain := table.Total.SavingWithErrors, table.Total.MonthlySaving; s.Estimate > plain.Estimate || s.StandardError <= plain.StandardError {
		t.Errorf("saving %+v with errors, %+v without: want less, and less certain", s, plain)
	}
	wantNumber(t, "the win rate", rates.WinRateWithErrors.Estimate, 0.8*ratios[0].WinRate.Estimate+0.15*ratios[1].WinRate.Estimate)
	wantNumber(t, "the win rate without errors", rates.WinRate.Estimate, ratios[0].WinRate.Estimate)
	wantNumber(t, "the unmeasured share", *table.RoutingErrors.Unmeasured, 0.05)
	if assumes := table.RoutingErrors.Assumes[0]; !strings.HasSuffix(assumes, "lose every comparison: general under next") {
		t.Errorf("assumes %q, want what was not measured", assumes)
	}
}

// TestDearCandidateIsNotTakenToSaveElsewhere: what costs more where it was measured is
// taken to cost as much more where it was not.
func TestDearCandidateIsNotTakenToSaveElsewhere(t *testing.T) {
	table := recommended(t, func() eval.Dataset {
		data := twoUseCases()
		for i := range data.Responses {
			if r := &data.Responses[i]; r.Arm == "next" && r.Cost != nil {
				r.Cost = new(*r.Cost * 4)
			}
		}
		return data
	}(), reviewed(map[audit.Category]map[audit.Category]int{"coding": {"coding": 90}, "general": {"coding": 10, "general": 50}}))
	plain, with := table.Total.MonthlySaving, table.Total.SavingWithErrors
	if plain.Estimate >= 0 {
		t.Fatalf("the candidate saves %v, want a loss", plain.Estimate)
	}
	wantNumber(t, "the saving", with.Estimate, plain.Estimate)
}

func TestRouterErrorsAreMissingWithAReason(t *testing.T) {
	for name, c := range map[string]struct {
		check *audit.CategoriserCheck
		why   string
	}{
		"no sample":    {nil, "no random sample"},
		"few reviewed": {&audit.CategoriserCheck{WhyMissing: "12 tasks of the random sample are reviewed; 50 are needed"}, "12 tasks"},
		"few in a row": {reviewed(map[audit.Category]map[audit.Category]int{"coding": {"coding": 9}, "math": {"math": 80}}), "9 of the reviewed tasks"},
	} {
		t.Run(name, func(t *testing.T) {
			table := recommended(t, twoUseCases(), c.check)
			if table.Total.SavingWithErrors != nil || table.Total.WinRateWithErrors != nil || table.Routes[0].SavingWithErrors != nil {
				t.Errorf("got %+v, want none", table.Total)
			}
			for _, why := range []string{table.Total.WhyMissing[fieldSavingWithErrors], table.Total.WhyMissing[fieldWinRateWithErrors], table.Routes[0].WhyMissing[fieldSavingWithErrors]} {
				if !strings.Contains(why, c.why) {
					t.Errorf("why missing %q, want %q in it", why, c.why)
				}
			}
			if table.Total.MonthlySaving == nil {
				t.Error("the plain saving is missing too")
			}
		})
	}
}

// TestWhyNoShareIsUnmeasured: a switched category whose spend is not known is a switched
// category all the same.
func TestWhyNoShareIsUnmeasured(t *testing.T) {
	check := reviewed(map[audit.Category]map[audit.Category]int{"coding": {"coding": 40}, "math": {"math": 40}})
	for want, costs := range map[string][]audit.NanoUSD{
		"the spend or the errors of a switched category are not known":        dollars(100),
		"nothing was spent on the control's model in the switched categories": dollars(0, 0, 0),
	} {
		spend := []eval.Spend{{Category: "coding", Model: "atlas", Tasks: 400, Costs: costs}}
		table, err := Recommend(twoUseCases(), spend, check, "", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if e := table.RoutingErrors; !switches(table.Routes[0].Decision) || e.Unmeasured != nil || e.WhyMissing["unmeasured_share"] != want {
			t.Errorf("got %v, %q, want %q", e.Unmeasured, e.WhyMissing["unmeasured_share"], want)
		}
	}
}
