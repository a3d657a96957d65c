package report

import (
	"fmt"

	"modeltrial/eval"
)

// errorsSentence says what a routing table saves with a router that errs; empty where
// nothing is switched, since then errors change nothing, and of tables stored before
// errors were reckoned with.
func errorsSentence(t eval.RoutingTable) string {
	if !anySwitch(t) {
		return ""
	}
	saving := t.Total.SavingWithErrors
	if saving == nil {
		why := t.Total.WhyMissing["monthly_saving_with_routing_errors_usd"]
		if why == "" {
			return ""
		}
		return "With the categoriser's errors in the routing: not known: " + line(why) + "."
	}
	text := fmt.Sprintf("With the categoriser's errors in the routing, as %s say: %s a month (%s)",
		counted(reviewedTasks(t), "reviewed task", "reviewed tasks"), Money(saving.Estimate), moneyRange(saving))
	if with, without := t.Total.WinRateWithErrors, t.Total.WinRate; with != nil && without != nil {
		text += fmt.Sprintf("; preferred on %s of the switched tasks (%s) instead of %s", Rate(with.Estimate, 0), rateRange(with, 0), Rate(without.Estimate, 0))
	}
	if e := t.RoutingErrors; e != nil && e.Unmeasured != nil && *e.Unmeasured > 0 {
		text += fmt.Sprintf(". %s of the switched spend is work for which its arm was not measured: it is taken to save nothing and to lose", percentFine(*e.Unmeasured))
	}
	return text + "."
}

func anySwitch(t eval.RoutingTable) bool {
	for _, r := range t.Routes {
		if switches(r.Decision) {
			return true
		}
	}
	return false
}

func reviewedTasks(t eval.RoutingTable) int {
	if t.RoutingErrors == nil {
		return 0
	}
	return t.RoutingErrors.Reviewed
}

// percentFine is a share with one decimal.
func percentFine(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }
