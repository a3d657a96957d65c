package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

// write puts text into a file of its own.
func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readTasks reads a log of this text; its path is cut from the results.
func readTasks(t *testing.T, path string, options Options) ([]audit.Task, FileReport) {
	t.Helper()
	var tasks []audit.Task
	report, err := ReadTasks(t.Context(), path, options, func(task audit.Task) (Outcome, error) {
		tasks = append(tasks, task)
		return Imported, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tasks, report
}

// pricesOf reads a price table from CSV.
func pricesOf(t testing.TB, text string) audit.PriceTable {
	t.Helper()
	prices, err := audit.ReadPrices(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return prices
}

func testPrices(t *testing.T) audit.PriceTable {
	t.Helper()
	return pricesOf(t, "model,provider,in,cached,out,from,source\natlas,acme,3,0.3,15,2026-01-01,list\n")
}

func TestReadTasksReadsEveryField(t *testing.T) {
	t.Parallel()
	const text = "ID,timestamp,team,user,model,provider,system,prompt,response,reference,final_text,category,input_tokens,cached_tokens," +
		"output_tokens,reasoning_tokens,cost_usd,latency_ms,ttft_ms,tags,cluster,Ticket No\n" +
		"t1,2026-11-02 09:00:00,support,ann,atlas,acme,be brief,\"hi\nthere\",hello,hey,Hello!,Coding,1000,400,100,20,0.0031,840 ms,0.2s,a; b,c7,4711\n"
	path := write(t, text)
	tasks, report := readTasks(t, path, Options{})
	want := audit.Task{
		ID: "t1", Timestamp: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Team: "support", User: "ann", Model: "atlas", Provider: "acme",
		System: "be brief", Prompt: "hi\nthere", Response: "hello", Reference: "hey", FinalText: "Hello!", Tags: []string{"a", "b"},
		Category: audit.Coding, CategorySource: audit.CategoryFromLog, Probability: 1,
		Tokens: audit.Tokens{
			Input: new(int64(1000)), Cached: new(int64(400)), Output: new(int64(100)), Reasoning: new(int64(20)),
		},
		CostSource: audit.CostFromLog, Cost: new(audit.NanoUSD(3_100_000)), LatencyMS: new(int64(840)), TTFTMS: new(int64(200)),
		Cluster: "c7", Metadata: map[string]string{"Ticket No": "4711"},
		Origin: audit.Origin{File: path, Line: 2, RowSHA256: tasks[0].Origin.RowSHA256},
	}
	if diff := cmp.Diff([]audit.Task{want}, tasks); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	sum := sha256.Sum256([]byte(text))
	if report.Rows != 1 || report.Imported != 1 || report.Format != CSV || report.SHA256 != hex.EncodeToString(sum[:]) || report.Mapped["id"] != "ID" || report.RejectsFile != "" {
		t.Errorf("report: %+v", report)
	}
}

func TestReadTasksLeavesUnknownUnknown(t *testing.T) {
	t.Parallel()
	tasks, _ := readTasks(t, write(t, "prompt,cost,latency_ms,model\nhi,,,\n"), Options{Prices: testPrices(t)})
	task := tasks[0]
	if task.Cost != nil || task.LatencyMS != nil || task.TTFTMS != nil || task.Tokens != (audit.Tokens{}) || !task.Timestamp.IsZero() || task.Category != "" || task.Metadata != nil {
		t.Errorf("got %+v, want only a prompt and an id", task)
	}
}

func TestReadTasksComputesMissingCosts(t *testing.T) {
	t.Parallel()
	tasks, _ := readTasks(t, write(t, "prompt,model,prompt_tokens,completion_tokens,spend\n"+
		"a,atlas,1000,100,\nb,atlas,1000,100,0\nc,other,1000,100,\nd,atlas,1000,,\n"), Options{Prices: testPrices(t)})
	want := []*audit.NanoUSD{new(audit.NanoUSD(4_500_000)), new(audit.NanoUSD(0)), nil, nil}
	for i, task := range tasks {
		if diff := cmp.Diff(want[i], task.Cost); diff != "" {
			t.Errorf("cost of %s (-want +got):\n%s", task.Prompt, diff)
		}
	}
}

func TestReadTasksReadsLatencyByItsUnit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"prompt,latency\na,0.842s\n": 842, "prompt,latency\na,840 ms\n": 840, "prompt,latency_s\na,1.5\n": 1500, "prompt,duration_ms\na,12\n": 12,
		`{"prompt":"a","latencySeconds":0.5}`: 500,
	} {
		tasks, report := readTasks(t, write(t, text), Options{})
		if len(tasks) != 1 || tasks[0].LatencyMS == nil || *tasks[0].LatencyMS != want {
			t.Errorf("%q: got %+v, %+v; want %d ms", text, tasks, report, want)
		}
	}
}

func TestReadTasksIDsAreStable(t *testing.T) {
	t.Parallel()
	first, _ := readTasks(t, write(t, "prompt,model\nhi,atlas\nyo,atlas\n"), Options{})
	second, _ := readTasks(t, write(t, "model,prompt\natlas,yo\natlas,\"hi\"\n"), Options{})
	if first[0].ID != second[1].ID || first[1].ID != second[0].ID || first[0].ID == first[1].ID {
		t.Errorf("got %q, %q and %q, %q; want the same ids for the same rows", first[0].ID, first[1].ID, second[0].ID, second[1].ID)
	}
}

func TestReadTasksRejectsRowsWithTheirPlaceAndReason(t *testing.T) {
	t.Parallel()
	const header = "id,prompt,category,input_tokens,cost_usd,latency,timestamp\n"
	cases := []struct{ name, row, line, column, reason string }{
		{"ragged", "1,a\n", "2", "", `has 2 of 7 fields, without "category"`},
		{"no prompt", "1, ,,,,,\n", "2", "2", "prompt: is empty"},
		{"unknown category", "1,a,cooking,,,,\n", "2", "3", `category: "cooking" is not a known category; choose reasoning, coding, math, creative, general`},
		{"negative tokens", "1,a,,-3,,,\n", "2", "4", `input_tokens: "-3" is negative`},
		{"tokens that are no number", "1,a,,x,,,\n", "2", "4", `input_tokens: "x" is not a number`},
		{"infinite cost", "1,a,,,Inf,,\n", "2", "5", "cost_usd: \"Inf\": not an amount in dollars"},
		{"negative cost", "1,a,,,-0.1,,\n", "2", "5", `cost_usd: "-0.1" is negative`},
		{"latency without unit", "1,a,,,,3,\n1b,a,,,,3 s,\n1c,a,,,,3 s,\n", "2", "6", `latency: "3" has no unit, such as 840 ms or 0.842s; say the unit of the whole column with --map latency_ms=COLUMN`},
		{"time", "1,a,,,,,soon\n", "2", "7", `timestamp: "soon" is not a time`},
		{"invalid UTF-8", "1,\xff,,,,,\n", "2", "2", "prompt: not UTF-8"},
		{"NUL", "1,\x00,,,,,\n", "2", "2", "prompt: holds a NUL byte"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, header+c.row+"2,good,,,,,\n")
			tasks, report := readTasks(t, path, Options{})
			good := strings.Count(c.row, "\n")
			if len(tasks) != good || report.Rows != good+1 || report.Imported != good || report.Rejected != 1 || report.RejectsFile != path+".rejects.csv" {
				t.Fatalf("got %d tasks, %+v; want %d good and one rejected row", len(tasks), report, good)
			}
			rows := readRejects(t, path)
			got := rows[1][7:]
			if len(rows) != 2 || len(rows[0]) != 11 || got[0] != c.line || got[1] != c.column || !strings.HasPrefix(got[2], c.reason) {
				t.Errorf("rejects are %q, want line %s, column %s, reason %q", rows, c.line, c.column, c.reason)
			}
		})
	}
}

