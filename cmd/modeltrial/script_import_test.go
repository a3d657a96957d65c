package main

import (
	"bytes"
	"compress/gzip"
	database "database/sql"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// gzipFile compresses a file: gzip FILE leaves FILE.gz.
func gzipFile(ts *testscript.TestScript, _ bool, args []string) {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	_, err := writer.Write([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(writer.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0])+".gz", out.Bytes(), 0o600))
	ts.Check(os.Remove(ts.MkAbs(args[0])))
}

// makeDatabase runs statements on an SQLite database: sqlite FILE STATEMENT...
func makeDatabase(ts *testscript.TestScript, _ bool, args []string) {
	db, err := database.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	for _, statement := range args[1:] {
		_, err := db.Exec(statement)
		ts.Check(err)
	}
	ts.Check(db.Close())
}
