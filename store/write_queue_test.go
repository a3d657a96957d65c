package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"modernc.org/sqlite"

	"modeltrial/eval"
	"modeltrial/store/storetest"
)

// hold keeps the writing connection, so that writes queue up, until release is called.
func hold(t testing.TB, s *Store) (release func()) {
	t.Helper()
	conn, err := s.writer.DB.Conn(t.Context())
	must(t, err)
	return func() { must(t, conn.Close()) }
}

// awaitQueued returns when n writes wait.
func awaitQueued(t testing.TB, s *Store, n int) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		s.queue.mu.Lock()
		waiting := len(s.queue.waiting)
		s.queue.mu.Unlock()
		if waiting == n {
			return
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%d writes wait, want %d", waiting, n)
		}
	}
}

func makeNotes(t testing.TB, s *Store) {
	t.Helper()
	must(t, s.write(t.Context(), func(tx *transaction) error {
		_, err := tx.ExecContext(t.Context(), `CREATE TABLE notes (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES notes (id))`+s.dialect.one(` STRICT`, ``))
		return err
	}))
}

func note(ctx context.Context, tx *transaction, id int, parent *int) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO notes (id, parent) VALUES (?, ?)`, id, parent)
	return err
}

func notes(t testing.TB, s *Store) (ids []int) {
	t.Helper()
	must(t, s.reader.SelectContext(context.Background(), &ids, `SELECT id FROM notes ORDER BY id`))
	return ids
}

func TestWaitingWritesShareATransaction(t *testing.T) {
	s := newTest(t)
	makeNotes(t, s)
	release := hold(t, s)
	const n = 40
	var mu sync.Mutex
	transactions := map[*transaction]int{}
	var group errgroup.Group
	for id := range n {
		group.Go(func() error {
			return s.writeTogether(t.Context(), func(tx *transaction) error {
				mu.Lock()
				transactions[tx]++
				mu.Unlock()
				return note(t.Context(), tx, id, nil)
			})
		})
	}
	awaitQueued(t, s, n)
	release()
	must(t, group.Wait())
	if len(transactions) != 1 {
		t.Errorf("%d writes took %d transactions, want 1", n, len(transactions))
	}
	if got := notes(t, s); len(got) != n {
		t.Errorf("%d of %d writes are stored", len(got), n)
	}
}

// TestAFailingWriteFailsAlone has failures of every kind beside writes that are right.
func TestAFailingWriteFailsAlone(t *testing.T) {
	s := newTest(t)
	makeNotes(t, s)
	own := errors.New("not this one")
	missing := 99
	writes := []struct {
		name string
		do   func(*transaction) error
		want string // part of the error; empty: none
	}{
		{"right", func(tx *transaction) error { return note(t.Context(), tx, 1, nil) }, ""},
		{"own error after a row", func(tx *transaction) error { return errors.Join(note(t.Context(), tx, 2, nil), own) }, "not this one"},
		{"foreign key", func(tx *transaction) error {
			return errors.Join(note(t.Context(), tx, 3, nil), note(t.Context(), tx, 4, &missing))
		}, s.dialect.one("FOREIGN KEY", "foreign key")},
		{"same row again", func(tx *transaction) error { return note(t.Context(), tx, 1, nil) }, s.dialect.one("UNIQUE", "unique")},
		{"wrong statement", func(tx *transaction) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO absent VALUES (1)`)
			return err
		}, s.dialect.one("no such table", "does not exist")},
		{"row of an earlier one", func(tx *transaction) error { one := 1; return note(t.Context(), tx, 5, &one) }, ""},
	}
	release := hold(t, s)
	outcomes := make([]error, len(writes))
	var group sync.WaitGroup
	for i, w := range writes {
		group.Go(func() { outcomes[i] = s.writeTogether(t.Context(), w.do) })
		awaitQueued(t, s, i+1) // in this order
	}
	release()
	group.Wait()
	for i, w := range writes {
		switch err := outcomes[i]; {
		case w.want == "" && err != nil:
			t.Errorf("%s: got %v, want it stored", w.name, err)
		case w.want != "" && (err == nil || !strings.Contains(err.Error(), w.want)):
			t.Errorf("%s: got %v, want an error with %q", w.name, err, w.want)
		}
	}
	if got, want := notes(t, s), []int{1, 5}; !slices.Equal(got, want) {
		t.Errorf("stored are %v, want %v", got, want)
	}
}

// TestALostTransactionFailsForAll: SQLite itself rolls a transaction back where the
// disk is full. What comes after that must not be written on its own.
func TestALostTransactionFailsForAll(t *testing.T) {
	s := newTest(t)
	makeNotes(t, s)
	release := hold(t, s)
	outcomes := make([]error, 3)
	var group sync.WaitGroup
	for i := range outcomes {
		group.Go(func() {
			outcomes[i] = s.writeTogether(t.Context(), func(tx *transaction) error {
				err := note(t.Context(), tx, i, nil)
				if i == 1 {
					_, lost := tx.ExecContext(t.Context(), `ROLLBACK`)
					err = errors.Join(err, lost, errors.New("the disk is full"))
				}
				return err
			})
		})
		awaitQueued(t, s, i+1)
	}
	release()
	group.Wait()
	for i, err := range outcomes {
		wantError(t, err, "the disk is full")
		if got := notes(t, s); len(got) != 0 {
			t.Errorf("write %d: stored are %v, want nothing", i, got)
		}
	}
	must(t, s.writeTogether(t.Context(), func(tx *transaction) error { return note(t.Context(), tx, 7, nil) }))
}

// TestNothingIsConfirmedBeforeItsCommit: a transaction that cannot be committed fails all
// that wrote in it. A confirmation that came earlier would have been a false one.
func TestNothingIsConfirmedBeforeItsCommit(t *testing.T) {
	storetest.NeedsFile(t) // it is refused by a hook of SQLite's
	s := newTest(t)
	makeNotes(t, s)
	var refused atomic.Int32 // 1: commits fail
	refused.Store(1)
	conn, err := s.writer.DB.Conn(t.Context())
	must(t, err)
	must(t, conn.Raw(func(driver any) error {
		driver.(sqlite.HookRegisterer).RegisterCommitHook(refused.Load)
		return nil
	}))
	outcomes := make([]error, 3)
	var group sync.WaitGroup
	for i := range outcomes {
		group.Go(func() {
			outcomes[i] = s.keep(t.Context(), func(tx *transaction) error { return note(t.Context(), tx, i, nil) })
		})
	}
	awaitQueued(t, s, len(outcomes))
	must(t, conn.Close())
	group.Wait()
	for i, err := range outcomes {
		if err == nil {
			t.Errorf("write %d is confirmed although it was not committed", i)
		}
	}
	if got := notes(t, s); len(got) != 0 {
		t.Errorf("stored are %v, want nothing", got)
	}
	refused.Store(0)
	must(t, s.keep(t.Context(), func(tx *transaction) error { return note(t.Context(), tx, 7, nil) }))
	if got := notes(t, s); !slices.Equal(got, []int{7}) {
		t.Errorf("stored are %v, want what was committed", got)
	}
}

// TestACancelledWriteIsWithdrawnOrStored: it is never both cancelled and stored.
func TestACancelledWriteIsWithdrawnOrStored(t *testing.T) {
	s := newTest(t)
	makeNotes(t, s)
	release := hold(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	withdrawn := make(chan error)
	go func() {
		withdrawn <- s.writeTogether(ctx, func(tx *transaction) error { return note(ctx, tx, 1, nil) })
	}()
	awaitQueued(t, s, 1)
	cancel()
	if err := <-withdrawn; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while it waits: got %v, want context.Canceled", err)
	}
	release()
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	err := s.writeTogether(ctx, func(tx *transaction) error {
		err := note(ctx, tx, 2, nil)
		cancel()
		return errors.Join(err, note(ctx, tx, 3, nil))
	})
	if err != nil {
		t.Errorf("cancelled under way: got %v, want it stored", err)
	}
	if err := s.writeTogether(ctx, func(tx *transaction) error { return note(ctx, tx, 4, nil) }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: got %v, want context.Canceled", err)
	}
	if got, want := notes(t, s), []int{2, 3}; !slices.Equal(got, want) {
		t.Errorf("stored are %v, want %v", got, want)
	}
}

func TestCloseStoresWhatWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	s, err := Open(t.Context(), target(t, path))
	must(t, err)
	makeNotes(t, s)
	release := hold(t, s)
	var group errgroup.Group
	for id := range 10 {
		group.Go(func() error {
			return s.writeTogether(t.Context(), func(tx *transaction) error { return note(t.Context(), tx, id, nil) })
		})
	}
	awaitQueued(t, s, 10)
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	release()
	must(t, group.Wait())
	must(t, <-closed)
	if err := s.writeTogether(t.Context(), func(*transaction) error { return nil }); !errors.Is(err, errClosed) {
		t.Errorf("a write after Close: got %v, want errClosed", err)
	}
	if got := notes(t, openTest(t, path)); len(got) != 10 {
		t.Errorf("stored are %v, want 10 rows", got)
	}
}

// TestAPanicIsTheCallersOwn: a handler that panics must not take the program with it.
func TestAPanicIsTheCallersOwn(t *testing.T) {
	s := newTest(t)
	makeNotes(t, s)
	func() {
		defer func() {
			if value := recover(); value != "odd" {
				t.Errorf("recovered %v, want the caller's panic", value)
			}
		}()
		_ = s.writeTogether(t.Context(), func(tx *transaction) error { // it panics
			must(t, note(t.Context(), tx, 1, nil))
			panic("odd")
		})
	}()
	must(t, s.writeTogether(t.Context(), func(tx *transaction) error { return note(t.Context(), tx, 2, nil) }))
	if got := notes(t, s); !slices.Equal(got, []int{2}) {
		t.Errorf("stored are %v, want the row of the second write", got)
	}
}

// TestWhatWasPaidForOutlastsABusyDatabase: another process may write for longer than
// the driver waits.
func TestWhatWasPaidForOutlastsABusyDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	s := openTest(t, path)
	makeNotes(t, s)
	tx, err := openTest(t, path).writer.BeginTxx(t.Context(), nil)
	must(t, err)
	outcomes := make(chan error, 1)
	kept := make(chan error, 1)
	// A shorter wait of the driver than the address asks for.
	_, err = s.writer.ExecContext(t.Context(), s.dialect.one(`PRAGMA busy_timeout = 20`, `SET lock_timeout = 20`))
	must(t, err)
	go func() {
		outcomes <- s.writeTogether(t.Context(), func(tx *transaction) error { return note(t.Context(), tx, 1, nil) })
	}()
	go func() {
		kept <- s.keep(t.Context(), func(tx *transaction) error { return note(t.Context(), tx, 2, nil) })
	}()
	if err := <-outcomes; !errors.Is(err, errBusy) {
		t.Errorf("a write beside another process's: got %v, want errBusy", err)
	}
	select {
	case err := <-kept:
		t.Errorf("got %v before the other process ended", err)
	case <-time.After(100 * time.Millisecond):
	}
	must(t, tx.Rollback())
	must(t, <-kept)
	if got := notes(t, s); !slices.Equal(got, []int{2}) {
		t.Errorf("stored are %v, want what was paid for", got)
	}
}

// TestAnswerUntilKilled is no test of its own: [TestAKilledProcessLosesNoResponse]
// runs it in a process of its own.
func TestAnswerUntilKilled(t *testing.T) {
	path := os.Getenv(crashPath)
	if path == "" {
		t.Skip("runs only as the child of TestAKilledProcessLosesNoResponse")
	}
	s, err := Open(context.Background(), path)
	must(t, err)
	cells, err := s.OpenCells(context.Background(), 0)
	must(t, err)
	group := errgroup.Group{}
	group.SetLimit(32)
	for _, cell := range cells {
		group.Go(func() error {
			if err := s.Reserve(context.Background(), cell, 1, 1e9, testTime, testTime.Add(time.Minute)); err != nil {
				return err
			}
			if err := s.SaveResponse(context.Background(), cell, measured(1), 0, testTime); err != nil {
				return err
			}
			_, err := fmt.Printf("confirmed %s %s\n", cell.TaskID, cell.Arm)
			return err
		})
	}
	must(t, group.Wait())
}

