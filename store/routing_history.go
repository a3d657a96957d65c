package store

import (
	"context"
	"encoding/json"
	"fmt"

	"modeltrial/eval"
)

// RoutingHistory gives every routing table that was stored, the oldest first.
func (s *Store) RoutingHistory(ctx context.Context) ([]eval.RoutingTable, error) {
	var bodies []string
	if err := s.reader.SelectContext(ctx, &bodies, `SELECT body FROM routing_tables ORDER BY id`); err != nil {
		return nil, fmt.Errorf("read routing tables: %w", err)
	}
	tables := make([]eval.RoutingTable, len(bodies))
	for i, body := range bodies {
		if err := json.Unmarshal([]byte(body), &tables[i]); err != nil {
			return nil, fmt.Errorf("routing table %d as stored: %w", i+1, err)
		}
	}
	return tables, nil
}