func readRejects(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path + ".rejects.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestRejectsFileKeepsTheRowAndGoesWhenNothingIsRejected(t *testing.T) {
	t.Parallel()
	path := write(t, "id,prompt,cost_usd\n=1+1,\"a\nb\",-1\n2,ok,1\n")
	readTasks(t, path, Options{})
	want := [][]string{
		{"id", "prompt", "cost_usd", "reject_line", "reject_column", "reject_reason", "reject_row"},
		{"=1+1", "a\nb", "-1", "2", "3", `cost_usd: "-1" is negative; give it in US dollars, or leave it empty`, ""},
	}
	if diff := cmp.Diff(want, readRejects(t, path)); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	// The rejects file, corrected, is read like the log it comes from.
	corrected := write(t, "id,prompt,cost_usd,reject_line,reject_column,reject_reason\n=1+1,\"a\nb\",1,2,3,why\n")
	tasks, _ := readTasks(t, corrected, Options{})
	if len(tasks) != 1 || tasks[0].Metadata != nil {
		t.Errorf("got %+v, want one task without metadata", tasks)
	}
	if err := os.WriteFile(path, []byte("id,prompt,cost_usd\n1,a,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	readTasks(t, path, Options{})
	if _, err := os.Stat(path + ".rejects.csv"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old rejects file is still there: %v", err)
	}
}

func TestRejectsOfJSONLinesHoldTheLine(t *testing.T) {
	t.Parallel()
	path := write(t, `{"prompt":"a","tokens_in":-1}`+"\n{broken\n")
	readTasks(t, path, Options{})
	rows := readRejects(t, path)
	if len(rows) != 3 || rows[1][0] != `{"prompt":"a","tokens_in":-1}` || rows[1][2] != "input_tokens" || rows[2][0] != "{broken" || rows[2][1] != "2" {
		t.Errorf("got %q", rows)
	}
}

func TestReadTasksEmitDecides(t *testing.T) {
	t.Parallel()
	path := write(t, "id,prompt\n1,a\n2,b\n3,c\n")
	report, err := ReadTasks(t.Context(), path, Options{}, func(task audit.Task) (Outcome, error) {
		switch task.ID {
		case "1":
			return Duplicate, nil
		case "2":
			return Imported, &audit.RowError{File: path, Line: task.Origin.Line, Field: "id", Msg: "is another's"}
		}
		return Imported, nil
	})
	if err != nil || report.Duplicates != 1 || report.Rejected != 1 || report.Imported != 1 || report.Rows != 3 {
		t.Errorf("got %+v, %v", report, err)
	}
	if rows := readRejects(t, path); rows[1][2] != "3" || rows[1][4] != "id: is another's" {
		t.Errorf("rejects are %q", rows)
	}
}

func TestReadTasksLeavesNothingHalfWritten(t *testing.T) {
	t.Parallel()
	path := write(t, "id,prompt\n1\n2,b\n")
	failure := errors.New("disk full")
	_, err := ReadTasks(t.Context(), path, Options{}, func(audit.Task) (Outcome, error) { return Imported, failure })
	if !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadTasks(ctx, path, Options{}, func(audit.Task) (Outcome, error) { return Imported, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v; want the log alone", entries, err)
	}
}

func TestReadTasksOfNoLog(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	for name, path := range map[string]string{
		"is a directory": directory, "no such file": filepath.Join(directory, "gone.csv"), "is empty": write(t, ""), "no column for prompt": write(t, "a,b\n1,2\n"),
	} {
		report, err := ReadTasks(t.Context(), path, Options{}, func(audit.Task) (Outcome, error) { return Imported, nil })
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want it to name %s and say %q", err, path, name)
		}
		if report.Rows != 0 {
			t.Errorf("%s: %d rows", path, report.Rows)
		}
	}
}

func TestReadTasksReportsProgress(t *testing.T) {
	t.Parallel()
	text := "prompt\n" + strings.Repeat("some words to read\n", 20_000)
	var last int64
	_, _ = readTasks(t, write(t, text), Options{Progress: func(read int64) {
		if read < last {
			t.Errorf("progress goes back from %d to %d", last, read)
		}
		last = read
	}})
	if last != int64(len(text)) {
		t.Errorf("progress ends at %d of %d bytes", last, len(text))
	}
}

func TestReadLabels(t *testing.T) {
	t.Parallel()
	path := write(t, "id,prompt,category,source,detail\n1,a,Coding,x,y\n2,b,,x,y\n3,,math,x,y\n4,d,cooking,x,y\n")
	var labels []Label
	report, err := ReadLabels(t.Context(), path, audit.Categories, true, func(label Label) error {
		labels = append(labels, label)
		return nil
	})
	want := []Label{{ID: "1", Prompt: "a", Category: audit.Coding, Source: "x", Line: 2}}
	if diff := cmp.Diff(want, labels); diff != "" || err != nil || report.Rejected != 3 {
		t.Errorf("%+v, %v (-want +got):\n%s", report, err, diff)
	}
	report, err = ReadLabels(t.Context(), write(t, "task_id,category\nt1,math\n,math\n"), audit.Categories, false, func(Label) error { return nil })
	if err != nil || report.Imported != 1 || report.Rejected != 1 {
		t.Errorf("got %+v, %v; want one label and one row without id", report, err)
	}
}

func TestRejectsKeepCellsWithoutColumnAndBrokenRows(t *testing.T) {
	t.Parallel()
	path := write(t, "id,prompt\n1,a,\"b,c\",d\n2,a \"b\" c\n3,\"open\n4,good\n")
	_, report := readTasks(t, path, Options{})
	rows := readRejects(t, path)
	if report.Rejected != 3 || len(rows) != 4 {
		t.Fatalf("got %+v, rejects %q; want three rejected rows", report, rows)
	}
	for i, want := range []string{`1,a,"b,c",d`, `2,a "b" c`, `3,"open`} {
		if got := rows[i+1][5]; got != want {
			t.Errorf("reject_row %d is %q, want %q", i+1, got, want)
		}
	}
}

func TestAnEarlierRejectsFileIsKept(t *testing.T) {
	t.Parallel()
	path := write(t, "id,prompt\n1,\n2,ok\n")
	readTasks(t, path, Options{})
	if _, report := readTasks(t, path, Options{}); report.OldRejectsFile != "" {
		t.Errorf("got %s for rejects that did not change", report.OldRejectsFile)
	}
	for n, suffix := range []string{".old", ".old2"} {
		corrected := "id,prompt\n1,corrected\n" + suffix
		if err := os.WriteFile(path+".rejects.csv", []byte(corrected), 0o600); err != nil {
			t.Fatal(err)
		}
		_, report := readTasks(t, path, Options{})
		kept, err := os.ReadFile(path + ".rejects.csv" + suffix)
		if err != nil || string(kept) != corrected || report.OldRejectsFile != path+".rejects.csv"+suffix {
			t.Errorf("import %d: kept %q, %v, said %q; want the corrections in %s", n, kept, err, report.OldRejectsFile, suffix)
		}
		if rows := readRejects(t, path); len(rows) != 2 || rows[1][0] != "1" {
			t.Errorf("import %d: rejects are %q", n, rows)
		}
	}
}

func TestColumnsNotReadAreListed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"id,prompt,Ticket,task_id,reject_line\n1,a,7,x,3\n": {"Ticket", "task_id"},
		"id,prompt\n1,a\n": {},
		`{"prompt":"a","n":{"m":1}}` + "\n" + `{"prompt":"b","late":2}` + "\n": {"n.m", "late"},
	} {
		_, report := readTasks(t, write(t, text), Options{})
		if diff := cmp.Diff(want, report.NotRead); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestMapToNothingIgnoresAField(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"id,prompt,category\n1,a,cooking\n", `{"id":"1","prompt":"a","category":"cooking"}`} {
		tasks, report := readTasks(t, write(t, text), Options{Map: map[string]string{"category": "", "team": ""}})
		if len(tasks) != 1 || tasks[0].Category != "" || tasks[0].Metadata["category"] != "cooking" || len(report.NotRead) != 1 {
			t.Errorf("%q: got %+v, %+v; want a task without category", text, tasks, report)
		}
	}
	_, err := ReadTasks(t.Context(), write(t, "prompt\na\n"), Options{Map: map[string]string{"prompt": ""}}, nil)
	if err == nil || !strings.Contains(err.Error(), "no column for prompt") {
		t.Errorf("got %v for a required field that is ignored", err)
	}
	_, err = ReadTasks(t.Context(), write(t, "prompt\na\n"), Options{Map: map[string]string{"bill": "x"}}, nil)
	if _, ok := errors.AsType[*MapError](err); !ok || !strings.Contains(err.Error(), "there are id, timestamp,") {
		t.Errorf("got %v for an unknown field, want a MapError that lists the fields", err)
	}
}

func TestKeysThatCollideAreTold(t *testing.T) {
	t.Parallel()
	tasks, report := readTasks(t, write(t, `{"prompt":"p","a.b":"flat","a":{"b":"inside"}}`+"\n"+`{"prompt":"q","a":{"b":"alone"}}`+"\n"+`{"prompt":"r","a.b":"","a":{"b":"kept"}}`+"\n"), Options{})
	for i, want := range []string{"flat", "alone", "kept"} {
		if got := tasks[i].Metadata["a.b"]; got != want {
			t.Errorf("a.b of line %d is %q, want %q", i+1, got, want)
		}
	}
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], `line 1 has the key "a.b" and also "b" inside "a"; the key itself counts`) {
		t.Errorf("notes are %q", report.Notes)
	}
}

