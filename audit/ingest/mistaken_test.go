package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"modeltrial/audit"
)

// readForced imports and previews a file as the user says it is, and gives how many
// tasks it has and the error of both.
func readForced(t *testing.T, path, format string) (tasks int, err error) {
	t.Helper()
	options := Options{Format: format}
	_, seen := LookInto(t.Context(), path, options)
	_, err = ReadTasks(t.Context(), path, options, func(audit.Task) (Outcome, error) {
		tasks++
		return Imported, nil
	})
	if fmt.Sprint(seen) != fmt.Sprint(err) {
		t.Errorf("%s as %s: the preview says %v, the import %v", filepath.Base(path), format, seen, err)
	}
	return tasks, err
}

func TestAForcedFormatThatTheFileIsNot(t *testing.T) {
	rows := oneLog()
	var packed bytes.Buffer
	packer := gzip.NewWriter(&packed)
	_, err := packer.Write(writeCSV(t, rows, ',', false))
	must(t, errors.Join(err, packer.Close()))
	var lines bytes.Buffer
	for _, row := range rows {
		lines.Write(row.object(t))
		lines.WriteByte('\n')
	}
	manyLines := "prompt\n" + strings.Repeat("Summarise this\n", 100_000)
	folder := t.TempDir()
	for _, c := range []struct {
		name    string
		content []byte
		forced  []string
		looks   string // empty: the forced format works
	}{
		{"log.csv", writeCSV(t, rows, ',', false), []string{JSONL, JSON, XLSX, Parquet, "otel", "litellm", "langfuse", "openrouter"}, "looks like CSV; leave --format out or use --format csv"},
		{"semicolons.txt", writeCSV(t, rows, ';', true), []string{JSONL, JSON, "otel"}, "looks like CSV"},
		{"packed.gz", packed.Bytes(), []string{JSONL, JSON, XLSX}, "looks like CSV"},
		{"large.csv", []byte(manyLines), []string{JSONL, JSON}, "looks like CSV"},
		{"log.jsonl", lines.Bytes(), []string{CSV, XLSX, Parquet, "otel", "helicone"}, "looks like JSON Lines; leave --format out or use --format jsonl"},
		{"log.json", append(append([]byte("["), bytes.Join(bytes.Split(bytes.TrimSpace(lines.Bytes()), []byte("\n")), []byte(","))...), ']'), []string{CSV, Parquet}, "looks like JSON; leave --format out or use --format json"},
		{"log.xlsx", writeExcel(t, rows, false), []string{CSV, JSONL, JSON, Parquet}, "looks like an Excel workbook; leave --format out or use --format xlsx"},
		{"log.parquet", writeParquet(t, rows), []string{CSV, JSONL, XLSX}, "looks like Parquet; leave --format out or use --format parquet"},
		{"activity.json", []byte(openRouterActivity), []string{CSV, JSONL}, "looks like the log of openrouter; leave --format out or use --format openrouter"},
		// What works is taken, whatever else it looks like.
		{"lines.jsonl", lines.Bytes(), []string{JSON}, ""},
		{"begun.jsonl", append([]byte("exported on Monday\n"), lines.Bytes()...), []string{JSONL, JSON}, ""},
		{"braces.csv", []byte("{a},prompt\n1,Summarise\n"), []string{CSV}, ""},
	} {
		path := filepath.Join(folder, c.name)
		must(t, os.WriteFile(path, c.content, 0o600))
		for _, format := range c.forced {
			tasks, err := readForced(t, path, format)
			switch {
			case c.looks == "" && (err != nil || tasks == 0):
				t.Errorf("%s as %s: %d tasks, %v", c.name, format, tasks, err)
			case c.looks != "" && (err == nil || !strings.Contains(err.Error(), path+" "+c.looks) || !errors.Is(err, ErrNoLog)):
				t.Errorf("%s as %s: got %v, want it to say %q", c.name, format, err, c.looks)
			}
			if _, err := os.Stat(path + ".rejects.csv"); (err == nil) != (c.name == "begun.jsonl") {
				t.Errorf("%s as %s: rejects: %v", c.name, format, err)
			}
		}
	}
	// Nothing is said of what is plainly nothing else.
	path := filepath.Join(folder, "notes.txt")
	must(t, os.WriteFile(path, []byte("Dear all,\nthis is no log.\n"), 0o600))
	if _, err := readForced(t, path, XLSX); err == nil || !strings.Contains(err.Error(), "is not xlsx; leave --format out") {
		t.Error(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
