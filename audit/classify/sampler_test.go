package classify

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func drawSample(ids []string, size int, seed uint64) []string {
	s := NewSampler(size, seed)
	for _, id := range ids {
		s.Add(id)
	}
	return s.IDs()
}

func TestSampler(t *testing.T) {
	ids := make([]string, 100)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	turned := slices.Clone(ids)
	slices.Reverse(turned)
	first := drawSample(ids, 10, 7)
	if !slices.Equal(first, drawSample(turned, 10, 7)) {
		t.Error("the order of the ids changes the sample")
	}
	if slices.Equal(first, drawSample(ids, 10, 8)) {
		t.Error("the seed does not change the sample")
	}
	if !slices.Equal(first, drawSample(ids, 20, 7)[:10]) {
		t.Error("a larger sample does not begin with the smaller")
	}
	if all := drawSample(ids, 200, 7); len(all) != 100 || slices.Equal(all, ids) {
		t.Errorf("all of them: %d, in the order they came: %v", len(all), slices.Equal(all, ids))
	}
	if none := drawSample(ids, 0, 7); len(none) != 0 {
		t.Errorf("a sample of none: %q", none)
	}
}

// Each id is as likely as any other: chi-square of the counts over many seeds.
func TestSamplerIsFair(t *testing.T) {
	const population, size, seeds = 20, 5, 4000
	ids := make([]string, population)
	for i := range ids {
		ids[i] = fmt.Sprint("task-", i)
	}
	counts := map[string]int{}
	for seed := range seeds {
		for _, id := range drawSample(ids, size, uint64(seed)) {
			counts[id]++
		}
	}
	const expected = float64(seeds) * size / population
	chi := 0.0
	for _, id := range ids {
		chi += math.Pow(float64(counts[id])-expected, 2) / (expected * (1 - float64(size)/population))
	}
	// chi·(N−1)/N has 19 degrees of freedom; 43.8 is their 0.999 quantile.
	if chi*(population-1)/population > 43.8 {
		t.Errorf("chi-square %.1f of counts %v", chi, counts)
	}
}