func TestAKilledProcessLosesNoResponse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	s := newPilot(t, path, 400, 1)
	child := exec.Command(os.Args[0], "-test.run=^TestAnswerUntilKilled$", "-test.v")
	child.Env = append(os.Environ(), crashPath+"="+target(t, path))
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	var confirmed [][2]string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var cell [2]string
		if n, _ := fmt.Sscanf(lines.Text(), "confirmed %s %s", &cell[0], &cell[1]); n == 2 {
			confirmed = append(confirmed, cell)
		}
		if len(confirmed) == 300 {
			must(t, child.Process.Kill())
		}
	}
	if err := child.Wait(); err == nil || len(confirmed) < 300 || len(confirmed) >= 2000 {
		t.Fatalf("the child ended with %v after %d of 2000 answers, want it killed in the middle", err, len(confirmed))
	}
	for _, cell := range confirmed {
		if n := count(t, s, `SELECT count(*) FROM responses WHERE task_id = ? AND arm = ?`, cell[0], cell[1]); n != 1 {
			t.Errorf("the answer to %v was confirmed and is stored %d times, want once", cell, n)
		}
	}
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("after the kill: findings %v, %v, want none", findings, err)
	}
	// Nothing but calls under way may be set aside.
	if n := count(t, s, `SELECT count(*) FROM calls c JOIN responses r USING (task_id, arm) WHERE c.claimed_until > 0`); n != 0 {
		t.Errorf("%d answered cells are still claimed", n)
	}
	if n := count(t, s, `SELECT count(*) FROM calls WHERE claimed_until > 0`); n > 32 {
		t.Errorf("%d cells are claimed, only 32 were under way", n)
	}
}

// BenchmarkSmallWrites stores rows of 64 callers at once, each in its own
// transaction, or together.
func BenchmarkSmallWrites(b *testing.B) {
	for _, together := range []bool{false, true} {
		b.Run(map[bool]string{false: "alone", true: "together"}[together], func(b *testing.B) {
			s := newTest(b)
			makeNotes(b, s)
			write := s.write
			if together {
				write = s.writeTogether
			}
			var mu sync.Mutex
			id := 0
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					mu.Lock()
					id++
					mine := id
					mu.Unlock()
					if err := write(b.Context(), func(tx *transaction) error { return note(b.Context(), tx, mine, nil) }); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// TestWritesGoAsUsual counts how often reservations and answers need more than their usual
// steps.
func TestWritesGoAsUsual(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 5, 1)
	cells := openCells(t, s)
	until := testTime.Add(time.Minute)
	again := s.queue.again
	for _, cell := range cells[:3] {
		must(t, s.Reserve(t.Context(), cell, 5, 1e9, testTime, until))
		must(t, s.SaveResponse(t.Context(), cell, measured(1), 1, testTime))
	}
	must(t, s.Reserve(t.Context(), cells[3], 0, 1, testTime, until)) // it costs nothing, so that the budget does not count
	if s.queue.again != again {
		t.Errorf("%d transactions were done again, want none", s.queue.again-again)
	}
	for what, err := range map[string]error{
		"answered": s.Reserve(t.Context(), cells[0], 5, 1e9, testTime, until),
		"claimed":  s.Reserve(t.Context(), cells[3], 5, 1e9, testTime, until),
		"too dear": s.Reserve(t.Context(), cells[4], 5, 7, testTime, until),
	} {
		want := map[string]error{"answered": eval.ErrAnswered, "claimed": eval.ErrClaimed, "too dear": eval.ErrBudgetExhausted}[what]
		if !errors.Is(err, want) {
			t.Errorf("a call that is %s: %v, want %v", what, err, want)
		}
	}
	if got := s.queue.again - again; got != 3 {
		t.Errorf("%d transactions were done again, want 3", got)
	}
}
