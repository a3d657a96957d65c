package ingest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"modeltrial/audit"
)

// A logRow is a row of the log that is written in every format.
type logRow struct {
	ID        string    `parquet:"id"`
	Timestamp time.Time `parquet:"timestamp,timestamp(millisecond)"`
	Team      *string   `parquet:"team,optional"`
	Model     string    `parquet:"model"`
	System    string    `parquet:"system"`
	Prompt    string    `parquet:"prompt"`
	Response  string    `parquet:"response"`
	Input     *int64    `parquet:"input_tokens,optional"`
	Output    int64     `parquet:"output_tokens"`
	Cost      *float64  `parquet:"cost_usd,optional"`
	LatencyMS int64     `parquet:"latency_ms"`
	Tags      []string  `parquet:"tags,list"`
}

// oneLog has what formats stumble over: line breaks, quotes, other scripts, leading
// zeros, what a spreadsheet takes for a formula, long text and what is not known.
func oneLog() []logRow {
	var rows []logRow
	for i, text := range []string{
		"Plain", "two\nlines, and \"quotes\"", "ünïcode – “quotes” €", "日本語のプロンプト", "=SUM(A1:A2)", "0012", "true", " spaces ", strings.Repeat("long ", 2000),
		"1;2\t3", "{\"a\": 1}", "[not json", "12.5", "2026-11-02", "null", "of\r\nWindows",
	} {
		row := logRow{
			ID: fmt.Sprintf("%03d", i), Timestamp: time.Date(2026, 11, 2, 9, 0, i, 250_000_000, time.UTC), Model: "atlas", System: "be brief",
			Prompt: text, Response: "answer " + text, Output: int64(10 * i), LatencyMS: int64(1000 + i), Tags: []string{"a", "b c"},
		}
		if i%2 == 0 {
			row.Team, row.Input, row.Cost = new("support"), new(int64(i)), new(0.1*float64(i)/3)
		}
		rows = append(rows, row)
	}
	return rows
}

var logHeader = []string{"id", "timestamp", "team", "model", "system", "prompt", "response", "input_tokens", "output_tokens", "cost_usd", "latency_ms", "tags"}

// cells are a row's values as text.
func (r logRow) cells() []string {
	optional := func(n *int64) string {
		if n == nil {
			return ""
		}
		return strconv.FormatInt(*n, 10)
	}
	team, cost := "", ""
	if r.Team != nil {
		team = *r.Team
	}
	if r.Cost != nil {
		cost = strconv.FormatFloat(*r.Cost, 'g', -1, 64)
	}
	return []string{
		r.ID, r.Timestamp.Format("2006-01-02T15:04:05.000Z07:00"), team, r.Model, r.System, r.Prompt, r.Response, optional(r.Input),
		strconv.FormatInt(r.Output, 10), cost, strconv.FormatInt(r.LatencyMS, 10), strings.Join(r.Tags, ";"),
	}
}

// object is a row as JSON.
func (r logRow) object(t testing.TB) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"id": r.ID, "timestamp": r.Timestamp.UnixMilli(), "team": r.Team, "model": r.Model, "system": r.System, "prompt": r.Prompt, "response": r.Response,
		"input_tokens": r.Input, "output_tokens": r.Output, "cost_usd": r.Cost, "latency_ms": r.LatencyMS, "tags": r.Tags,
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func writeCSV(t testing.TB, rows []logRow, comma rune, crlf bool) []byte {
	t.Helper()
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Comma, w.UseCRLF = comma, crlf
	records := [][]string{logHeader}
	for _, row := range rows {
		records = append(records, row.cells())
	}
	if err := w.WriteAll(records); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func toUTF16(text string, big, mark bool) []byte {
	if mark {
		text = "\ufeff" + text
	}
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		if big {
			out = append(out, byte(unit>>8), byte(unit))
		} else {
			out = append(out, byte(unit), byte(unit>>8))
		}
	}
	return out
}

