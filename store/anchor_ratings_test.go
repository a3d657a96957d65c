package store

import (
	"errors"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// importAnchors imports ratings given again, and gives how many were stored and the
// reasons of those that were refused.
func importAnchors(t testing.TB, s *Store, answers eval.Answers, ratings ...eval.Rating) (stored int, refused []string) {
	t.Helper()
	must(t, s.ImportAnchorRatings(t.Context(), "again.csv", answers, testTime.AddDate(0, 3, 0), func(take func(eval.Rating) (bool, error)) (ImportedFile, error) {
		for _, rating := range ratings {
			took, err := take(rating)
			if row, ok := errors.AsType[*audit.RowError](err); ok {
				refused = append(refused, row.Field)
				continue
			}
			must(t, err)
			if took {
				stored++
			}
		}
		return ImportedFile{Rows: len(ratings), Imported: stored}, nil
	}))
	return stored, refused
}

func TestAnchorRatings(t *testing.T) {
	s := newPilot(t, t.TempDir()+"/modeltrial.db", 2, 1)
	tasks, err := s.SampleTasks(t.Context(), audit.Coding, nil)
	must(t, err)
	rated := given(tasks[0].ID, "next", eval.PrefersB, eval.SideA)
	rated.RatedAt = testTime
	if _, _, rejected := importRatings(t, s, rated); len(rejected) > 0 {
		t.Fatalf("the pilot's own rating was rejected: %v", rejected)
	}
	again := rated
	again.RatedAt = testTime.AddDate(0, 2, 0)
	corrected := again
	corrected.Score, corrected.Verdict = 0, eval.PrefersA
	later := again
	later.RatedAt = again.RatedAt.AddDate(0, 1, 0)
	undated := again
	undated.RatedAt = time.Time{}
	elsewhere := again
	elsewhere.TaskID = tasks[1].ID
	turned := later.Flipped()

	if stored, refused := importAnchors(t, s, eval.FrozenAnswers, again, again, rated, elsewhere, corrected, turned, undated); stored != 3 || len(refused) != 2 || refused[0] != "rated_at" || refused[1] != "task_id" {
		t.Errorf("got %d stored and %v refused, want the first, its correction and the later one, not the pilot's own and not one that it never compared", stored, refused)
	}
	if stored, _ := importAnchors(t, s, eval.FreshAnswers, again); stored != 1 {
		t.Errorf("got %d stored of fresh answers, want 1", stored)
	}
	got, err := s.AnchorRatings(t.Context())
	must(t, err)
	if len(got) != 3 {
		t.Fatalf("got %+v, want two frozen rounds and a fresh one", got)
	}
	if first := got[0]; first.Score != 0 || first.Answers != eval.FrozenAnswers || first.Round != "2026-05" || first.Category != audit.Coding || first.ArmA != "now" {
		t.Errorf("got %+v, want the correction of May 2026", first)
	}
	if second := got[1]; second.Score != 1 || second.Round != "2026-06" || second.ArmB != "next" {
		t.Errorf("got %+v, want that of June as it was given, turned round", second)
	}
	if third := got[2]; third.Answers != eval.FreshAnswers {
		t.Errorf("got %+v, want the fresh one", third)
	}
	if ratings := count(t, s, `SELECT count(*) FROM ratings`); ratings != 1 {
		t.Errorf("the pilot has %d ratings, want its own alone", ratings)
	}
	if _, err := s.writer.ExecContext(t.Context(), `UPDATE anchor_ratings SET score = 1`); err == nil {
		t.Error("a rating of an anchor can be changed")
	}
}
