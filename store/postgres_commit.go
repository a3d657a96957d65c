package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"
)

// awayPause is how long what waits for a server leaves it alone.
const awayPause = 200 * time.Millisecond

// marks number the transactions of this process on a server. The id that a server gives
// does not name a transaction for good: after a crash another one may have that of one
// which was lost.
type marks struct {
	process string
	last    int64 // only the goroutine of the write queue uses it
}

// A mark is a transaction's own number, and the server's id of it.
type mark struct {
	number int64
	id     string // empty: it has written nothing
}

// setMark marks a transaction that has written something, and gives the server's id of it.
const setMark = `
INSERT INTO last_writes (process, mark) SELECT ?1, CAST(?2 AS bigint) WHERE pg_current_xact_id_if_assigned() IS NOT NULL
ON CONFLICT (process) DO UPDATE SET mark = excluded.mark, written_at = now()
RETURNING CAST(pg_current_xact_id() AS text)`

// next are the arguments of [setMark] for another transaction.
func (m *marks) next() (number int64, arguments []any) {
	m.last++
	return m.last, []any{m.process, m.last}
}

// mark marks a transaction.
func (s *Store) mark(tx *sqlx.Tx) (mark, error) {
	number, arguments := s.marks.next()
	var ids []string
	if err := tx.Select(&ids, setMark, arguments...); err != nil || len(ids) == 0 {
		return mark{}, err
	}
	return mark{number, ids[0]}, nil
}

// commit ends a transaction, which is marked where it is not yet. Where a server goes away
// meanwhile, nobody knows whether it did; the server is asked when it is back, so that
// nothing is written twice or taken for lost.
func (s *Store) commit(tx *sqlx.Tx, marked mark) error {
	if s.dialect == sqliteDialect {
		return tx.Commit()
	}
	if marked.id == "" {
		var err error
		if marked, err = s.mark(tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	err := tx.Commit()
	if err == nil || marked.id == "" || !isAway(err) {
		return err
	}
	for began := time.Now(); time.Since(began) < patience; time.Sleep(awayPause) {
		switch committed, known := s.wasCommitted(marked); {
		case committed:
			return nil
		case known:
			return err
		}
	}
	return fmt.Errorf("whether the last writes were stored is not known: %w", err)
}

// wasCommitted says what became of the last transaction of this process, where the server
// knows it by now.
func (s *Store) wasCommitted(marked mark) (committed, known bool) {
	var status string
	if err := s.reader.Get(&status, `SELECT coalesce(pg_xact_status(CAST(? AS xid8)), '')`, marked.id); err != nil {
		// A server that crashed before it wrote anything of the transaction says that its
		// id is in the future.
		failure, ok := errors.AsType[*pgconn.PgError](err)
		return false, ok && failure.Code == invalidParameterValue
	}
	if status != "committed" {
		return false, status == "aborted"
	}
	// It may be the id of another one by now.
	err := s.reader.Get(&committed, `SELECT EXISTS (SELECT 1 FROM last_writes WHERE process = ? AND mark = ?)`, s.marks.process, marked.number)
	return committed, err == nil
}

// dropMarks forgets the last transaction of this process, and those of processes that have
// ended without.
func (s *Store) dropMarks() {
	if s.marks.last == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// Where it fails another process does it.
	_, _ = s.writer.ExecContext(ctx, `DELETE FROM last_writes WHERE process = ? OR written_at < now() - interval '1 day'`, s.marks.process)
}

// invalidParameterValue is the code of PostgreSQL's error (its manual, appendix A).
const invalidParameterValue = "22023"
