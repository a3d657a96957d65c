package run

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestSampleClustersGivesEachClusterItsShare takes 600 tasks, of which a template
// makes 250 and another 90, and 130 come in pairs.
func TestSampleClustersGivesEachClusterItsShare(t *testing.T) {
	t.Parallel()
	var ids []string
	clusters := map[string]string{}
	for i := range 600 {
		id := fmt.Sprintf("t%03d", i)
		ids = append(ids, id)
		switch {
		case i < 250:
			clusters[id] = "large"
		case i < 340:
			clusters[id] = "small"
		case i < 470:
			clusters[id] = fmt.Sprintf("pair%d", i/2)
		}
	}
	const weeks, perWeek = 4, 10
	chosen := map[string]int{}
	const draws = 3000
	for seed := range uint64(draws) {
		sample := SampleClusters(ids, clusters, weeks, perWeek, seed, "coding")
		of := map[string]int{}
		seen := map[string]bool{}
		for _, week := range sample {
			if len(week) != perWeek {
				t.Fatalf("a week has %d tasks, want %d", len(week), perWeek)
			}
			for _, id := range week {
				if seen[id] {
					t.Fatalf("task %s is in the sample twice", id)
				}
				seen[id] = true
				chosen[id]++
				of[clusters[id]]++
			}
		}
		// 40 of 600: 16.7 of the large cluster, 6 of the small, at most one of a pair.
		if n := of["large"]; n < 16 || n > 17 {
			t.Fatalf("seed %d: %d of the large cluster, want 16 or 17", seed, n)
		}
		if n := of["small"]; n < 5 || n > 7 {
			t.Fatalf("seed %d: %d of the small cluster, want 6, or one more or less at its ends", seed, n)
		}
	}
	// Each task is as likely as any other.
	expect := float64(draws) * weeks * perWeek / 600
	for _, id := range ids {
		if off := math.Abs(float64(chosen[id])-expect) / math.Sqrt(expect); off > 5 {
			t.Errorf("task %s is chosen %d times of %d, want about %.0f", id, chosen[id], draws, expect)
		}
	}
}

func TestSampleClustersIsSampleWeeksWithoutClusters(t *testing.T) {
	t.Parallel()
	ids := []string{"a", "b", "c", "d", "e", "f", "g"}
	want := SampleWeeks(ids, 2, 2, 5, "math")
	alone := map[string]string{"a": "x", "b": "y"}
	for _, clusters := range []map[string]string{nil, {}, alone} {
		if got := SampleClusters(ids, clusters, 2, 2, 5, "math"); !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("clusters %v: sample %v, want %v", clusters, got, want)
		}
	}
	if all := SampleClusters(ids, map[string]string{"a": "x", "b": "x"}, 3, 9, 5, "math"); len(slices.Concat(all...)) != len(ids) {
		t.Errorf("a sample of more than there are has %v, want each task once", all)
	}
	if none := SampleClusters(nil, nil, 2, 3, 5, "math"); len(none) != 2 || len(none[0]) != 0 {
		t.Errorf("a sample of nothing is %v, want two empty weeks", none)
	}
}
