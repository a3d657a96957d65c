package store

import (
	"context"
	"encoding/json"
	"fmt"

	"modeltrial/eval"
)

// tableRow is a routing table as it is stored.
type tableRow struct {
	ID   int64  `db:"id"`
	Body string `db:"body"`
}

func (r tableRow) table() (eval.StoredTable, error) {
	stored := eval.StoredTable{ID: r.ID}
	if err := json.Unmarshal([]byte(r.Body), &stored.Table); err != nil {
		return stored, fmt.Errorf("routing table %d as stored: %w", r.ID, err)
	}
	return stored, nil
}

// RoutingTables gives every stored table, the oldest first.
func (s *Store) RoutingTables(ctx context.Context) ([]eval.StoredTable, error) {
	var tables []eval.StoredTable
	err := each(ctx, s, "routing tables", func(row tableRow) error {
		table, err := row.table()
		tables = append(tables, table)
		return err
	}, `SELECT id, body FROM routing_tables ORDER BY id`)
	return tables, err
}

// RoutingTable is one stored table, or for number 0 the latest; eval.ErrNotFound where
// there is none.
func (s *Store) RoutingTable(ctx context.Context, number int64) (eval.StoredTable, error) {
	var row tableRow
	err := s.reader.GetContext(ctx, &row, `
SELECT id, body FROM routing_tables WHERE CAST(? AS BIGINT) IN (0, id) ORDER BY id DESC LIMIT 1`, number)
	if err != nil {
		return eval.StoredTable{}, fmt.Errorf("routing table %d: %w", number, notFound(err))
	}
	return row.table()
}
