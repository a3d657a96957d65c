package store

import (
	"context"
	"errors"
	"fmt"
)

// each gives the rows of a query one after the other, so that memory stays flat.
// what names them in errors.
func each[Row any](ctx context.Context, s *Store, what string, do func(Row) error, query string, arguments ...any) (err error) {
	rows, err := s.reader.QueryxContext(ctx, query, arguments...)
	if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var row Row
		if err := rows.StructScan(&row); err != nil {
			return fmt.Errorf("read %s: %w", what, err)
		}
		if err := do(row); err != nil {
			return err
		}
	}
	return rows.Err()
}
