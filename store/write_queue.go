package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// A writeQueue commits the small writes of many callers together: what waits while
// one transaction is synced to disk goes into the next, so that a sync, which takes
// milliseconds, is shared by all that are in flight (group commit; DeWitt et al. 1984,
// "Implementation Techniques for Main Memory Database Systems", section 5.2). One
// goroutine writes. Each write sees those before it; one that fails leaves nothing behind
// and does not hurt the others, but all of its transaction are done again for that, each in
// a savepoint of its own: nearly always nothing fails, and savepoints take longer than many
// a write.
type writeQueue struct {
	store   *Store
	drained chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex
	changed *sync.Cond
	waiting []*queuedWrite
	closed  bool

	// prepared are the statements of earlier transactions; only the goroutine uses them.
	prepared map[string]*sqlx.Stmt
	// again counts the transactions that were done again, write by write; only the
	// goroutine changes it.
	again int
	last  int // writes of the last transaction; only the goroutine uses it
}

// A queuedWrite is a write of one caller.
type queuedWrite struct {
	do       func(*transaction) error
	usual    []step     // what do nearly always comes to; may be nil
	patience time.Time  // until when it waits for another process's write, or a server that is away
	outcome  chan error // takes one, after the commit
}

// panicked is a panic of a write, for its caller to go on with.
type panicked struct{ value any }

func (p *panicked) Error() string { return fmt.Sprint(p.value) }

// errClosed is returned for a write after [Store.Close].
var errClosed = errors.New("the database is closed")

func newWriteQueue(s *Store) *writeQueue {
	q := &writeQueue{store: s, drained: make(chan struct{}), prepared: map[string]*sqlx.Stmt{}}
	q.changed = sync.NewCond(&q.mu)
	go func() {
		defer close(q.drained)
		for q.wait() {
			q.gather()
			q.commit()
		}
	}()
	return q
}

// add runs a function in a transaction that it may share, and returns after the
// commit. Where the context ends before the function was called, it never is; later
// the outcome is awaited. The function runs in another goroutine; its statements are
// not interrupted by a context, since SQLite would roll back what others share. Where there
// are usual steps they are tried first.
func (q *writeQueue) add(ctx context.Context, patience time.Duration, do func(*transaction) error, usual ...step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &queuedWrite{do: do, usual: usual, patience: time.Now().Add(patience), outcome: make(chan error, 1)}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return errClosed
	}
	q.waiting = append(q.waiting, w)
	q.mu.Unlock()
	q.changed.Signal()

	var err error
	select {
	case err = <-w.outcome:
	case <-ctx.Done():
		if q.withdraw(w) {
			return ctx.Err()
		}
		err = <-w.outcome
	}
	if p, ok := errors.AsType[*panicked](err); ok {
		panic(p.value)
	}
	return err
}

// withdraw takes a write back, unless it is under way.
func (q *writeQueue) withdraw(w *queuedWrite) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.waiting, w)
	if at < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, at, at+1)
	return true
}

// wait returns when something waits, and false when the queue is closed and empty.
func (q *writeQueue) wait() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.changed.Wait()
	}
	return len(q.waiting) > 0
}

// A file is synced by one transaction after the other, each of which takes much processor
// time beside that of its writes, so that few large ones leave more to the calls than many
// small ones (commit delay; PostgreSQL documentation, "WAL Configuration"). A server does
// so by itself.
const (
	gatherTime  = 2 * time.Millisecond
	gatherLooks = 4  // how often it is looked meanwhile whether there are enough
	gathered    = 32 // writes that are enough not to wait for more
)

// gather waits a moment for company where the last transaction had some: one who writes
// alone does not wait.
func (q *writeQueue) gather() {
	if q.last < 2 || q.store.dialect != sqliteDialect {
		return
	}
	for range gatherLooks {
		q.mu.Lock()
		enough := q.closed || len(q.waiting) >= gathered
		q.mu.Unlock()
		if enough {
			return
		}
		time.Sleep(gatherTime / gatherLooks)
	}
}

// close takes nothing more and returns when all that waits is written.
func (q *writeQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.changed.Signal()
	<-q.drained
}