func writeExcel(t testing.TB, rows []logRow, cover bool) []byte {
	t.Helper()
	book := excelize.NewFile()
	sheet, first := "Sheet1", 1
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if cover {
		must(book.SetSheetRow(sheet, "A1", &[]any{"Prompt log of the support team"}))
		must(book.SetSheetRow(sheet, "A3", &[]any{"owner", "Ann"}))
		sheet, first = "Log", 4
		_, err := book.NewSheet(sheet)
		must(err)
		must(book.SetSheetRow(sheet, "A1", &[]any{"All tasks"}))
		must(book.SetSheetRow(sheet, "A2", &[]any{"exported on", "2026-11-24"}))
	}
	stream, err := book.NewStreamWriter(sheet)
	must(err)
	date, err := book.NewStyle(&excelize.Style{CustomNumFmt: new("dd/mm/yyyy hh:mm:ss.000")})
	must(err)
	header := make([]any, len(logHeader))
	for i, name := range logHeader {
		header[i] = name
	}
	if cover {
		must(stream.SetRow("A1", []any{"All tasks"}))
		must(stream.SetRow("A2", []any{"exported on", "2026-11-24"}))
	}
	must(stream.SetRow("A"+strconv.Itoa(first), header))
	for i, row := range rows {
		cells := []any{row.ID, excelize.Cell{StyleID: date, Value: row.Timestamp}, nil, row.Model, row.System, row.Prompt, row.Response, nil, row.Output, nil, row.LatencyMS, strings.Join(row.Tags, ";")}
		if row.Team != nil {
			cells[2], cells[7], cells[9] = *row.Team, *row.Input, *row.Cost
		}
		must(stream.SetRow("A"+strconv.Itoa(first+1+i), cells))
	}
	must(stream.Flush())
	out, err := book.WriteToBuffer()
	must(err)
	must(book.Close())
	return out.Bytes()
}

