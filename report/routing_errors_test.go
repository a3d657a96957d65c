package report

import (
	"bytes"
	"strings"
	"testing"

	"modeltrial/audit"
)

// TestRoutingErrorsAreSaid in one line of the terminal and of the page, with what was
// assumed.
func TestRoutingErrorsAreSaid(t *testing.T) {
	in, _, _ := erringPilot(t, map[audit.Category]int{audit.Coding: 61, audit.Math: 8, audit.Creative: 4})
	var terminal, page bytes.Buffer
	if err := RoutingTable(&terminal, in.Routing, Style{}); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&page, in); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"With the categoriser's errors in the routing, as 130 reviewed tasks say: ",
		"of the switched tasks (",
		"of the switched spend is work for which its arm was not measured: it is taken to save nothing and to lose.",
	} {
		if !strings.Contains(strings.Join(strings.Fields(terminal.String()), " "), want) {
			t.Errorf("the terminal does not say %q:\n%s", want, terminal.String())
		}
		if !strings.Contains(strings.ReplaceAll(page.String(), "&#39;", "'"), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	in.Routing.RoutingErrors, in.Routing.Total.SavingWithErrors = nil, nil
	in.Routing.Total.WhyMissing["monthly_saving_with_routing_errors_usd"] = "no sample"
	if got := errorsSentence(in.Routing); got != "What the categoriser's errors would change is not known: no sample." {
		t.Errorf("without a sample it says %q", got)
	}
	for i := range in.Routing.Routes {
		in.Routing.Routes[i].Decision = "keep"
	}
	if got := errorsSentence(in.Routing); got != "" {
		t.Errorf("without a switch it says %q", got)
	}
}
