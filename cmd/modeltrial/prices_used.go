package main

import (
	"slices"
	"strings"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// usedPrices are the prices that a report rests on: of the log's models on its first
// and last day, and of the pilot's arms today. A table with imported lists has
// thousands that nobody asked for.
func usedPrices(table audit.PriceTable, document audit.Report, protocol eval.Protocol, now time.Time) []audit.Price {
	var used []audit.Price
	add := func(model string, day time.Time) {
		price, err := table.Lookup("", model, day)
		known := func(p audit.Price) bool {
			return p.Model == price.Model && p.Provider == price.Provider && p.ValidFrom.Equal(price.ValidFrom)
		}
		if err == nil && !slices.ContainsFunc(used, known) {
			used = append(used, price)
		}
	}
	for _, model := range document.Models {
		for _, day := range []*time.Time{document.From, document.To} {
			if day != nil {
				add(model.Name, *day)
			}
		}
	}
	for _, arm := range protocol.Arms {
		for _, call := range arm.Calls() {
			add(call.Model, now.UTC())
		}
	}
	slices.SortStableFunc(used, func(a, b audit.Price) int { return strings.Compare(a.Model, b.Model) })
	return used
}
