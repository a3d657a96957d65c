package store

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"strings"

	"github.com/jmoiron/sqlx"

	"modeltrial/eval"
)

// rowsPerCopy and argumentsPerCopy bound a statement of a copy; SQLite takes 32,766
// arguments.
const (
	rowsPerCopy      = 200
	argumentsPerCopy = 30_000
)

// CopyTo copies the workspace into another database, of the same kind or the other, which
// holds nothing yet: all of it in one transaction, or nothing. Each table is read back and
// compared by the number of its rows and a checksum over them. progress is told the rows
// copied and all; it may be nil. What PostgreSQL cannot store in a text, NUL and broken
// UTF-8, is replaced by U+FFFD.
func (s *Store) CopyTo(ctx context.Context, target *Store, progress func(done, total int)) (copied eval.DatabaseCopy, err error) {
	copied = eval.DatabaseCopy{From: s.Name(), To: target.Name()}
	from, err := s.snapshot(ctx)
	if err != nil {
		return copied, err
	}
	defer func() { _ = from.Rollback() }() // it was only read
	tables, err := s.tables(ctx, from)
	if err != nil {
		return copied, err
	}
	total := 0
	counts := make([]int, len(tables))
	for i, t := range tables {
		if err := from.GetContext(ctx, &counts[i], `SELECT count(*) FROM `+quotedName(t.name)); err != nil {
			return copied, err
		}
		total += counts[i]
	}
	err = target.write(ctx, func(to *transaction) error {
		if err := target.refuseFull(ctx, to, tables); err != nil {
			return err
		}
		restore, err := target.withoutTriggers(ctx, to)
		if err != nil {
			return err
		}
		done := 0
		for i, t := range tables {
			c := tableCopy{table: t, clean: s.dialect == postgresDialect || target.dialect == postgresDialect}
			sum, err := c.copy(ctx, from, to, func() {
				if done++; progress != nil {
					progress(done, total)
				}
			})
			if err != nil {
				return fmt.Errorf("copy %s: %w", t.name, err)
			}
			there, rows, err := c.sum(ctx, to.tx)
			if err != nil {
				return fmt.Errorf("read %s back: %w", t.name, err)
			}
			if rows != counts[i] || there != sum {
				return fmt.Errorf("copy %s: the copy has %d rows with checksum %s, the original %d with %s; nothing was kept", t.name, rows, there, counts[i], sum)
			}
			copied.Tables = append(copied.Tables, eval.CopiedTable{TableRows: eval.TableRows{Name: t.name, Rows: int64(rows)}, SHA256: sum})
		}
		return restore()
	})
	if err != nil {
		return copied, fmt.Errorf("copy the database to %s: %w", target.Name(), target.Explain(err))
	}
	return copied, nil
}

// snapshot is a transaction that reads one moment.
func (s *Store) snapshot(ctx context.Context) (*sqlx.Tx, error) {
	tx, err := s.reader.BeginTxx(ctx, snapshotOptions(s.dialect))
	if err != nil {
		return nil, s.Explain(err)
	}
	return tx, nil
}

