package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestImportBarChoosesWhatMoves: bytes where they come one after the other, else rows.
func TestImportBarChoosesWhatMoves(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path string
		reads      []int64
		moved      bool
	}{
		{"a text", path, []int64{400, 1000}, true},
		{"a workbook, read at once", path, []int64{1000, 1000}, false},
		{"Parquet, read here and there", path, []int64{0, 0}, false},
		{"a query", "sqlite:log.db", []int64{0}, false},
	} {
		b := newImportBar(io.Discard, test.path, "log")
		for _, n := range test.reads {
			b.read(n)
		}
		for range 2 * rowsShown {
			b.row()
		}
		b.finish()
		if b.moved != test.moved || b.counted != 2*rowsShown {
			t.Errorf("%s: bytes move %v after %d rows, want %v", test.name, b.moved, b.counted, test.moved)
		}
	}
}
