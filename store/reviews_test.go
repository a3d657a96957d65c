package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store/storetest"
)

// categorise imports tasks with these ids and gives them a category.
func categorise(t *testing.T, s *Store, source audit.CategorySource, category audit.Category, probability float64, ids ...string) {
	t.Helper()
	updates := make([]CategoryUpdate, len(ids))
	for i, id := range ids {
		importTasks(t, s, audit.Task{ID: id, Prompt: "do " + id})
		updates[i] = CategoryUpdate{TaskID: id, Category: category, Source: source, Probability: probability}
	}
	must(t, s.SetCategories(t.Context(), updates))
}

func category(t *testing.T, s *Store, id string) (audit.Category, audit.CategorySource) {
	t.Helper()
	task, err := s.Task(t.Context(), id)
	must(t, err)
	return task.Category, task.CategorySource
}

func TestReviewIsNeverOverwritten(t *testing.T) {
	s := newTest(t)
	categorise(t, s, audit.CategoryFromLocal, audit.Math, 0.4, "a", "b")
	logged := addTasks(t, s, audit.Coding, 1)[0]
	outcome, err := s.Review(t.Context(), []Correction{{"a", audit.Creative}, {"b", audit.Math}}, testTime)
	must(t, err)
	if outcome != (ReviewOutcome{Changed: 1, Confirmed: 1}) {
		t.Errorf("outcome %+v", outcome)
	}
	for _, source := range []audit.CategorySource{audit.CategoryFromLocal, audit.CategoryFromModel} {
		must(t, s.SetCategories(t.Context(), []CategoryUpdate{
			{TaskID: "a", Category: audit.General, Source: source, Probability: 1},
			{TaskID: logged, Category: audit.General, Source: source, Probability: 1},
		}))
		if got, by := category(t, s, "a"); got != audit.Creative || by != audit.CategoryFromReview {
			t.Errorf("%s changed a person's word to %s by %s", source, got, by)
		}
		if got, by := category(t, s, logged); got != audit.Coding || by != audit.CategoryFromLog {
			t.Errorf("%s changed the log's word to %s by %s", source, got, by)
		}
	}
	// A second correction changes the first, and the machine's guess stays.
	if outcome, err = s.Review(t.Context(), []Correction{{"a", audit.General}}, testTime.Add(time.Hour)); err != nil || outcome.Changed != 1 {
		t.Errorf("outcome %+v, error %v", outcome, err)
	}
	var got []ReviewedTask
	must(t, s.EachReview(t.Context(), func(r ReviewedTask) error {
		r.Task = audit.Task{ID: r.Task.ID, Category: r.Task.Category, Prompt: r.Task.Prompt}
		got = append(got, r)
		return nil
	}))
	want := []ReviewedTask{
		{audit.Task{ID: "a", Category: audit.General, Prompt: "do a"}, audit.Math, audit.CategoryFromLocal, false},
		{audit.Task{ID: "b", Category: audit.Math, Prompt: "do b"}, audit.Math, audit.CategoryFromLocal, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reviews (-want +got):\n%s", diff)
	}
}

func TestReviewIsAllOrNothing(t *testing.T) {
	s := newTest(t)
	categorise(t, s, audit.CategoryFromLocal, audit.Math, 0.4, "a")
	if _, err := s.Review(t.Context(), []Correction{{"a", audit.Creative}, {"nobody", audit.Math}}, testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %v, want eval.ErrNotFound", err)
	}
	if got, by := category(t, s, "a"); got != audit.Math || by != audit.CategoryFromLocal {
		t.Errorf("half of the corrections were stored: %s by %s", got, by)
	}
}

func TestDraws(t *testing.T) {
	s := newTest(t)
	categorise(t, s, audit.CategoryFromLocal, audit.Math, 0.4, "a", "b")
	categorise(t, s, audit.CategoryFromModel, audit.Math, 1, "c")
	addTasks(t, s, audit.Coding, 2) // the log's word is not the machine's
	drawable := func() (ids []string) {
		must(t, s.EachDrawable(t.Context(), func(id string) error { ids = append(ids, id); return nil }))
		slices.Sort(ids)
		return ids
	}
	if got := drawable(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("drawable %q", got)
	}
	must(t, s.SaveDraw(t.Context(), ReviewDraw{Seed: 1<<63 + 1, Population: 3, TaskIDs: []string{"b", "a"}, DrawnAt: testTime}))
	if got := drawable(); !slices.Equal(got, []string{"c"}) {
		t.Errorf("drawable after a draw %q", got)
	}
	if err := s.SaveDraw(t.Context(), ReviewDraw{TaskIDs: []string{"c", "b"}, DrawnAt: testTime}); err == nil {
		t.Error("a task was drawn twice")
	}
	_, err := s.Review(t.Context(), []Correction{{"b", audit.Math}}, testTime)
	must(t, err)
	got, err := s.Draws(t.Context())
	must(t, err)
	if want := (DrawSummary{Draws: 1, Drawn: 2, Reviewed: 1, Population: 3, LastDrawn: &testTime}); !cmp.Equal(want, got) {
		t.Errorf("draws %s", cmp.Diff(want, got))
	}
	counts, err := s.CategoryCounts(t.Context())
	must(t, err)
	wantCounts := []CategoryCount{
		{audit.Coding, audit.CategoryFromLog, 2},
		{audit.Math, audit.CategoryFromLocal, 1},
		{audit.Math, audit.CategoryFromModel, 1},
		{audit.Math, audit.CategoryFromReview, 1},
	}
	if diff := cmp.Diff(wantCounts, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// TestOpenReviews looks for what waits for a person: the sample in its order, then the
// unsure ones, the least probable first, and none that a person, the log or a model
// has sorted.
func TestOpenReviews(t *testing.T) {
	s := newTest(t)
	categorise(t, s, audit.CategoryFromLocal, audit.Math, 0.6, "b", "a")
	categorise(t, s, audit.CategoryFromLocal, audit.Math, 0.2, "least", "said")
	categorise(t, s, audit.CategoryFromLocal, audit.Math, 0.7, "sure", "drawn-2", "drawn-1", "drawn-3")
	categorise(t, s, audit.CategoryFromModel, audit.Math, 0.1, "asked")
	must(t, s.SaveDraw(t.Context(), ReviewDraw{TaskIDs: []string{"drawn-1", "drawn-2", "drawn-3"}, DrawnAt: testTime}))
	_, err := s.Review(t.Context(), []Correction{{"drawn-2", audit.Coding}, {"said", audit.Coding}}, testTime)
	must(t, err)
	sampled, unsure, err := s.OpenReviews(t.Context(), 0.7)
	must(t, err)
	if want := []string{"drawn-1", "drawn-3"}; !slices.Equal(sampled, want) {
		t.Errorf("sampled %q, want %q", sampled, want)
	}
	if want := []string{"least", "b", "a"}; !slices.Equal(unsure, want) {
		t.Errorf("unsure %q, want %q", unsure, want)
	}
}

func TestUnsureTasks(t *testing.T) {
	s := newTest(t)
	categorise(t, s, audit.CategoryFromLocal, audit.Math, 0.6, "b", "a")
	categorise(t, s, audit.CategoryFromLocal, audit.Math, 0.7, "sure")
	categorise(t, s, audit.CategoryFromModel, audit.Math, 0.1, "asked")
	categorise(t, s, audit.CategoryFromLocal, audit.Math, 0.1, "sampled")
	must(t, s.SaveDraw(t.Context(), ReviewDraw{TaskIDs: []string{"sampled"}, DrawnAt: testTime}))
	var got []string
	must(t, s.EachUnsure(t.Context(), 0.7, func(task audit.Task) error { got = append(got, task.ID+": "+task.Prompt); return nil }))
	if !slices.Equal(got, []string{"b: do b", "a: do a"}) {
		t.Errorf("unsure %q", got)
	}
}

func TestLocalModel(t *testing.T) {
	s := newTest(t)
	if _, err := s.LocalModel(t.Context()); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %v, want eval.ErrNotFound", err)
	}
	for _, want := range []LocalModel{{"one", []byte{0, 1}, "{}", testTime, false}, {"two", []byte{2}, "{1}", testTime.Add(time.Hour), false}} {
		must(t, s.SaveLocalModel(t.Context(), want))
		got, err := s.LocalModel(t.Context())
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		must(t, s.UseLocalModel(t.Context()))
		if got, err := s.LocalModel(t.Context()); err != nil || !got.InUse {
			t.Errorf("in use %v, error %v", got.InUse, err)
		}
	}
	must(t, s.DropLocalModel(t.Context()))
	if _, err := s.LocalModel(t.Context()); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %v, want eval.ErrNotFound", err)
	}
}

// The schema of tasks is edited in place: it must still be one that SQLite reads.
func TestSchemaIsSound(t *testing.T) {
	storetest.NeedsFile(t)
	s := newTest(t)
	findings, err := s.Check(t.Context())
	must(t, err)
	if len(findings) > 0 {
		t.Errorf("%q", findings)
	}
	var sql string
	must(t, s.reader.GetContext(t.Context(), &sql, `SELECT sql FROM sqlite_schema WHERE name = 'tasks'`))
	if want := "IN ('', 'log', 'local', 'model', 'review')"; !strings.Contains(sql, want) {
		t.Errorf("no %q in %s", want, sql)
	}
	if _, err := s.writer.ExecContext(t.Context(), `UPDATE sqlite_schema SET sql = sql WHERE name = 'tasks'`); err == nil {
		t.Error("the schema can be written after the migration")
	}
}
