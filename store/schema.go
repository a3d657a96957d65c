package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
)

// A table is a table of the schema as a copy needs it.
type table struct {
	name    string
	columns []string // in the order of the names
	key     []string // the primary key, in its order
	points  []string // to these tables
}

// The parts of a schema, without what goose, River, a database and this package's connections
// to it keep for themselves.
const (
	sqliteTables = `
SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE 'goose\_%' ESCAPE '\' ORDER BY name`
	postgresTables = `
SELECT relname FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r'
    AND NOT starts_with(relname, 'goose_') AND NOT starts_with(relname, 'river_') AND relname <> 'last_writes'
ORDER BY relname COLLATE "C"`

	sqliteColumns   = `SELECT name FROM pragma_table_info(?) ORDER BY name`
	postgresColumns = `
SELECT CAST(attname AS text) FROM pg_attribute WHERE attrelid = CAST(CAST(? AS text) AS regclass) AND attnum > 0 AND NOT attisdropped
ORDER BY CAST(attname AS text) COLLATE "C"`

	sqliteKey   = `SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`
	postgresKey = `
SELECT CAST(a.attname AS text) FROM pg_constraint c CROSS JOIN unnest(c.conkey) WITH ORDINALITY AS k (attnum, place)
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
WHERE c.conrelid = CAST(CAST(? AS text) AS regclass) AND c.contype = 'p' ORDER BY k.place`

	sqlitePoints   = `SELECT DISTINCT "table" FROM pragma_foreign_key_list(?) ORDER BY "table"`
	postgresPoints = `
SELECT DISTINCT CAST(f.relname AS text) FROM pg_constraint c JOIN pg_class f ON f.oid = c.confrelid
WHERE c.conrelid = CAST(CAST(? AS text) AS regclass) AND c.contype = 'f' ORDER BY 1`
)

// tables are those of the workspace, each after all that it points to.
func (s *Store) tables(ctx context.Context, db sqlx.QueryerContext) ([]table, error) {
	var names []string
	if err := sqlx.SelectContext(ctx, db, &names, s.dialect.one(sqliteTables, postgresTables)); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	var left []table
	for _, name := range names {
		t := table{name: name}
		for _, part := range []struct {
			into  *[]string
			query string
		}{
			{&t.columns, s.dialect.one(sqliteColumns, postgresColumns)},
			{&t.key, s.dialect.one(sqliteKey, postgresKey)},
			{&t.points, s.dialect.one(sqlitePoints, postgresPoints)},
		} {
			if err := sqlx.SelectContext(ctx, db, part.into, part.query, name); err != nil {
				return nil, fmt.Errorf("read schema of %s: %w", name, err)
			}
		}
		left = append(left, t)
	}
	var ordered []table
	for len(left) > 0 {
		next := slices.IndexFunc(left, func(t table) bool {
			return !slices.ContainsFunc(left, func(other table) bool { return other.name != t.name && slices.Contains(t.points, other.name) })
		})
		if next < 0 {
			return nil, fmt.Errorf("read schema: the tables from %s on point to each other", left[0].name)
		}
		ordered, left = append(ordered, left[next]), slices.Delete(left, next, next+1)
	}
	return ordered, nil
}
