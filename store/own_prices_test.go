package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
)

func TestOwnPricesAreNotedWhenTheyChange(t *testing.T) {
	s := newTest(t)
	stated := func(prices ...eval.ModelPrice) []eval.Provider {
		return []eval.Provider{{Name: "endpoint", Prices: prices}, {Name: "other"}}
	}
	dear := eval.ModelPrice{Model: "large", Input: "2", Output: "8", BatchInput: "1", BatchOutput: "4"}
	cheap := eval.ModelPrice{Model: "large", Input: "1", Output: "4"}
	small := eval.ModelPrice{Model: "small", Input: "0.1", Output: "0.4"}
	day := func(n int) time.Time { return testTime.AddDate(0, 0, n) }
	for i, providers := range [][]eval.Provider{stated(dear), stated(dear), stated(cheap, small), stated(cheap), stated(cheap), stated(dear)} {
		must(t, s.SeeOwnPrices(t.Context(), providers, day(i)))
	}
	got, err := s.OwnPrices(t.Context())
	must(t, err)
	want := []eval.SeenPrice{
		{Provider: "endpoint", Model: "large", Price: &dear, Seen: day(0)},
		{Provider: "endpoint", Model: "large", Price: &cheap, Seen: day(2)},
		{Provider: "endpoint", Model: "small", Price: &small, Seen: day(2)},
		{Provider: "endpoint", Model: "small", Seen: day(3)},
		{Provider: "endpoint", Model: "large", Price: &dear, Seen: day(5)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("prices (-want +got):\n%s", diff)
	}
}
