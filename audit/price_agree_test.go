package audit

import (
	"cmp"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
)

// TestBuiltInPricesAgree compares the built-in table with a public list of July 2026,
// but for the rows that the list's mirror made up.
func TestBuiltInPricesAgree(t *testing.T) {
	t.Parallel()
	shared := cmp.Or(os.Getenv("MODELTRIAL_SHARED"), filepath.Join("..", "..", "shared"))
	file, err := os.Open(filepath.Join(shared, "data", "prices", "prices.csv"))
	if err != nil {
		t.Skipf("no public price list: %v; set MODELTRIAL_SHARED to the folder that has data/prices/prices.csv", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	table, day, agree := builtIn(t), date(t, "2026-07-24"), 0
	for _, row := range rows[1:] {
		get := func(name string) string { return row[column[name]] }
		if origin := get("origin"); origin == "mirror-custom" || origin == "mirror-alias" {
			continue
		}
		price, err := table.Lookup(get("provider"), get("model"), day)
		if err != nil || price.Model != get("model") {
			continue // the table has fewer rows; dated names cost what their model does, or have a row
		}
		for name, amount := range map[string]*NanoUSD{
			"input_usd_per_1m": &price.Input, "output_usd_per_1m": &price.Output,
			"cached_input_usd_per_1m": price.CachedInput, "batch_input_usd_per_1m": price.BatchInput, "batch_output_usd_per_1m": price.BatchOutput,
		} {
			if get(name) == "" {
				continue
			}
			if want, err := ParseUSD(get(name)); err != nil || amount == nil || *amount != want {
				t.Errorf("%s: %s is %v, the list has %v, %v", price.Model, name, amount, want, err)
			}
		}
		agree++
	}
	if agree < 80 {
		t.Errorf("%d models were compared, want most of the table", agree)
	}
}

// TestBuiltInPricesHaveDays wants of each row since when it holds and who says so.
func TestBuiltInPricesHaveDays(t *testing.T) {
	t.Parallel()
	models := map[string]bool{}
	for _, price := range builtIn(t).History() {
		models[price.Model] = true
		if price.ValidFrom.IsZero() || price.ListedOn.IsZero() || price.Source == "" || price.ListedOn.Before(price.ValidFrom) {
			t.Errorf("%s: valid from %v, listed on %v, source %q", price.Model, price.ValidFrom, price.ListedOn, price.Source)
		}
	}
	if len(models) < 60 {
		t.Errorf("got %d models, want 60", len(models))
	}
}
