package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// allowed says which of our packages a folder may import, and why no others.
var allowed = map[string]struct {
	imports []string
	reason  string
}{
	"datasets":       {nil, "it is data only"},
	"audit":          {[]string{"datasets", "audit"}, "the audit knows nothing of pilots, storage or documents"},
	"eval":           {[]string{"audit", "datasets", "eval"}, "trial logic declares the storage it needs and knows no SQL and no documents"},
	"store":          {[]string{"audit", "eval", "store"}, "storage knows the domain and no documents or commands"},
	"report":         {[]string{"audit", "eval", "report"}, "documents are made of results and never fetch them"},
	"cmd":            {[]string{"audit", "datasets", "eval", "store", "report", "cmd"}, ""},
	"eval/stats":     {nil, "estimators are numbers in, numbers out"},
	"audit/classify": {[]string{"datasets", "audit"}, "the categoriser runs without anything else"},
}

// sql are the packages that only store may import.
var sql = []string{"database/sql", "github.com/jmoiron/sqlx", "modernc.org/sqlite", "github.com/pressly/goose"}

// TestArrows guards the direction of imports.
func TestArrows(t *testing.T) {
	t.Parallel()
	list := exec.Command("go", "list", "-json=ImportPath,Imports", "modeltrial/...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	packages := 0
	for {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages++
		checkArrows(t, strings.TrimPrefix(pkg.ImportPath, "modeltrial/"), pkg.Imports)
	}
	if packages < 10 {
		t.Errorf("go list found %d packages, want the whole house", packages)
	}
}

func checkArrows(t *testing.T, folder string, imports []string) {
	t.Helper()
	top, _, _ := strings.Cut(folder, "/")
	for _, rule := range []string{top, folder} {
		row, known := allowed[rule]
		if !known {
			if rule == top {
				t.Errorf("folder %q is not in the table of design: add it there first", top)
			}
			continue
		}
		for _, imported := range imports {
			ours, isOurs := strings.CutPrefix(imported, "modeltrial/")
			if isOurs && !under(ours, row.imports) {
				t.Errorf("%s imports %s: %s", folder, ours, row.reason)
			}
		}
	}
	if top == "store" {
		return
	}
	for _, imported := range imports {
		if under(imported, sql) {
			t.Errorf("%s imports %s: store is the only package that knows SQL", folder, imported)
		}
	}
}

func under(path string, folders []string) bool {
	for _, folder := range folders {
		if path == folder || strings.HasPrefix(path, folder+"/") {
			return true
		}
	}
	return false
}
