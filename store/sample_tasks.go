package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// SampleTasks lists the tasks of a category that can be in a batch, in a fixed order.
// With arms, only those for which each of them has a recorded answer.
func (s *Store) SampleTasks(ctx context.Context, category audit.Category, recordedArms []string) ([]eval.SampleTask, error) {
	query := strings.Builder{}
	query.WriteString(`SELECT t.id, t.team, t.cluster, t.logged_at FROM tasks t WHERE t.category = ? AND t.category <> ''`)
	arguments := []any{category}
	for _, arm := range recordedArms {
		query.WriteString(` AND EXISTS (SELECT 1 FROM recorded_answers r WHERE r.task_id = t.id AND r.arm = ?)`)
		arguments = append(arguments, arm)
	}
	query.WriteString(` ORDER BY t.id`)
	var rows []struct {
		ID       string `db:"id"`
		Team     string `db:"team"`
		Cluster  string `db:"cluster"`
		LoggedAt *int64 `db:"logged_at"`
	}
	if err := s.reader.SelectContext(ctx, &rows, query.String(), arguments...); err != nil {
		return nil, fmt.Errorf("read tasks of %s: %w", category, err)
	}
	tasks := make([]eval.SampleTask, len(rows))
	for i, row := range rows {
		tasks[i] = eval.SampleTask{ID: row.ID, Team: row.Team, Cluster: row.Cluster, LoggedAt: fromMicros(row.LoggedAt)}
	}
	return tasks, nil
}

// FirstLocked is when a protocol was locked first, from which the pilot's weeks count;
// eval.ErrNotFound where none is.
func (s *Store) FirstLocked(ctx context.Context) (time.Time, error) {
	var at int64
	err := s.reader.GetContext(ctx, &at, `SELECT locked_at FROM protocols ORDER BY version LIMIT 1`)
	if err != nil {
		return time.Time{}, fmt.Errorf("locked protocol: %w", notFound(err))
	}
	return time.UnixMicro(at).UTC(), nil
}
