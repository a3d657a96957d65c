package run

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"modeltrial/eval"
)

// TestSampleGivesEachClusterItsShare takes 600 tasks, of which a template
// makes 250 and another 90, and 130 come in pairs.
func TestSampleGivesEachClusterItsShare(t *testing.T) {
	t.Parallel()
	clusters := map[string]string{}
	for i := range 600 {
		id := fmt.Sprintf("t%03d", i)
		switch {
		case i < 250:
			clusters[id] = "large"
		case i < 340:
			clusters[id] = "small"
		case i < 470:
			clusters[id] = fmt.Sprintf("pair%d", i/2)
		}
	}
	var tasks []eval.SampleTask
	for i := range 600 {
		id := fmt.Sprintf("t%03d", i)
		tasks = append(tasks, eval.SampleTask{ID: id, Cluster: clusters[id]})
	}
	const weeks, perWeek = 4, 10
	chosen := map[string]int{}
	const draws = 3000
	for seed := range uint64(draws) {
		sample := SampleWeeks(tasks, weeks, perWeek, seed, "coding")
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
	for _, task := range tasks {
		id := task.ID
		if off := math.Abs(float64(chosen[id])-expect) / math.Sqrt(expect); off > 5 {
			t.Errorf("task %s is chosen %d times of %d, want about %.0f", id, chosen[id], draws, expect)
		}
	}
}

// TestSampleGivesEachTeamItsShare takes 400 tasks of three teams, whose templates make
// clusters of a half of each.
func TestSampleGivesEachTeamItsShare(t *testing.T) {
	t.Parallel()
	var tasks []eval.SampleTask
	for i := range 400 {
		task := eval.SampleTask{ID: fmt.Sprintf("t%03d", i), Team: "sales"}
		switch {
		case i < 40:
			task.Team = "legal"
		case i < 160:
			task.Team = ""
		}
		if i%2 == 0 {
			task.Cluster = "template of " + task.Team
		}
		tasks = append(tasks, task)
	}
	teams, clusters := map[string]string{}, map[string]string{}
	for _, task := range tasks {
		teams[task.ID], clusters[task.ID] = task.Team, task.Cluster
	}
	chosen := map[string]int{}
	const draws = 2000
	for seed := range uint64(draws) {
		of, inCluster := map[string]int{}, map[string]int{}
		for week, ids := range SampleWeeks(tasks, 4, 10, seed, "coding") {
			if len(ids) != 10 {
				t.Fatalf("week %d has %d tasks, want 10", week+1, len(ids))
			}
			for _, id := range ids {
				chosen[id]++
				of[teams[id]]++
				inCluster[clusters[id]]++
			}
		}
		// 40 of 400, a tenth: 4, 12 and 24, one more or less at the ends.
		for team, want := range map[string]int{"legal": 4, "": 12, "sales": 24} {
			if n := of[team]; n < want-1 || n > want+1 {
				t.Fatalf("seed %d: %d of team %q, want %d", seed, n, team, want)
			}
		}
		if n := inCluster["template of sales"]; n < 11 || n > 13 {
			t.Fatalf("seed %d: %d of the template of sales, want 12", seed, n)
		}
	}
	for _, task := range tasks {
		expect := float64(draws) / 10
		if off := math.Abs(float64(chosen[task.ID])-expect) / math.Sqrt(expect); off > 5 {
			t.Errorf("task %s is chosen %d times of %d, want about %.0f", task.ID, chosen[task.ID], draws, expect)
		}
	}
}

// TestSampleIsSimpleWithoutStrata: one team, and clusters of one, change nothing.
func TestSampleIsSimpleWithoutStrata(t *testing.T) {
	t.Parallel()
	plain := func(team, cluster string, ids ...string) (tasks []eval.SampleTask) {
		for _, id := range ids {
			task := eval.SampleTask{ID: id, Team: team}
			if cluster != "" {
				task.Cluster = cluster + id
			}
			tasks = append(tasks, task)
		}
		return tasks
	}
	ids := []string{"a", "b", "c", "d", "e", "f", "g"}
	want := SampleWeeks(plain("", "", ids...), 2, 2, 5, "math")
	if got := SampleWeeks(plain("sales", "own ", ids...), 2, 2, 5, "math"); !slices.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("sample %v, want %v", got, want)
	}
	several := plain("", "", ids...)
	several[0].Team, several[1].Cluster, several[2].Cluster = "legal", "x", "x"
	if all := SampleWeeks(several, 3, 9, 5, "math"); len(slices.Concat(all...)) != len(ids) {
		t.Errorf("a sample of more than there are has %v, want each task once", all)
	}
	if none := SampleWeeks(nil, 2, 3, 5, "math"); len(none) != 2 || len(none[0]) != 0 {
		t.Errorf("a sample of nothing is %v, want two empty weeks", none)
	}
}

func TestDrawWeekTakesFreshTasksFirst(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var tasks []eval.SampleTask
	for i := range 30 {
		task := eval.SampleTask{ID: fmt.Sprintf("t%02d", i)} // of the first ten the time is not known
		switch {
		case i >= 24:
			task.LoggedAt = since.Add(time.Duration(i-24) * time.Hour)
		case i >= 10:
			task.LoggedAt = since.Add(-time.Duration(i) * time.Minute)
		}
		tasks = append(tasks, task)
	}
	isFresh := func(id string) bool { return id >= "t24" }
	for _, c := range []struct{ perWeek, size, fresh int }{{4, 4, 4}, {6, 6, 6}, {10, 10, 6}, {40, 30, 6}} {
		ids, fresh := DrawWeek(tasks, since, c.perWeek, 3, "math", 2)
		counted := 0
		for _, id := range ids {
			if isFresh(id) {
				counted++
			}
		}
		if len(ids) != c.size || fresh != c.fresh || counted != c.fresh || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != c.size {
			t.Errorf("%d a week: got %v, %d of them fresh, want %d, %d of them fresh", c.perWeek, ids, fresh, c.size, c.fresh)
		}
	}
	again, _ := DrawWeek(tasks, since, 10, 3, "math", 2)
	if other, _ := DrawWeek(tasks, since, 10, 3, "math", 3); slices.Equal(again, other) {
		t.Error("two weeks draw the same")
	}
}