func TestControlCharactersInHeadersAreEscaped(t *testing.T) {
	t.Parallel()
	_, report := readTasks(t, write(t, "prompt,\x1b[31mred\na,\"x\n"), Options{})
	if len(report.Reasons) != 1 || strings.ContainsRune(report.Reasons[0], '\x1b') || !strings.Contains(report.Reasons[0], `"\x1b[31mred"`) {
		t.Errorf("reasons are %q, want the header with escapes", report.Reasons)
	}
}

// TestReadingStopsWithItsTaker reads a log that is far from its end when handling it
// fails: the goroutine that reads ahead must be gone before the file is closed.
func TestReadingStopsWithItsTaker(t *testing.T) {
	t.Parallel()
	path := write(t, "prompt\n"+strings.Repeat("some words to read\n", 50_000))
	failure := errors.New("disk full")
	for after := range 700 {
		rows := 0
		_, err := ReadTasks(t.Context(), path, Options{}, func(audit.Task) (Outcome, error) {
			if rows++; rows > after {
				return Imported, failure
			}
			return Imported, nil
		})
		if !errors.Is(err, failure) || rows != after+1 {
			t.Fatalf("got %v after %d rows, want it after %d", err, rows, after+1)
		}
	}
}

func TestPlainDollarsAreThoseOfBigNumbers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0", "0.0031", "12.", "999999999.999999999", "000.1", "1", "3.000000001"} {
		fast, ok := plainDollars(text)
		exact, err := audit.ParseUSD(text)
		if !ok || err != nil || fast != exact {
			t.Errorf("%q: got %d (%v), want %d (%v)", text, fast, ok, exact, err)
		}
	}
	for _, text := range []string{"", ".", ".5", "-1", "+1", "1e3", "1,5", "1.5.2", "1234567890", "0.1234567891", " 1", "٣"} {
		if got, ok := plainDollars(text); ok {
			t.Errorf("%q: got %d, want it left to ParseUSD", text, got)
		}
	}
}
