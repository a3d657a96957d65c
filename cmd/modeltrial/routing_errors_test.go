package main

import (
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store"
)

// TestReviewedSamplePricesRoutingErrors reviews a random sample of the demonstration's
// tasks, finding every eighth of another category, and sees what is left of the saving.
func TestReviewedSamplePricesRoutingErrors(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs the demonstration")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	if got := execute([]string{"demo", "--dir", dir}, io.Discard, io.Discard); got != exitOK {
		t.Fatalf("the demonstration ended with %d", got)
	}
	table := recommendation(t, dir)
	if table.RoutingErrors != nil || table.Total.SavingWithErrors != nil || !strings.Contains(table.WhyMissing["routing_errors"], "audit classify --sample") {
		t.Errorf("before a review: %+v, %v", table.RoutingErrors, table.WhyMissing)
	}
	sheet := filepath.Join(t.TempDir(), "sheet.csv")
	command(t, dir, exitOK, "audit", "classify", "--sample", "200", "--sample-file", sheet, "--seed", "3")
	labels := map[string]string{}
	rows := [][]string{}
	s, err := store.Open(t.Context(), filepath.Join(dir, "modeltrial.db"))
	if err != nil {
		t.Fatal(err)
	}
	err = s.EachTaskSummary(t.Context(), func(task audit.Task) error { labels[task.ID] = string(task.Category); return nil })
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for i, row := range readCSV(t, sheet) {
		if i > 0 {
			row[1] = labels[row[0]]
			if i%8 == 0 {
				row[1] = map[string]string{"coding": "general", "math": "reasoning", "general": "math", "reasoning": "coding", "creative": "general"}[row[1]]
			}
		}
		rows = append(rows, row)
	}
	writeCSV(t, sheet, rows)
	command(t, dir, exitOK, "audit", "classify", "--review", sheet)
	table = recommendation(t, dir)
	with, without := table.Total.SavingWithErrors, table.Total.MonthlySaving
	if with == nil || without == nil || !(with.Estimate < without.Estimate) || !(with.StandardError > without.StandardError) {
		t.Fatalf("saving %+v with errors, %+v without; missing %v", with, without, table.Total.WhyMissing)
	}
	if said := command(t, dir, exitOK, "route", "recommend"); !strings.Contains(said, "With the categoriser's errors in the routing") {
		t.Errorf("not said:\n%s", said)
	}
}

func recommendation(t *testing.T, dir string) (table eval.RoutingTable) {
	t.Helper()
	text := command(t, dir, exitOK, "route", "recommend", "--json")
	if err := json.Unmarshal([]byte(text), &table); err != nil {
		t.Fatal(err)
	}
	return table
}
