package ingest

import "testing"

func TestMoneyIsKnownByItsCurrency(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"$0.02": true, "US$ 1,234.50": true, "0,02 €": true, "EUR 1.5": true, "12 chf": true, "3'000.10 CHF": true, "¥120": true,
		"12": false, "0.02": false, "12 ms": false, "gpt 5": false, "abc12": false, "$": false, "30 pcs": false, "2026-11-24": false,
	} {
		if got := moneyPattern.MatchString(text); got != want {
			t.Errorf("%q is money: %v, want %v", text, got, want)
		}
	}
}
