package store

import (
	"context"
	"fmt"

	"modeltrial/audit"
)

// TextCounts counts the tasks that hold the texts on which claims about quality and
// editing could be tested.
func (s *Store) TextCounts(ctx context.Context) (audit.TextCounts, error) {
	var counts audit.TextCounts
	err := s.reader.GetContext(ctx, &counts, `
SELECT
    coalesce(sum(response <> ''), 0) AS responses,
    coalesce(sum(reference <> ''), 0) AS reference_answers,
    coalesce(sum(response <> '' AND final_text <> ''), 0) AS edited,
    coalesce(sum(response <> '' AND final_text = response), 0) AS unchanged
FROM tasks`)
	if err != nil {
		return counts, fmt.Errorf("count texts: %w", err)
	}
	return counts, nil
}
