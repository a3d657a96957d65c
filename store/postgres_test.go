package store

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store/storetest"
)

func TestArgumentsAreNumbered(t *testing.T) {
	for query, want := range map[string]string{
		`SELECT 1`:                            `SELECT 1`,
		`WHERE a = ? AND b = ?`:               `WHERE a = $1 AND b = $2`,
		`WHERE a = ?2 AND b = ?1 AND c = ?12`: `WHERE a = $2 AND b = $1 AND c = $12`,
		`WHERE a = '?' AND "b?" = ?`:          `WHERE a = '?' AND "b?" = $1`,
		`WHERE a = 'it''s ?' AND b = ?`:       `WHERE a = 'it''s ?' AND b = $1`,
		"SELECT ? -- why?\n, ?":               "SELECT $1 -- why?\n, $2",
		`SELECT a - ? -? --?`:                 `SELECT a - $1 -$2 --?`,
		`SELECT '?`:                           `SELECT '?`,
	} {
		for range 2 { // the second time from memory
			if got := numbered(query); got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
	}
}

// A schemaTable is what the two schemas must have in common.
type schemaTable struct {
	Name, Key, Points string
	Columns           []string // with their kind, and whether they may be null
	Unique            []string
}

// TestBothSchemasAreOne compares what migrations have made on SQLite and on PostgreSQL.
func TestBothSchemasAreOne(t *testing.T) {
	if !storetest.Postgres() {
		t.Skip("SKIPPED: needs " + storetest.ServerEnv)
	}
	file, err := Open(t.Context(), filepath.Join(t.TempDir(), "modeltrial.db"))
	must(t, err)
	defer func() { must(t, file.Close()) }()
	server := newTest(t)
	if difference := cmp.Diff(schemaOf(t, file), schemaOf(t, server)); difference != "" {
		t.Errorf("schemas (-SQLite +PostgreSQL):\n%s", difference)
	}
	var other []string
	must(t, server.reader.Select(&other, `
SELECT table_name || '.' || column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C' AND NOT starts_with(table_name, 'goose_')`))
	if len(other) > 0 {
		t.Errorf("%v sort in another way than in SQLite; give them COLLATE \"C\"", other)
	}
}

func schemaOf(t *testing.T, s *Store) []schemaTable {
	t.Helper()
	tx, err := s.snapshot(t.Context())
	must(t, err)
	defer func() { must(t, tx.Rollback()) }()
	tables, err := s.tables(t.Context(), tx)
	must(t, err)
	var all []schemaTable
	for _, of := range tables {
		shown := schemaTable{Name: of.name, Key: strings.Join(of.key, " "), Points: strings.Join(of.points, " ")}
		must(t, tx.Select(&shown.Columns, s.dialect.one(`
SELECT name || CASE type WHEN 'INTEGER' THEN ' number' WHEN 'TEXT' THEN ' text' WHEN 'REAL' THEN ' real' WHEN 'BLOB' THEN ' bytes' ELSE type END
    || CASE WHEN "notnull" = 1 OR pk > 0 THEN '' ELSE ' or null' END
FROM pragma_table_info(?) ORDER BY name`, `
SELECT attname || CASE format_type(atttypid, atttypmod) WHEN 'bigint' THEN ' number' WHEN 'text' THEN ' text' WHEN 'double precision' THEN ' real'
        WHEN 'bytea' THEN ' bytes' ELSE format_type(atttypid, atttypmod) END
    || CASE WHEN attnotnull THEN '' ELSE ' or null' END
FROM pg_attribute WHERE attrelid = CAST(CAST(? AS text) AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY CAST(attname AS text) COLLATE "C"`), of.name))
		must(t, tx.Select(&shown.Unique, s.dialect.one(`
SELECT (SELECT group_concat(i.name, ' ') FROM pragma_index_info(l.name) i) || CASE l.partial WHEN 1 THEN ' of some' ELSE '' END
FROM pragma_index_list(?) l WHERE l."unique" = 1 AND l.origin <> 'pk'`, `
SELECT (SELECT string_agg(a.attname, ' ' ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) || CASE WHEN i.indpred IS NULL THEN '' ELSE ' of some' END
FROM pg_index i WHERE i.indrelid = CAST(CAST(? AS text) AS regclass) AND i.indisunique AND NOT i.indisprimary`), of.name))
		slices.Sort(shown.Unique)
		all = append(all, shown)
	}
	slices.SortFunc(all, func(x, y schemaTable) int { return strings.Compare(x.Name, y.Name) })
	return all
}

// TestWhatWasPaidForOutlastsACrashedServer stores answers while the server crashes twice.
func TestWhatWasPaidForOutlastsACrashedServer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	server := storetest.NewServer(t)
	s, err := Open(t.Context(), server.Address)
	must(t, err)
	defer func() { must(t, s.Close()) }()
	ids := addTasks(t, s, "coding", 300)
	_, err = s.LockProtocol(t.Context(), testProtocol, "", testTime)
	must(t, err)
	must(t, s.CreateBatch(t.Context(), 1, map[audit.Category][]string{audit.Coding: ids}, testTime))

	var mu sync.Mutex
	var stored []eval.Cell
	work := make(chan eval.Cell)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for cell := range work {
				now := time.Now()
				for s.Reserve(t.Context(), cell, 10, 1_000_000, now, now.Add(time.Hour)) != nil {
					time.Sleep(20 * time.Millisecond) // a worker tries again
				}
				if err := s.SaveResponse(t.Context(), cell, measured(10), 0, now); err != nil {
					t.Errorf("an answer to %s was lost: %v", cell.TaskID, err)
					continue
				}
				mu.Lock()
				stored = append(stored, cell)
				mu.Unlock()
			}
		})
	}
	for i, id := range ids {
		work <- eval.Cell{TaskID: id, Category: audit.Coding, Arm: "now", Week: 1}
		if i == 100 || i == 200 {
			must(t, server.Crash())
			must(t, server.Start())
		}
	}
	close(work)
	group.Wait()
	if len(stored) != len(ids) {
		t.Errorf("%d answers were stored, want %d", len(stored), len(ids))
	}
	// Another process looks: of this one, a connection may not have been used since the crash.
	after, err := Open(t.Context(), server.Address)
	must(t, err)
	defer func() { must(t, after.Close()) }()
	if n := count(t, after, `SELECT count(*) FROM responses`); n != len(ids) {
		t.Errorf("the database has %d answers, want %d", n, len(ids))
	}
	if findings, err := after.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("got findings %v, %v", findings, err)
	}
}

// TestTroubleWithAServerIsExplained says what to do, and never a password.
func TestTroubleWithAServerIsExplained(t *testing.T) {
	_, err := Open(t.Context(), "postgres://ann:hunter2@127.0.0.1:1/none")
	wantError(t, err, "postgres://127.0.0.1:1/none", "cannot be reached")
	if !errors.Is(err, errAway) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	_, err = Open(t.Context(), "postgres://ann:hunter2@[bad/none")
	wantError(t, err, "the address cannot be read")
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	if !storetest.Postgres() {
		t.Skip("SKIPPED: the rest needs " + storetest.ServerEnv)
	}
	empty := storetest.Empty(t)
	_, err = OpenExisting(t.Context(), empty)
	wantError(t, err, "there is no workspace in it; run modeltrial init")
	_, err = Open(t.Context(), empty+"_which_is_not_there")
	wantError(t, err, "the server has no database of this name")
	foreign := newTest(t)
	must(t, foreign.write(t.Context(), func(tx *transaction) error {
		_, err := tx.ExecContext(t.Context(), `ALTER TABLE goose_db_version RENAME TO other`)
		return err
	}))
	_, err = Open(t.Context(), foreign.config.ConnString())
	wantError(t, err, "the tables of another program are in it")
}
