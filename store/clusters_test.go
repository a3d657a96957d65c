package store

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

func TestFoundClustersNeverTouchTheLogs(t *testing.T) {
	s := newTest(t)
	i, err := s.BeginImport(t.Context(), "log.csv")
	must(t, err)
	defer i.Rollback()
	for k, task := range []audit.Task{
		{ID: "a", Prompt: "reply to Anna about the kettle", Cost: new(2 * audit.USD)},
		{ID: "b", Prompt: "thread", Cluster: "thread-1"},
		{ID: "c", Prompt: "reply to Bob about the lamp", Cost: new(audit.USD)},
		{ID: "d", Prompt: "again", Conversation: []audit.Message{{Role: "user", Content: "first"}}, Cluster: ""},
		{ID: "e", Prompt: "thread, later", Cluster: "thread-1"},
	} {
		task.Category, task.CategorySource, task.Probability = audit.General, audit.CategoryFromLog, 1
		task.Origin.Line = k + 1
		_, err := i.Add(t.Context(), task)
		must(t, err)
	}
	must(t, i.Commit(t.Context(), ImportedFile{Path: "log.csv", Format: "csv", Rows: 5, Imported: 5}))

	read := func() (rows []int64, texts []string) {
		t.Helper()
		through, err := s.EachUnclustered(t.Context(), true, func(task UnclusteredTask) error {
			rows, texts = append(rows, task.Row), append(texts, fmt.Sprintf("%v %s", task.Found, task.Text))
			return nil
		})
		must(t, err)
		if through != 5 {
			t.Errorf("looked through row %d, want 5", through)
		}
		return rows, texts
	}
	rows, texts := read()
	want := []string{"false reply to Anna about the kettle", "false reply to Bob about the lamp", `false [{"role":"user","content":"first"}] again`}
	if !slices.Equal(texts, want) {
		t.Fatalf("texts %q, want %q", texts, want)
	}
	all := []FoundCluster{{rows[0], rows[0]}, {rows[1], rows[0]}, {2, rows[0]}} // row 2 is the log's
	must(t, s.SetFoundClusters(t.Context(), all, 5))
	clusters := clustersOf(t, s, audit.General)
	wantClusters := map[string]string{"a": "near:a", "c": "near:a", "b": "thread-1", "e": "thread-1"}
	if diff := cmp.Diff(wantClusters, clusters); diff != "" {
		t.Errorf("clusters (-want +got):\n%s", diff)
	}
	if _, texts := read(); texts[0] != "true reply to Anna about the kettle" {
		t.Errorf("a task of a found cluster reads %q", texts[0])
	}
	largest, err := s.LargestClusters(t.Context(), 1)
	must(t, err)
	wantLargest := audit.Clusters{Count: 2, Tasks: 4, Found: 1, Largest: []audit.Cluster{
		{Name: "near:a", Found: true, Tasks: 2, WithCost: 2, CostUSD: new(3.), Example: "reply to Anna about the kettle"},
	}}
	if diff := cmp.Diff(wantLargest, largest); diff != "" {
		t.Errorf("largest clusters (-want +got):\n%s", diff)
	}
	must(t, s.SetFoundClusters(t.Context(), []FoundCluster{{Row: rows[0]}, {Row: rows[1]}, {Row: 2}}, 5))
	clusters = clustersOf(t, s, audit.General)
	if diff := cmp.Diff(map[string]string{"b": "thread-1", "e": "thread-1"}, clusters); diff != "" {
		t.Errorf("clusters after they were taken back (-want +got):\n%s", diff)
	}
}

// clustersOf are the clusters of a category's tasks as a sample sees them, by task.
func clustersOf(t *testing.T, s *Store, category audit.Category) map[string]string {
	t.Helper()
	tasks, err := s.SampleTasks(t.Context(), category, nil)
	must(t, err)
	clusters := map[string]string{}
	for _, task := range tasks {
		if task.Cluster != "" {
			clusters[task.ID] = task.Cluster
		}
	}
	return clusters
}

// TestNewTasksAreLookedAtBesideLeaders has an earlier look, a pilot's sample and new tasks.
func TestNewTasksAreLookedAtBesideLeaders(t *testing.T) {
	s := newTest(t)
	add := func(ids ...string) {
		t.Helper()
		i, err := s.BeginImport(t.Context(), "log.csv")
		must(t, err)
		defer i.Rollback()
		for k, id := range ids {
			task := audit.Task{ID: id, Prompt: "prompt " + id, Category: audit.General, CategorySource: audit.CategoryFromLog, Probability: 1}
			task.Origin.Line = k + 1
			_, err := i.Add(t.Context(), task)
			must(t, err)
		}
		must(t, i.Commit(t.Context(), ImportedFile{Path: "log.csv", Format: "csv"}))
	}
	look := func(anew bool) (texts []string) {
		t.Helper()
		_, err := s.EachUnclustered(t.Context(), anew, func(task UnclusteredTask) error {
			texts = append(texts, fmt.Sprintf("%d leads=%v found=%v", task.Row, task.Leads, task.Found))
			return nil
		})
		must(t, err)
		return texts
	}
	left := func(want int) {
		t.Helper()
		if got, err := s.NotLookedAt(t.Context()); err != nil || got != want {
			t.Errorf("%d tasks, %v were not looked at, want %d", got, err, want)
		}
	}
	add("a", "b", "c")
	left(3)
	must(t, s.SetFoundClusters(t.Context(), []FoundCluster{{1, 1}, {2, 1}}, 3))
	left(0)
	add("d", "e")
	left(2)
	_, err := s.LockProtocol(t.Context(), testProtocol, "", testTime)
	must(t, err)
	must(t, s.CreateBatch(t.Context(), 1, map[audit.Category][]string{audit.General: {"c", "d"}}, testTime))
	left(1)
	want := []string{"1 leads=true found=true", "3 leads=true found=false", "5 leads=false found=false"}
	if got := look(false); !slices.Equal(got, want) {
		t.Errorf("tasks to look at: %q, want %q", got, want)
	}
	if got := look(true); len(got) != 5 {
		t.Errorf("anew %q, want all 5 tasks", got)
	}
}

func TestWorkspaceKeyIsMadeOnce(t *testing.T) {
	s, other := newTest(t), newTest(t)
	first, err := s.WorkspaceKey(t.Context(), "users")
	must(t, err)
	again, err := s.WorkspaceKey(t.Context(), "users")
	must(t, err)
	elsewhere, err := other.WorkspaceKey(t.Context(), "users")
	must(t, err)
	if len(first) != 32 || !slices.Equal(first, again) || slices.Equal(first, elsewhere) {
		t.Errorf("keys %x, %x and of another workspace %x; want 32 bytes, the same, and others", first, again, elsewhere)
	}
}
