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
    count(*) FILTER (WHERE response <> '') AS responses,
    count(*) FILTER (WHERE reference <> '') AS reference_answers,
    count(*) FILTER (WHERE response <> '' AND final_text <> '') AS edited,
    count(*) FILTER (WHERE response <> '' AND final_text = response) AS unchanged
FROM tasks`)
	if err != nil {
		return counts, fmt.Errorf("count texts: %w", err)
	}
	return counts, nil
}
