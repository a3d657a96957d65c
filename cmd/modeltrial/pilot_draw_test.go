package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store"
)

// TestFreshWeeksAreDrawnWhenTheyBegin: with the log of each week imported as it goes on.
func TestFreshWeeksAreDrawnWhenTheyBegin(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "modeltrial.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	logged := func(name string, n int, at time.Time) {
		t.Helper()
		i, err := s.BeginImport(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		defer i.Rollback()
		for k := range n {
			task := audit.Task{
				ID: fmt.Sprintf("%s-%d", name, k), Prompt: fmt.Sprintf("%s %d", name, k), Timestamp: at,
				Category: audit.Coding, CategorySource: audit.CategoryFromLog, Probability: 1,
			}
			if _, err := i.Add(t.Context(), task); err != nil {
				t.Fatal(err)
			}
		}
		if err := i.Commit(t.Context(), store.ImportedFile{Path: name, Format: "csv", Rows: n, Imported: n}); err != nil {
			t.Fatal(err)
		}
	}
	config := eval.Config{
		Providers: []eval.Provider{{Name: "p", Kind: eval.ProviderSimulated}},
		Pilot: eval.Protocol{
			Name: "fresh", Control: "now", Weeks: 3, TasksPerWeek: 5, RatingsPerComparison: 1, BudgetUSD: "1", Seed: 1, Sample: eval.SampleFresh,
			Arms:     []eval.Arm{{Name: "now", Provider: "p", Model: "a"}, {Name: "next", Provider: "p", Model: "b"}},
			UseCases: []eval.UseCase{{Category: audit.Coding, Candidates: []string{"next"}}},
		},
	}
	logged("old", 8, start.AddDate(0, 0, -60))
	logged("before", 9, start.AddDate(0, 0, -2))
	if _, err := lock(t.Context(), s, config, "", start); err != nil {
		t.Fatal(err)
	}
	sampleIs := func(week, fromOld, fresh int) {
		t.Helper()
		ids, err := s.BatchTaskIDs(t.Context(), week, audit.Coding)
		if err != nil {
			t.Fatal(err)
		}
		old := 0
		for _, id := range ids {
			if id[:3] == "old" || id[:3] == "bef" && week > 1 {
				old++
			}
			if id[:3] == "lat" { // belongs to no week
				t.Errorf("week %d has %s", week, id)
			}
		}
		if len(ids) != fromOld+fresh || old != fromOld {
			t.Errorf("week %d has %v, want %d of the reserve and %d fresh", week, ids, fromOld, fresh)
		}
	}
	sampleIs(1, 0, 5)
	sampleIs(2, 0, 0)
	ahead, err := nextWeek(t.Context(), s, config.Pilot, start)
	if err != nil || ahead == "" {
		t.Errorf("nothing says when the next week begins: %v", err)
	}
	// Week 2 brings two tasks only: three come from what is left of the older log.
	logged("second", 2, start.AddDate(0, 0, 3))
	for range 2 { // drawing again changes nothing
		if err := drawWeeks(t.Context(), s, config, start.AddDate(0, 0, 7)); err != nil {
			t.Fatal(err)
		}
		sampleIs(2, 3, 2)
		sampleIs(3, 0, 0)
	}
	logged("third", 20, start.AddDate(0, 0, 10))
	logged("late", 20, start.AddDate(0, 0, 22)) // after the last week
	if err := drawWeeks(t.Context(), s, config, start.AddDate(0, 0, 30)); err != nil {
		t.Fatal(err)
	}
	sampleIs(3, 0, 5)
	if ahead, err := nextWeek(t.Context(), s, config.Pilot, start.AddDate(0, 0, 15)); err != nil || ahead != "" {
		t.Errorf("got %q, %v after the last week began", ahead, err)
	}
}