func writeParquet(t testing.TB, rows []logRow, options ...parquet.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[logRow](&out, options...)
	for len(rows) > 0 { // several row groups
		n := min(4, len(rows))
		if _, err := w.Write(rows[:n]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// everyFormat is one log in every format that holds rows of any kind.
func everyFormat(t testing.TB, rows []logRow) map[string][]byte {
	t.Helper()
	var lines, pretty, objects bytes.Buffer
	list := [][]byte{}
	for _, row := range rows {
		object := row.object(t)
		lines.Write(append(object, '\n'))
		list = append(list, object)
		if err := json.Indent(&objects, object, "", "  "); err != nil {
			t.Fatal(err)
		}
	}
	array := append(append([]byte("["), bytes.Join(list, []byte(",\n "))...), ']')
	if err := json.Indent(&pretty, array, "", "  "); err != nil {
		t.Fatal(err)
	}
	commas := string(writeCSV(t, rows, ',', false))
	all := map[string][]byte{
		"csv":                       []byte(commas),
		"csv with CRLF":             writeCSV(t, rows, ',', true),
		"csv with BOM":              append([]byte("\xef\xbb\xbf"), commas...),
		"csv with title":            []byte("All tasks\n\n" + commas),
		"semicolons":                writeCSV(t, rows, ';', false),
		"tabs":                      writeCSV(t, rows, '\t', false),
		"utf-16le":                  toUTF16(commas, false, true),
		"utf-16be":                  toUTF16(commas, true, true),
		"utf-16le without BOM":      toUTF16(commas, false, false),
		"jsonl":                     lines.Bytes(),
		"json array":                array,
		"json array pretty":         pretty.Bytes(),
		"json array trailing comma": slices.Concat(array[:len(array)-1], []byte(",\n]")),
		"json envelope":             []byte(`{"meta":{"page":1},"data":` + string(array) + `,"next":null}`),
		"json envelope pretty":      []byte("{\n\"total\": 3,\n\"rows\": " + pretty.String() + "\n}\n"),
		"json objects pretty":       objects.Bytes(),
		"utf-16 jsonl":              toUTF16(lines.String(), false, true),
		"xlsx":                      writeExcel(t, rows, false),
		"xlsx with cover":           writeExcel(t, rows, true),
		"parquet":                   writeParquet(t, rows),
		"parquet zstd":              writeParquet(t, rows, parquet.Compression(&parquet.Zstd)),
		"parquet snappy":            writeParquet(t, rows, parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1)),
	}
	for _, name := range []string{"csv", "jsonl", "json array", "xlsx", "parquet", "utf-16le"} {
		for _, how := range []string{"gzip", "zstd"} {
			all[name+" in "+how] = packed[how](t, string(all[name]))
		}
	}
	return all
}

// TestTheSameLogInAllFormatsGivesTheSameTasks compares with the rows themselves. Costs
// may differ in the last binary digit.
func TestTheSameLogInAllFormatsGivesTheSameTasks(t *testing.T) {
	t.Parallel()
	rows := oneLog()
	for name, content := range everyFormat(t, rows) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "log.data") // the name tells nothing
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			tasks, report := readTasks(t, path, Options{})
			if len(tasks) != len(rows) || report.Rejected > 0 {
				t.Fatalf("%d tasks of %d, %+v", len(tasks), len(rows), report)
			}
			for i, row := range rows {
				want := audit.Task{
					ID: row.ID, Timestamp: row.Timestamp, Model: row.Model, System: row.System, Tags: row.Tags,
					Prompt: strings.ReplaceAll(row.Prompt, "\r\n", "\n"), Response: strings.ReplaceAll(row.Response, "\r\n", "\n"),
					Tokens: audit.Tokens{Input: row.Input, Output: &row.Output}, LatencyMS: &row.LatencyMS,
				}
				if row.Team != nil {
					want.Team = *row.Team
				}
				got := bare(tasks[i])
				if !sameCost(row.Cost, got.Cost) {
					t.Errorf("row %d: cost %v, want %v", i, got.Cost, row.Cost)
				}
				got.Cost = nil
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("row %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func sameCost(want *float64, got *audit.NanoUSD) bool {
	if want == nil || got == nil {
		return want == nil && got == nil
	}
	return math.Abs(*want*1e9-float64(*got)) <= 0.5+1e-6
}

func TestWindows1252AndOldLineBreaks(t *testing.T) {
	t.Parallel()
	latin := func(text string) string {
		var out []byte
		for _, r := range text {
			switch r {
			case '€':
				out = append(out, 0x80)
			case '–':
				out = append(out, 0x96)
			case '“':
				out = append(out, 0x93)
			default:
				out = append(out, byte(r))
			}
		}
		return string(out)
	}
	for name, c := range map[string]struct {
		text, encoding string
		want           []string
	}{
		"Latin-1":              {latin("id,prompt\n1,Grüße aus Köln\n2,café\n"), "windows-1252", []string{"Grüße aus Köln", "café"}},
		"Windows-1252":         {latin("prompt\n5 € – “Preis\n"), "windows-1252", []string{"5 € – “Preis"}},
		"in the header":        {latin("prompt,Prüfung\nja,nein\n"), "windows-1252", []string{"ja"}},
		"after much ASCII":     {"prompt\n" + strings.Repeat("plain words\n", 20_000) + latin("Grüße\n"), "windows-1252", append(slices.Repeat([]string{"plain words"}, 20_000), "Grüße")},
		"JSON Lines":           {latin(`{"prompt":"Grüße"}`), "windows-1252", []string{"Grüße"}},
		"JSON list":            {latin(`[{"prompt":"Grüße"},{"prompt":"ok"}]`), "windows-1252", []string{"Grüße", "ok"}},
		"UTF-8 with a bad row": {"prompt\nGrüße\nbad \xe9\n", "", []string{"Grüße"}},
		"CR":                   {"id,prompt\r1,\"a\rb\"\r2,c\r", "", []string{"a\nb", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tasks, report := readTasks(t, write(t, c.text), Options{})
			var got []string
			for _, task := range tasks {
				got = append(got, task.Prompt)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || report.Encoding != c.encoding {
				t.Errorf("encoding %q, %+v (-want +got):\n%s", report.Encoding, report.Reasons, diff)
			}
		})
	}
}