// commit writes all that waits in one transaction. The writes are taken after it has
// begun, which may take a while where another process writes.
func (q *writeQueue) commit() {
	ctx := context.Background()
	conn, err := q.store.writer.Connx(ctx)
	if err != nil {
		q.refuse(q.store.Explain(err))
		return
	}
	tx, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		_ = conn.Close() // the failure is what matters
		q.refuse(q.store.Explain(err))
		return
	}
	q.mu.Lock()
	batch := q.waiting
	q.waiting = nil
	q.mu.Unlock()
	q.last = len(batch)

	shared := q.sharing(tx)
	marked, broken := q.write(conn, shared, batch)
	outcomes := make([]error, len(batch))
	if broken != nil {
		q.again++
		_ = tx.Rollback() // SQLite may have done it already
		if tx, err = conn.BeginTxx(ctx, nil); err != nil {
			_ = conn.Close()
			q.putBack(batch)
			q.refuse(q.store.Explain(err))
			return
		}
		marked, shared = mark{}, q.sharing(tx)
		broken = q.writeApart(shared, batch, outcomes)
	}
	if broken != nil {
		_ = tx.Rollback()
	} else {
		broken = q.store.commit(tx, marked)
	}
	_ = conn.Close() // it goes back to its pool
	broken = q.store.Explain(broken)
	var later []*queuedWrite // for nothing of them is stored
	for i, w := range batch {
		if outcomes[i] == nil {
			outcomes[i] = broken
		}
		if errors.Is(broken, errAway) && time.Now().Before(w.patience) {
			later = append(later, w)
			continue
		}
		w.outcome <- outcomes[i]
	}
	q.putBack(later)
	q.keepPrepared(shared)
}

// putBack has writes wait again, before those that came meanwhile.
func (q *writeQueue) putBack(writes []*queuedWrite) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(writes, q.waiting...)
}

func (q *writeQueue) sharing(tx *sqlx.Tx) *transaction {
	return &transaction{tx: tx, statements: map[string]*sqlx.Stmt{}, prepared: q.prepared, shared: true}
}

// write does the writes of a batch up to the first that fails.
func (q *writeQueue) write(conn *sqlx.Conn, shared *transaction, batch []*queuedWrite) (marked mark, err error) {
	var steps []step
	for _, w := range batch {
		steps = append(steps, w.usual...)
	}
	if marked, err = q.asUsual(conn, shared, steps); err != nil {
		return mark{}, err
	}
	for _, w := range batch {
		if w.usual != nil {
			continue
		}
		if err := recovered(shared, w.do); err != nil {
			return mark{}, err
		}
	}
	return marked, nil
}

// writeApart does each write of a batch in a savepoint of its own. broken is what ends
// the transaction for all.
func (q *writeQueue) writeApart(shared *transaction, batch []*queuedWrite, outcomes []error) (broken error) {
	for i, w := range batch {
		if outcomes[i], broken = shared.savepoint(w.do); broken != nil {
			return broken
		}
	}
	return nil
}

// refuse fails what waits for a transaction that could not begin. What has patience
// goes on waiting where another process writes or the server is away.
func (q *writeQueue) refuse(err error) {
	if errors.Is(err, errAway) {
		time.Sleep(awayPause)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.waiting = slices.DeleteFunc(q.waiting, func(w *queuedWrite) bool {
		if (errors.Is(err, errBusy) || errors.Is(err, errAway)) && now.Before(w.patience) {
			return false
		}
		w.outcome <- err
		return true
	})
}

// keepPrepared prepares a transaction's statements for all later ones. They are few:
// none of their texts is made from data. A transaction has the only connection, so
// that it cannot be done within.
func (q *writeQueue) keepPrepared(t *transaction) {
	for query := range t.statements {
		if q.prepared[query] != nil {
			continue
		}
		if statement, err := q.store.writer.PreparexContext(context.Background(), query); err == nil { // else the next transaction says what is wrong
			q.prepared[query] = statement
		}
	}
}

// savepoint runs a function so that nothing is left of it where it fails. broken is
// set where the transaction is lost for all: SQLite rolls all of it back where the
// disk is full or fails.
func (t *transaction) savepoint(do func(*transaction) error) (failed, broken error) {
	ctx := context.Background()
	if _, err := t.ExecContext(ctx, `SAVEPOINT one`); err != nil {
		return nil, err
	}
	failed = recovered(t, do)
	if failed != nil {
		if _, err := t.ExecContext(ctx, `ROLLBACK TO one`); err != nil {
			return failed, failed
		}
	}
	_, err := t.ExecContext(ctx, `RELEASE one`)
	return failed, err
}

// recovered turns a panic into an error: it is the caller's, and no other's.
func recovered(t *transaction, do func(*transaction) error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicked{value}
		}
	}()
	return do(t)
}
