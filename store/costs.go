package store

import (
	"context"
	"fmt"

	"modeltrial/audit"
)

// storedCostSource is how a task's cost source is stored: empty for the log's own.
func storedCostSource(task *audit.Task) audit.CostSource {
	if task.CostSource == audit.CostFromLog {
		return ""
	}
	return task.CostSource
}

// CostSources counts the tasks by where their cost comes from.
func (s *Store) CostSources(ctx context.Context) (audit.CostSources, error) {
	var counts audit.CostSources
	err := s.reader.QueryRowContext(ctx, `
SELECT
    (SELECT count(cost_nano_usd) FROM tasks),
    (SELECT count(*) FROM tasks),
    (SELECT count(*) FROM tasks WHERE cost_source <> '' AND cost_source = 'computed'),
    (SELECT count(*) FROM tasks WHERE cost_source <> '' AND cost_source = 'estimated')`,
	).Scan(&counts.FromLog, &counts.Unknown, &counts.Computed, &counts.Estimated)
	if err != nil {
		return counts, fmt.Errorf("count tasks by source of cost: %w", err)
	}
	counts.Unknown -= counts.FromLog
	counts.FromLog -= counts.Computed + counts.Estimated
	return counts, nil
}
