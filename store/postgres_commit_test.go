package store

import (
	"path/filepath"
	"testing"

	"modeltrial/store/storetest"
)

// TestACommitIsNotTakenForAnother: what a server says of an id is believed only where the
// transaction that has it is the one that was meant.
func TestACommitIsNotTakenForAnother(t *testing.T) {
	if !storetest.Postgres() {
		t.Skip("SKIPPED: only a server's commits may be unknown; " + storetest.ServerEnv + " is not set")
	}
	s := openTest(t, filepath.Join(t.TempDir(), "modeltrial.db"))
	transaction := func(commit, writes bool) mark {
		t.Helper()
		tx, err := s.writer.BeginTxx(t.Context(), nil)
		must(t, err)
		if writes {
			_, err = tx.Exec(`UPDATE committed SET nano_usd = nano_usd`)
			must(t, err)
		}
		marked, err := s.mark(tx)
		must(t, err)
		if commit {
			must(t, tx.Commit())
		} else {
			must(t, tx.Rollback())
		}
		return marked
	}
	want := func(what string, marked mark, wantCommitted bool) {
		t.Helper()
		if committed, known := s.wasCommitted(marked); committed != wantCommitted || !known {
			t.Errorf("%s: committed %v, known %v; want %v", what, committed, known, wantCommitted)
		}
	}
	rolledBack := transaction(false, true)
	want("one that was rolled back", rolledBack, false)
	committed := transaction(true, true)
	want("one that was committed", committed, true)
	// As after a crash: the server knows another transaction by the id of one that it lost.
	want("one whose id another has", mark{rolledBack.number, committed.id}, false)
	want("one whose id no transaction has yet", mark{rolledBack.number, "999999999999"}, false)
	if marked := transaction(true, false); marked.id != "" {
		t.Errorf("one that has written nothing has the id %q, want none", marked.id)
	}
}
