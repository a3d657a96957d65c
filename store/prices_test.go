package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

func TestCostSources(t *testing.T) {
	s := newTest(t)
	task := func(id string, source audit.CostSource) audit.Task {
		task := audit.Task{ID: id, Prompt: "p", CostSource: source, Origin: audit.Origin{File: "log.csv", Line: 1}}
		if source != "" {
			task.Cost = ptr(audit.NanoUSD(5))
		}
		return task
	}
	computed := task("c1", audit.CostComputed)
	computed.Tokens = audit.Tokens{Input: ptr(int64(9)), CacheWrite: ptr(int64(4)), Output: ptr(int64(1))}
	estimated := task("e1", audit.CostEstimated)
	estimated.TokensEstimated = true
	importTasks(t, s, task("l1", audit.CostFromLog), task("l2", audit.CostFromLog), computed, task("c2", audit.CostComputed), task("c3", audit.CostComputed),
		estimated, task("u1", ""))
	got, err := s.CostSources(t.Context())
	must(t, err)
	if want := (audit.CostSources{FromLog: 2, Computed: 3, Estimated: 1, Unknown: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, want := range []audit.Task{computed, estimated} {
		got, err := s.Task(t.Context(), want.ID)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("task %s (-want +got):\n%s", want.ID, diff)
		}
	}
}

func TestPricesComeBackAsTheyWere(t *testing.T) {
	s := newTest(t)
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	full := audit.Price{
		Model: "atlas", Provider: "acme", Input: 3, CachedInput: ptr(audit.NanoUSD(1)), CacheWrite: ptr(audit.NanoUSD(2)), Output: 4,
		Reasoning: ptr(audit.NanoUSD(5)), BatchInput: ptr(audit.NanoUSD(6)), BatchOutput: ptr(audit.NanoUSD(7)),
		LongContext: &audit.LongContextPrice{
			Above: 200_000, Input: 8, CachedInput: ptr(audit.NanoUSD(9)), CacheWrite: ptr(audit.NanoUSD(10)), Output: 11,
			Next: &audit.LongContextPrice{Above: 300_000, Input: 12, Output: 13, Next: &audit.LongContextPrice{Above: 400_000, Input: 14, CachedInput: ptr(audit.NanoUSD(15)), Output: 16}},
		},
		ContextWindow: ptr(int64(1_000_000)), ValidFrom: day, ListedOn: day, RetiresOn: day.AddDate(0, 6, 0), Source: "list",
	}
	bare := audit.Price{Model: "forge", Input: 0, Output: 4, ValidFrom: day, ListedOn: day, Source: "list"}
	later := full
	later.ValidFrom, later.ListedOn, later.Input = day.AddDate(0, 1, 0), day.AddDate(0, 1, 0), 30
	load := func(replace bool, prices ...audit.Price) PriceImport {
		t.Helper()
		outcome, err := s.ImportPrices(t.Context(), prices, replace)
		must(t, err)
		return outcome
	}
	check := func(want ...audit.Price) {
		t.Helper()
		got, err := s.Prices(t.Context())
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("prices (-want +got):\n%s", diff)
		}
	}
	if got := load(false, full, bare); got.Added != 2 {
		t.Errorf("got %+v, want two added", got)
	}
	if got := load(false, full, bare); got.Unchanged != 2 || got.Added != 0 {
		t.Errorf("the same again: got %+v, want nothing changed", got)
	}
	if got := load(false, later); got.Added != 1 {
		t.Errorf("a later price: got %+v, want one added", got)
	}
	check(full, later, bare)
	dearer, more := bare, bare
	dearer.Output, more.Model = 5, "more"
	if got := load(false, more, dearer); len(got.Conflicts) != 1 || got.Conflicts[0].New.Output != 5 {
		t.Errorf("another price of the same day: got %+v, want a conflict", got)
	}
	check(full, later, bare) // and nothing of it stored
	load(true, more, dearer)
	check(full, later, dearer, more)
	// When a model retires is taken over without a word; that a list leaves it out is not.
	retiring, silent := more, full
	retiring.RetiresOn, silent.RetiresOn = day.AddDate(1, 0, 0), time.Time{}
	if got := load(false, retiring, silent); got.Unchanged != 2 || len(got.Conflicts) != 0 {
		t.Errorf("a day of retirement: got %+v, want two unchanged", got)
	}
	check(full, later, dearer, retiring)
}

// TestCostIsFilledInWithItsSource completes tasks by a later import: a cost that was
// not known comes with who says so, and one that was known keeps both.
func TestCostIsFilledInWithItsSource(t *testing.T) {
	s := newTest(t)
	bare := audit.Task{ID: "t1", Prompt: "p", Origin: audit.Origin{File: "log.csv", Line: 1}}
	logged := bare
	logged.ID, logged.Cost, logged.CostSource = "t2", ptr(audit.NanoUSD(7)), audit.CostFromLog
	importTasks(t, s, bare, logged)
	for _, id := range []string{"t1", "t2"} {
		again := bare
		again.ID, again.Cost, again.CostSource = id, ptr(audit.NanoUSD(5)), audit.CostComputed
		again.Tokens = audit.Tokens{Input: ptr(int64(9)), CacheWrite: ptr(int64(4)), Output: ptr(int64(1))}
		importTasks(t, s, again)
	}
	filled, err := s.Task(t.Context(), "t1")
	must(t, err)
	kept, err := s.Task(t.Context(), "t2")
	must(t, err)
	if *filled.Cost != 5 || filled.CostSource != audit.CostComputed || *filled.Tokens.CacheWrite != 4 {
		t.Errorf("got %v from %q, want 5 nano-dollars computed", filled.Cost, filled.CostSource)
	}
	if *kept.Cost != 7 || kept.CostSource != "" {
		t.Errorf("got %v from %q, want the log's 7 nano-dollars", kept.Cost, kept.CostSource)
	}
}
