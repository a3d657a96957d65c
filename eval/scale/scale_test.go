package scale

import (
	"math"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
)

// testInput is a pilot of 1,001 tasks in two use cases. A logged task has 400 bytes and
// an answer of 100 tokens; every price is a dollar for a million tokens.
func testInput() Input {
	input := Input{
		Tasks: 1001, SecondsPerRating: 36, Raters: 10, Logged: map[audit.Category][]audit.Task{},
		Price: func(eval.Arm) (audit.Price, bool) { return audit.Price{Input: 1e9, Output: 1e9}, true },
		Config: eval.Config{
			Providers: []eval.Provider{
				{Name: "one", Kind: eval.ProviderOpenAI, RequestsPerMinute: 100, TokensPerMinute: 1_000_000},
				{Name: "two", Kind: eval.ProviderAnthropic, RequestsPerMinute: 10, Concurrency: 4},
			},
			Pilot: eval.Protocol{Concurrency: 1000},
		},
		Protocol: eval.Protocol{
			Control: "now", RatingsPerComparison: 3, Repeats: 2,
			Arms: []eval.Arm{
				{Name: "now", Provider: "one", Model: "atlas"},
				{Name: "next", Provider: "two", Model: "gpt-5"},
				{Name: "both", Steps: []eval.Step{
					{Name: "draft", Provider: "one", Model: "atlas", Template: "{{.Task}}"},
					{Name: "review", Provider: "one", Model: "atlas", Template: "{{.Previous}}"},
				}},
			},
			UseCases: []eval.UseCase{{Category: audit.Coding, Candidates: []string{"next", "both"}}, {Category: audit.Math, Candidates: []string{"both"}}},
			Judges:   []eval.Arm{{Name: "judge", Provider: "one", Model: "gpt-5-mini"}},
		},
	}
	for _, category := range []audit.Category{audit.Coding, audit.Math} {
		input.Logged[category] = []audit.Task{{Prompt: strings.Repeat("x", 400), Tokens: audit.Tokens{Output: new(int64(100))}, LatencyMS: new(int64(2000))}}
	}
	return input
}

func reckon(t *testing.T, in Input) eval.ScalePlan {
	t.Helper()
	plan, err := Plan(in)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*math.Abs(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestCounts(t *testing.T) {
	plan := reckon(t, testInput())
	// 501 tasks of coding: now, next and the two steps of both, each twice; 500 of math
	// without next. The judge is of the family of next and leaves its comparisons out.
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"calls", plan.Calls, 2 * (501*4 + 500*3)},
		{"comparisons", plan.Comparisons, 501*2 + 500},
		{"ratings", plan.Ratings, 3 * (501*2 + 500)},
		{"judge calls", plan.JudgeCalls, 2 * (501 + 500)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, c.got, c.want)
		}
	}
	near(t, "rater hours", plan.RaterHours, 45.06)
	rows := map[string]int{}
	for _, table := range plan.Databases[0].Tables {
		rows[table.Name] = table.Rows
	}
	for table, want := range map[string]int{
		"tasks": 1001, "batch_tasks": 1001, "calls": 501*3 + 500*2, "responses": 501*3 + 500*2,
		// The second answers of arms of one call, and every step of a pipeline.
		"response_steps": 501*2 + 500 + 1001*4,
		"comparisons":    1502, "comparison_queue": 1502, "comparison_checks": 1502, "presentations": 3 * 1502,
		"judge_calls": 2002, "ratings": 3*1502 + 2002,
	} {
		if rows[table] != want {
			t.Errorf("rows of %s: got %d, want %d", table, rows[table], want)
		}
	}
	if len(rows) != len(SQLite.Rows) || len(plan.Databases[1].Tables) != len(PostgreSQL.Rows) {
		t.Errorf("%d and %d tables, want those measured", len(rows), len(plan.Databases[1].Tables))
	}
}

func TestMoneyAndLengths(t *testing.T) {
	in := testInput()
	plan := reckon(t, in)
	now := plan.Costs[0] // 101 tokens of input and 100 of output, twice for 1,001 tasks
	if now.Name != "now" || now.Calls != 2002 || now.Expected == nil {
		t.Fatalf("first cost: %+v", now)
	}
	near(t, "cost of now", *now.Expected, 2002*201e-6)
	if !(*now.WorstCase > *now.Expected) || !(*plan.WorstCase > *plan.Expected) {
		t.Errorf("worst case %v of %v, %v of %v: want more", *now.WorstCase, *now.Expected, *plan.WorstCase, *plan.Expected)
	}
	if texts := plan.Texts[0]; texts.Stored != 400 || texts.Answer != 400 || texts.LatencyMS != 2000 || texts.LatencyReckoned || texts.Sampled != 1 {
		t.Errorf("texts: %+v", texts)
	}
	in.Logged = nil
	if texts := reckon(t, in).Texts[0]; texts.Stored != assumedPrompt+assumedAnswer || !texts.LatencyReckoned || texts.Sampled != 0 {
		t.Errorf("texts without a log: %+v", texts)
	}
	in.Price = func(eval.Arm) (audit.Price, bool) { return audit.Price{}, false }
	unpriced := reckon(t, in)
	if unpriced.Expected != nil || !strings.Contains(unpriced.WhyMissing["expected_usd"], `model "atlas"`) {
		t.Errorf("cost without prices: %v, %q", unpriced.Expected, unpriced.WhyMissing)
	}
}

func TestTheSlowestLimitDecides(t *testing.T) {
	in := testInput()
	plan := reckon(t, in)
	// Provider two: 1,002 calls at 10 a minute; 2 s each with 4 in flight would be quicker.
	near(t, "hours", *plan.Hours, 1002.0/10/60)
	if *plan.Limit != (eval.ScaleLimit{Kind: "requests_per_minute", Provider: "two", Value: 10}) {
		t.Errorf("limit: %+v", plan.Limit)
	}
	near(t, "hours by calls in flight", *plan.Providers[1].ByInFlight, 1002*2.0/3600/4)
	if plan.Providers[1].ByTokens != nil {
		t.Error("provider two has no limit of tokens")
	}
	for _, w := range plan.Workers {
		if w.SQLite != *plan.Hours || w.SQLiteLimit != eval.ScaleByLimit {
			t.Errorf("%d workers: %v hours by %s, want the limit's", w.Workers, w.SQLite, w.SQLiteLimit)
		}
	}
	in.Config.Pilot.Concurrency = 1
	if limit := reckon(t, in).Limit; *limit != (eval.ScaleLimit{Kind: "concurrency", Value: 1}) {
		t.Errorf("limit with one call in flight: %+v", limit)
	}
	for i := range in.Config.Providers {
		in.Config.Providers[i].Kind = eval.ProviderRecorded
	}
	free := reckon(t, in)
	if free.Hours != nil || free.WhyMissing["hours"] == "" || *free.Expected != 0 {
		t.Errorf("recorded answers: hours %v, cost %v", free.Hours, *free.Expected)
	}
	// Nothing but the worker and the database decide: more workers help as far as the
	// server, and on a file not at all.
	calls := float64(free.Calls + free.JudgeCalls)
	near(t, "hours of one worker", free.Workers[0].SQLite, max(calls/WorkerCalls, float64(free.Calls)/SQLite.Calls+float64(free.JudgeCalls)/SQLite.JudgeCalls)/3600)
	if last := free.Workers[3]; last.PostgreSQLLimit != eval.ScaleByDatabase || last.PostgreSQL > free.Workers[0].PostgreSQL || last.SQLite != free.Workers[0].SQLite {
		t.Errorf("eight workers: %+v", last)
	}
}

func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		name, want, reason string
		change             func(*Input)
	}{
		{"small", eval.SQLite, "one worker keeps up", func(*Input) {}},
		{"a large file", eval.PostgreSQL, "no longer in the memory", func(in *Input) { in.Tasks = 10_000_000 }},
		{"many raters", eval.PostgreSQL, "people rate at once", func(in *Input) { in.Raters = 1_000_000 }},
		{"quick providers", eval.PostgreSQL, "workers are needed", func(in *Input) {
			in.Config.Pilot.Concurrency = 1_000_000
			for i := range in.Config.Providers {
				in.Config.Providers[i] = eval.Provider{Name: in.Config.Providers[i].Name, Kind: eval.ProviderOpenAI, RequestsPerMinute: 1_000_000}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput()
			c.change(&in)
			advice := reckon(t, in).Advice
			if advice.Database != c.want || !strings.Contains(strings.Join(advice.Reasons, "\n"), c.reason) {
				t.Errorf("got %s, %q; want %s with %q", advice.Database, advice.Reasons, c.want, c.reason)
			}
		})
	}
}
