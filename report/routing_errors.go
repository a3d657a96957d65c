package report

import (
	"fmt"
	"slices"

	"modeltrial/eval"
)

// errorsSentence says what a routing table saves with a router that errs; empty where
// nothing is switched, since then errors change nothing, and of tables stored before
// errors were reckoned with.
func errorsSentence(t eval.RoutingTable) string {
	if !slices.ContainsFunc(t.Routes, func(r eval.Route) bool { return switches(r.Decision) }) {
		return ""
	}
	saving := t.Total.SavingWithErrors
	if saving == nil {
		why := t.Total.WhyMissing["monthly_saving_with_routing_errors_usd"]
		if why == "" {
			return ""
		}
		return "What the categoriser's errors would change is not known: " + line(why) + "."
	}
	text := fmt.Sprintf("With the categoriser's errors in the routing, as %s say: %s a month (%s)",
		counted(reviewedTasks(t), "reviewed task", "reviewed tasks"), Money(saving.Estimate), moneyRange(saving))
	if with, without := t.Total.WinRateWithErrors, t.Total.WinRate; with != nil && without != nil {
		text += fmt.Sprintf("; preferred on %s of the switched tasks (%s) instead of %s", Rate(with.Estimate, 0), rateRange(with, 0), Rate(without.Estimate, 0))
	}
	if e := t.RoutingErrors; e != nil && e.Unmeasured != nil && *e.Unmeasured > 0 {
		text += fmt.Sprintf(". %s of the switched spend is work for which its arm was not measured: it is taken to save nothing and to lose", Rate(*e.Unmeasured, manyTasks+1))
	}
	return text + "."
}

func reviewedTasks(t eval.RoutingTable) int {
	if t.RoutingErrors == nil {
		return 0
	}
	return t.RoutingErrors.Reviewed
}