// refuseFull fails where a database holds anything.
func (s *Store) refuseFull(ctx context.Context, tx *transaction, tables []table) error {
	for _, t := range tables {
		var there bool
		if err := tx.GetContext(ctx, &there, `SELECT EXISTS (SELECT 1 FROM `+quotedName(t.name)+`)`); err != nil {
			return err
		}
		if there && t.name != "committed" { // which has its one row from the beginning
			return fmt.Errorf("it is not empty: table %s has rows; name a new database", t.name)
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM committed`)
	return err
}

// withoutTriggers turns off what would count rows that are copied with their counts, and
// gives the function that turns it on again and has new rows numbered after the last.
func (s *Store) withoutTriggers(ctx context.Context, tx *transaction) (restore func() error, err error) {
	if s.dialect == sqliteDialect {
		var triggers []struct {
			Name string `db:"name"`
			SQL  string `db:"sql"`
		}
		if err := tx.SelectContext(ctx, &triggers, `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`); err != nil {
			return nil, err
		}
		for _, trigger := range triggers {
			if _, err := tx.tx.ExecContext(ctx, `DROP TRIGGER `+quotedName(trigger.Name)); err != nil {
				return nil, err
			}
		}
		return func() error {
			for _, trigger := range triggers {
				if _, err := tx.tx.ExecContext(ctx, trigger.SQL); err != nil {
					return err
				}
			}
			return nil
		}, nil
	}
	tables, err := s.tables(ctx, tx.tx)
	if err != nil {
		return nil, err
	}
	each := func(statement string) error {
		for _, t := range tables {
			if _, err := tx.tx.ExecContext(ctx, fmt.Sprintf(statement, quotedName(t.name))); err != nil {
				return err
			}
		}
		return nil
	}
	return func() error {
		return errors.Join(each(`ALTER TABLE %s ENABLE TRIGGER USER`), s.numberOn(ctx, tx))
	}, each(`ALTER TABLE %s DISABLE TRIGGER USER`)
}

// numberOn has new rows numbered after the last of each table.
func (s *Store) numberOn(ctx context.Context, tx *transaction) error {
	var numbered []struct {
		Table  string `db:"table_name"`
		Column string `db:"column_name"`
	}
	err := tx.SelectContext(ctx, &numbered, `
SELECT CAST(table_name AS text) AS table_name, CAST(column_name AS text) AS column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND is_identity = 'YES'`)
	if err != nil {
		return err
	}
	for _, n := range numbered {
		_, err := tx.tx.ExecContext(ctx, fmt.Sprintf(`SELECT setval(pg_get_serial_sequence('%s', '%s'), coalesce(max(%s), 0) + 1, false) FROM %s`,
			n.Table, n.Column, quotedName(n.Column), quotedName(n.Table)))
		if err != nil {
			return err
		}
	}
	return nil
}

// A tableCopy copies one table.
type tableCopy struct {
	table

	clean bool // texts are those that PostgreSQL can store
}

// rows reads the table in the order of its key.
func (c *tableCopy) rows(ctx context.Context, from *sqlx.Tx, do func(values []any) error) (err error) {
	rows, err := from.QueryxContext(ctx, `SELECT `+quotedNames(c.columns)+` FROM `+quotedName(c.name)+` ORDER BY `+quotedNames(c.key))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		values, err := rows.SliceScan()
		if err != nil {
			return err
		}
		if c.clean {
			for i, value := range values {
				if text, ok := value.(string); ok {
					values[i] = plainText(text)
				}
			}
		}
		if err := do(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// copy copies the rows and gives their checksum.
func (c *tableCopy) copy(ctx context.Context, from *sqlx.Tx, to *transaction, moved func()) (string, error) {
	sum := sha256.New()
	atOnce := min(rowsPerCopy, argumentsPerCopy/len(c.columns))
	row := `(` + strings.TrimPrefix(strings.Repeat(`, ?`, len(c.columns)), `, `) + `)`
	insert := `INSERT INTO ` + quotedName(c.name) + ` (` + quotedNames(c.columns) + `) VALUES `
	var arguments []any
	flush := func() error {
		n := len(arguments) / len(c.columns)
		if n == 0 {
			return nil
		}
		_, err := to.tx.ExecContext(ctx, insert+row+strings.Repeat(`, `+row, n-1), arguments...)
		arguments = arguments[:0]
		return err
	}
	err := c.rows(ctx, from, func(values []any) error {
		hashRow(sum, values)
		arguments = append(arguments, values...)
		moved()
		if len(arguments) < atOnce*len(c.columns) {
			return nil
		}
		return flush()
	})
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, flush())
}

// sum reads a table and gives its checksum and number of rows.
func (c *tableCopy) sum(ctx context.Context, from *sqlx.Tx) (checksum string, rows int, err error) {
	sum := sha256.New()
	err = c.rows(ctx, from, func(values []any) error {
		hashRow(sum, values)
		rows++
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil)), rows, err
}

// hashRow adds a row to a checksum: of each value its kind, its length and its bytes.
func hashRow(sum hash.Hash, values []any) {
	var head [9]byte
	add := func(kind byte, number uint64, bytes []byte) {
		head[0] = kind
		binary.BigEndian.PutUint64(head[1:], number)
		_, _ = sum.Write(head[:]) // a hash never fails
		_, _ = sum.Write(bytes)
	}
	for _, value := range values {
		switch v := driver.Value(value).(type) {
		case nil:
			add(0, 0, nil)
		case int64:
			add(1, uint64(v), nil)
		case float64:
			add(2, math.Float64bits(v), nil)
		case string:
			add(3, uint64(len(v)), []byte(v))
		case []byte:
			add(4, uint64(len(v)), v)
		default:
			panic(fmt.Sprintf("store: a column holds a %T", value)) // the schemas have no other
		}
	}
}

func quotedName(name string) string { return `"` + name + `"` }

func quotedNames(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }
