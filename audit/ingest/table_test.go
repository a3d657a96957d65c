package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

var testFields = []Field{
	{Name: "id", Synonyms: []string{"task_id"}},
	{Name: "prompt", Synonyms: []string{"question", "input"}, Required: true},
	{Name: "cost_usd", Synonyms: []string{"spend"}},
}

// readAll gives each row's prompt, or the error of the row.
func readAll(t *testing.T, text string, mapping map[string]string) (rows []string, table *Table) {
	t.Helper()
	table, err := OpenTable("log.csv", strings.NewReader(text), testFields, mapping)
	if err != nil {
		t.Fatalf("open %q: %v", text, err)
	}
	for {
		row, err := table.Next()
		if err == io.EOF {
			return rows, table
		}
		if _, bad := errors.AsType[*audit.RowError](err); err != nil && !bad {
			t.Fatalf("read %q: %v", text, err)
		}
		if err != nil {
			rows = append(rows, err.Error())
			continue
		}
		rows = append(rows, row.Get("prompt"))
	}
}

func TestTableReadsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, text string
		want       []string
	}{
		{"commas", "id,prompt\n1,hello\n2,bye\n", []string{"hello", "bye"}},
		{"no last line break", "id,prompt\n1,hello", []string{"hello"}},
		{"semicolons with commas inside", "id;prompt\n1;a, b\n", []string{"a, b"}},
		{"tabs", "id\tprompt\n1\ta;b,c\n", []string{"a;b,c"}},
		{"byte order mark", "\ufeffprompt,id\nhello,1\n", []string{"hello"}},
		{"byte order mark before a quote", "\ufeff\"prompt\",id\nhello,1\n", []string{"hello"}},
		{"CRLF", "id,prompt\r\n1,hello\r\n2,\"a\r\nb\"\r\n", []string{"hello", "a\nb"}},
		{"quoted line break, comma and quote", "id,prompt\n1,\"a\nb, \"\"c\"\"\"\n", []string{"a\nb, \"c\""}},
		{"empty last field", "prompt,id\nhello,\n", []string{"hello"}},
		{"blank lines", "id,prompt\n\n1,hello\n\n\n2,bye\n", []string{"hello", "bye"}},
		{"one column", "prompt\nhello\nbye\n", []string{"hello", "bye"}},
		{"header in another case", "Task ID,PROMPT\n1,hello\n", []string{"hello"}},
		{"header in camel case", "taskId,Prompt\n1,hello\n", []string{"hello"}},
		{"synonym", "id,Question\n1,hello\n", []string{"hello"}},
		{"exact name before synonym", "input,prompt\nwrong,hello\n", []string{"hello"}},
		{"non-Latin text", "prompt\n你好 – ça\n", []string{"你好 – ça"}},
		{"JSON Lines", `{"id":1,"prompt":"a\nb"}` + "\n\n" + `{"prompt":"c","new":[1,2]}` + "\n", []string{"a\nb", "c"}},
		{"JSON Lines with changing synonyms", `{"input":"a"}` + "\n" + `{"question":"b"}`, []string{"a", "b"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, _ := readAll(t, c.text, nil)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows of %q (-want +got):\n%s", c.text, diff)
			}
		})
	}
}

func TestTableNamesThePlaceOfBadRowsAndGoesOn(t *testing.T) {
	t.Parallel()
	const header = "id,prompt,cost_usd\n"
	cases := []struct {
		name, text string
		want       []string // beginnings
	}{
		{
			"missing fields", header + "1\n2,b,3\n",
			[]string{`log.csv:2: has 1 of 3 fields, without "prompt", "cost_usd"; write`, "b"},
		},
		{
			"extra fields", header + "1,a,2,surplus\n2,b,3\n",
			[]string{`log.csv:2:4: has 4 fields where the header has 3; too many are "surplus"; put text with "," in quotes`, "b"},
		},
		{
			"lone quote", header + "1,5\" pipe,2\n2,b,3\n",
			[]string{"log.csv:2:2: prompt: a quote stands inside a field", "b"},
		},
		{
			"quote that closes too early", header + "1,\"say \"hi\"\",2\n2,b,3\n",
			[]string{"log.csv:2:2: prompt: the quotes opened on line 2 are followed by text", "b"},
		},
		{
			"quote that never closes", header + "1,\"oops,2\n2,b,3\n3,c,4\n",
			[]string{"log.csv:2:2: prompt: the quotes opened on line 2 are not closed; close them", "b", "c"},
		},
		{
			"quote that closes rows later", header + "1,\"oops,2\n2,b,3\n3,\"c\",4\n",
			[]string{"log.csv:2:2: prompt: the quotes opened on line 2 are followed", "b", "c"},
		},
		{
			"second multi-line field is wrong", header + "1,\"a\nb\",\"oops\n2,b,3\n",
			[]string{"log.csv:2:3: cost_usd: the quotes opened on line 3 are not closed", "b"},
		},
		{"invalid UTF-8", header + "1,\xff\xfe,2\n2,b,3\n", []string{"log.csv:2:2: prompt: not UTF-8; save the file as UTF-8", "b"}},
		{"NUL", header + "1,a,2\n2,b\x00,3\n3,c,4\n", []string{"a", "log.csv:3:2: prompt: holds a NUL byte", "c"}},
		{"line after a multi-line row", header + "1,\"a\nb\nc\",2\n2\n", []string{"a\nb\nc", "log.csv:5: has 1 of 3 fields"}},
		{"JSON", `{"prompt":"a"}` + "\n{\n" + `{"prompt":"b"}`, []string{"a", "log.csv:2: not a JSON object: unexpected end", "b"}},
		{"JSON list", `{"prompt":"a"}` + "\n[1]\nnull\n", []string{"a", "log.csv:2: not a JSON object", "log.csv:3: not a JSON object; write one"}},
		{
			"JSON in doubt", `{"input":"a","question":"b"}` + "\n" + `{"input":"c"}`,
			[]string{`log.csv:1: the keys "input" and "question" both look like prompt; choose one with --map prompt="input"`, "c"},
		},
		{"JSON not UTF-8", `{"prompt":"a"}` + "\n{\"prompt\":\"\xff\"}\n", []string{"a", "log.csv:2: not UTF-8"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, _ := readAll(t, c.text, nil)
			if len(got) != len(c.want) {
				t.Fatalf("%q gives %q, want %q", c.text, got, c.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], c.want[i]) {
					t.Errorf("row %d of %q: got %q, want it to begin %q", i, c.text, got[i], c.want[i])
				}
			}
		})
	}
}

func TestOpenTableSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, text string
		mapping    map[string]string
		want       string
	}{
		{"empty", "", nil, "log.csv is empty"},
		{"blank", " \n\n", nil, "log.csv is empty"},
		{"byte order mark alone", "\ufeff", nil, "log.csv is empty"},
		{"wrong header", "a,b\n1,2\n", nil, `log.csv:1: no column for prompt; there are "a", "b"; name it with --map prompt=COLUMN`},
		{"wrong JSON keys", `{"a":1}`, nil, `no column for prompt; there are "a"`},
		{"binary", "pro\x00mpt,x\n", nil, "log.csv is binary"},
		{"workbook", "PK\x03\x04\x14\x00", nil, "log.csv is a workbook"},
		{"compressed", "\x1f\x8b\x08", nil, "log.csv is compressed twice"},
		{"old workbook", "\xd0\xcf\x11\xe0\xa1\xb1", nil, "save it as .xlsx"},
		{"database", "SQLite format 3\x00", nil, "--from sqlite:log.csv"},
		{"PDF", "%PDF-1.7\n", nil, "is a PDF"},
		{"header not UTF-8", "prompt,caf\xe9\na,1\n", nil, "log.csv:1:2: the header is not UTF-8"},
		{"header with a lone quote", "pro\"mpt,id\na,1\n", nil, "the header: a quote stands inside"},
		{"two synonyms", "input,question\na,b\n", nil, `the columns "input" and "question" both look like prompt; choose one with --map prompt="input"`},
		{"the name twice", "prompt,prompt\na,b\n", nil, `two columns named "prompt"`},
		{"unknown field", "prompt\na\n", map[string]string{"promt": "prompt"}, `there is no field "promt"; there are id, prompt, cost_usd`},
		{"unknown column", "prompt\na\n", map[string]string{"id": "number"}, `there is no column "number"; there are "prompt"`},
		{"unknown key", `{"prompt":"a"}`, map[string]string{"id": "number"}, `there is no key "number"; there are "prompt"`},
		{"column for two fields", "prompt,x\na,b\n", map[string]string{"id": "x", "cost_usd": "x"}, `the column "x" to both cost_usd and id`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := OpenTable("log.csv", strings.NewReader(c.text), testFields, c.mapping)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q: got %v, want it to say %q", c.text, err, c.want)
			}
		})
	}
}

func TestTableMapping(t *testing.T) {
	t.Parallel()
	rows, table := readAll(t, "Question,prompt,spend,colour,,colour\nq,p,0.1,red,x,blue\n", map[string]string{"prompt": "Question"})
	if diff := cmp.Diff([]string{"q"}, rows); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{"prompt": "Question", "cost_usd": "spend"}
	if diff := cmp.Diff(want, table.Mapped()); diff != "" {
		t.Errorf("mapped (-want +got):\n%s", diff)
	}
	table, err := OpenTable("log.csv", strings.NewReader("Question,prompt,spend,colour,,colour\nq,p,0.1,red,x,blue\n"), testFields, map[string]string{"prompt": "Question"})
	if err != nil {
		t.Fatal(err)
	}
	row, err := table.Next()
	if err != nil {
		t.Fatal(err)
	}
	extra := map[string]string{"prompt": "p", "colour": "red", "column 5": "x", "colour (column 6)": "blue"}
	if diff := cmp.Diff(extra, row.Extra); diff != "" {
		t.Errorf("extra (-want +got):\n%s", diff)
	}
	if row.Column("cost_usd") != 3 || row.Column("id") != 0 || row.Has("id") || !row.Has("cost_usd") {
		t.Errorf("cost_usd is column %d, id %d, want 3 and 0", row.Column("cost_usd"), row.Column("id"))
	}
}

func TestRowHashIgnoresOrderAndQuotes(t *testing.T) {
	t.Parallel()
	hashes := map[string]bool{}
	for _, text := range []string{
		"id,prompt\n1,a\n", "prompt,id\n\"a\",\"1\"\n", "id,prompt,cost_usd\n1,a,\n", `{"prompt":"a","id":1}`,
		"id,prompt,reject_line,reject_column,reject_reason\n1,a,2,3,why\n",
	} {
		table, err := OpenTable("log.csv", strings.NewReader(text), testFields, nil)
		if err != nil {
			t.Fatal(err)
		}
		row, err := table.Next()
		if err != nil {
			t.Fatal(err)
		}
		hashes[row.SHA256] = true
	}
	if len(hashes) != 1 {
		t.Errorf("one row in four files has the hashes %v, want one", hashes)
	}
}

func TestTooLargeFieldIsOneBadRow(t *testing.T) {
	t.Parallel()
	const size = 20 << 20
	big := strings.Repeat("x", size)
	lines := strings.Repeat("some text\n", size/10)
	for name, field := range map[string]string{"bare": big, "quoted": `"` + big + `"`, "with line breaks": `"` + lines + `"`} {
		t.Run(name, func(t *testing.T) {
			got, _ := readAll(t, "id,prompt\n1,a\n2,"+field+"\n3,c\n", nil)
			if len(got) != 3 || got[0] != "a" || got[2] != "c" || !strings.Contains(got[1], "log.csv:3:2: prompt: the field is larger than 16 MB") {
				for i := range got {
					got[i] = shorten(got[i])
				}
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestTextInsideATooLargeRowIsNoRow(t *testing.T) {
	t.Parallel()
	const inside = "\"Hello\nfake-1,please\n bye\"\n"
	for name, row := range map[string]string{
		"after a bare field":              "2," + strings.Repeat("x", 20<<20) + "," + inside,
		"after a quoted field":            "2,\"" + strings.Repeat("x", 20<<20) + "\"," + inside,
		"after a field of many lines":     "2,\"" + strings.Repeat("xx\"\"x\r\n", 4<<20) + "\"," + inside,
		"after a line beyond every limit": "2,\"" + strings.Repeat("x", 70<<20) + "\"," + inside,
		"in the large field":              "2,\"" + strings.Repeat("x", 70<<20) + "\nfake-1,please\n\",1\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := readAll(t, "id,prompt,cost_usd\n1,a,1\n"+row+"3,c,1\n", nil)
			if len(got) != 3 || got[0] != "a" || got[2] != "c" || !strings.Contains(got[1], "larger than") {
				for i := range got {
					got[i] = shorten(got[i])
				}
				t.Errorf("got %d rows, %q", len(got), got[:min(len(got), 5)])
			}
		})
	}
}

// TestQuoteThatNeverClosesLosesItsOwnRowOnly looks at the memory in use, so that no
// other test may run beside it.
func TestQuoteThatNeverClosesLosesItsOwnRowOnly(t *testing.T) {
	const rows = 1_000_000
	for name, end := range map[string]string{"to the end": "", "to a quote": "last,\"x\"y\"\n"} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "id,prompt,model\n1,\"never closed,gpt\n"+strings.Repeat("7,some text to read,gpt\n", rows)+end)
			var heap runtime.MemStats
			most, seen := uint64(0), 0
			report, err := ReadTasks(t.Context(), path, Options{}, func(audit.Task) (Outcome, error) {
				if seen++; seen%(rows/4) == 0 {
					runtime.GC()
					runtime.ReadMemStats(&heap)
					most = max(most, heap.HeapAlloc)
				}
				return Imported, nil
			})
			if err != nil || report.Imported != rows || !strings.Contains(report.Reasons[0], ":2:2: prompt: the quotes opened on line 2 are") {
				t.Errorf("got %+v, %v; want %d rows imported", report, err, rows)
			}
			if most > 64<<20 {
				t.Errorf("%d MB are in use", most>>20)
			}
			text, err := os.ReadFile(path)
			if sum := sha256.Sum256(text); err != nil || report.SHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("the hash is not the file's: %v", err)
			}
		})
	}
}

func TestHugeLineIsReadWithFlatMemory(t *testing.T) {
	t.Parallel()
	// 200 MB without a line break, then a good row.
	endless := io.LimitReader(repeat('x'), 200<<20)
	source := io.MultiReader(strings.NewReader("id,prompt\n"), endless, strings.NewReader("\n2,b\n"))
	table, err := OpenTable("log.csv", source, testFields, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Next(); err == nil || !strings.Contains(err.Error(), "log.csv:2: the line is larger than 64 MB") {
		t.Errorf("got %v, want a line that is too large", err)
	}
	row, err := table.Next()
	if err != nil || row.Get("prompt") != "b" || row.Line != 3 {
		t.Errorf("got line %d %q, %v; want line 3, b", row.Line, row.Get("prompt"), err)
	}
}

type repeat byte

func (r repeat) Read(buffer []byte) (int, error) {
	for i := range buffer {
		buffer[i] = byte(r)
	}
	return len(buffer), nil
}

// FuzzTable checks that no bytes panic or hang, that every good row fits the
// table, and that line numbers grow.
func FuzzTable(f *testing.F) {
	for _, seed := range []string{
		"id,prompt\n1,a\n", "id;prompt\n1;\"a\nb\"\n", "\ufeffprompt\n\"", `{"prompt":"a"}` + "\n{}", "id,prompt\n1,\"a\"b\n\"\n\",\"\n",
		"prompt,id\r\n\"a\"\"\",\r\n", "id,prompt\n\"\"\"\n\"\"\"\nx,\"\n", "{\"a\":{\"b\":1},\"prompt\":null}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := OpenTable("f", strings.NewReader(string(data)), testFields, nil)
		if err != nil {
			return
		}
		last, rows := 0, 0
		for {
			row, err := table.Next()
			if err == io.EOF {
				break
			}
			if rows++; rows > 40*len(data)+10 {
				t.Fatal("more rows than bytes: does not end")
			}
			if row.Line < 1 || row.Line < last {
				t.Fatalf("line %d after line %d", row.Line, last)
			}
			last = row.Line
			if _, bad := errors.AsType[*audit.RowError](err); bad {
				continue
			} else if err != nil {
				t.Fatalf("got %v, want a row error", err)
			}
			if table.Format() == CSV && len(row.Raw) != len(table.header) {
				t.Fatalf("a row of %d fields under %d columns", len(row.Raw), len(table.header))
			}
			for _, value := range slices.AppendSeq(slices.Clone(row.Raw), maps.Values(row.Extra)) {
				if !utf8.ValidString(value) {
					t.Fatalf("%q is not UTF-8", value)
				}
			}
		}
	})
}

// TestCSVReaderReadsLikeTheStandardLibrary reads by both what is made of the
// characters that matter.
func TestCSVReaderReadsLikeTheStandardLibrary(t *testing.T) {
	t.Parallel()
	agree(t, "a,b\n\"c\n\"\"d\",\n,\n\"\"\n x , y \r\n\"e\r\nf\",g")
	pieces := []string{"a", "ü", "long enough to be looked for", ",", ",", ",", "\"", "\"", "\"\"", "\n", "\n", "\r\n", "\r", " ", ",\"", "\",", "\"\n", ";", "\t"}
	random := rand.New(rand.NewPCG(2, 9))
	for range 50_000 {
		var text strings.Builder
		for range 1 + random.IntN(14) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		agree(t, text.String())
	}
}

func FuzzCSVReader(f *testing.F) {
	f.Add("a,b\n\"c\n\"\"d\",\n")
	f.Add("a\r\n\"b\r\n\",c\r")
	f.Add("a;\"b;\"\"\"\n\tlong enough to be looked for,\"\r\n\"\r\n")
	f.Fuzz(func(t *testing.T, text string) { agree(t, text) })
}

// agree compares the records of text with those of encoding/csv, up to the first
// error of either: with the whole text in the buffer, and with a buffer in which few
// records are whole.
func agree(t *testing.T, text string) {
	t.Helper()
	for _, comma := range []byte{',', ';', '\t'} {
		for _, size := range []int{len(text) + 1, 8} {
			agreeWith(t, text, comma, size)
		}
	}
}

func agreeWith(t *testing.T, text string, comma byte, size int) {
	t.Helper()
	lines := lineReader{source: strings.NewReader(text), buffer: make([]byte, 0, size)}
	ours := csvReader{lines: lines, comma: comma}
	ours.lines.fill() // as OpenTable does for the head
	theirs := newStandardReader(text)
	theirs.Comma = rune(comma)
	for {
		want, wantErr := theirs.Read()
		got, line, err := ours.read()
		if (err == nil) != (wantErr == nil) || (err == io.EOF) != (wantErr == io.EOF) {
			t.Fatalf("%q with %q, buffer %d: got %q, %v; encoding/csv gives %q, %v", text, comma, size, got, err, want, wantErr)
		}
		if err != nil {
			return
		}
		if !slices.Equal(want, got) {
			t.Fatalf("%q with %q, buffer %d: got %q, encoding/csv gives %q", text, comma, size, got, want)
		}
		if wantLine, _ := theirs.FieldPos(0); line != wantLine {
			t.Fatalf("%q with %q, buffer %d: line %d, encoding/csv says %d", text, comma, size, line, wantLine)
		}
	}
}

// TestMutatedFilesGiveAResultOrAnError changes, cuts and repeats bytes of logs in each
// notation: every row is read or rejected, and no file takes long.
func TestMutatedTablesGiveAResultOrAnError(t *testing.T) {
	t.Parallel()
	files := 10_000
	if testing.Short() {
		files = 1_000
	}
	row := []string{"t1", "2026-11-02 09:00:00", "support", "say \"hi\",\nplease", "hello; there\tyou", "310", "0.0021", "2400"}
	header := []string{"id", "timestamp", "team", "prompt", "response", "input_tokens", "cost_usd", "latency_ms"}
	var seeds [][]byte
	for _, comma := range []rune{',', '\t', ';'} {
		var text bytes.Buffer
		writer := csv.NewWriter(&text)
		writer.Comma = comma
		_ = writer.Write(header)
		for range 6 {
			_ = writer.Write(row)
		}
		writer.Flush()
		seeds = append(seeds, text.Bytes())
	}
	var lines bytes.Buffer
	for range 6 {
		object := map[string]any{"nested": map[string]any{"a": 1, "b": []int{2}}}
		for i, name := range header {
			object[name] = row[i]
		}
		if err := json.NewEncoder(&lines).Encode(object); err != nil {
			t.Fatal(err)
		}
	}
	seeds = append(seeds, lines.Bytes())
	special := []byte("\",;\t\n\r\x00\xff\xfe\xef{}[]:\\'= 0-+e.")
	directory := t.TempDir()
	random := rand.New(rand.NewPCG(6, 4))
	read, refused := 0, 0
	for n := range files {
		data := bytes.Clone(seeds[n%len(seeds)])
		for range 1 + random.IntN(6) {
			at := random.IntN(len(data))
			switch random.IntN(5) {
			case 0:
				data[at] = special[random.IntN(len(special))]
			case 1:
				data = slices.Insert(data, at, special[random.IntN(len(special))])
			case 2:
				data = data[:max(1, at)]
			case 3:
				data = slices.Delete(data, at, min(len(data), at+1+random.IntN(20)))
			case 4:
				data = slices.Insert(data, at, data[random.IntN(at+1):at]...)
			}
			if len(data) == 0 {
				data = []byte{'x'}
			}
		}
		err := readMutated(t, data)
		if n%20 == 0 { // as a file, with a rejects file on disk
			err = readMutatedFile(t, filepath.Join(directory, "log"), data)
		}
		if err != nil {
			if refused++; !strings.Contains(err.Error(), "log") {
				t.Fatalf("%q: got %v, want an error that names the file", data, err)
			}
			continue
		}
		read++
	}
	if read < files/2 || refused < files/100 {
		t.Errorf("%d files were read and %d refused; these mutations test little", read, refused)
	}
}

// readMutated reads a log; the error is that of a file that is none.
func readMutated(t *testing.T, data []byte) error {
	t.Helper()
	table, err := OpenTable("log", bytes.NewReader(data), taskFields, nil)
	if err != nil {
		return err
	}
	for rows := 0; ; rows++ {
		row, err := table.Next()
		if err == io.EOF {
			return nil
		}
		if rows > 40*len(data)+10 {
			t.Fatalf("%q: does not end", data)
		}
		task := audit.Task{}
		if err == nil {
			err = readTask(&row, "log", &Options{KnownCategories: audit.Categories}, &task)
		}
		if _, rejected := errors.AsType[*audit.RowError](err); err != nil && !rejected {
			t.Fatalf("%q: got %v, want the row rejected", data, err)
		}
		if err == nil && (task.ID == "" || strings.TrimSpace(task.Prompt) == "") {
			t.Fatalf("%q: got task %+v", data, task)
		}
	}
}

func readMutatedFile(t *testing.T, path string, data []byte) error {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := ReadTasks(t.Context(), path, Options{}, func(audit.Task) (Outcome, error) { return Imported, nil })
	if err != nil {
		return err
	}
	if report.Imported+report.Rejected != report.Rows || (report.Rejected > 0) != (report.RejectsFile != "") {
		t.Fatalf("%q: got %+v", data, report)
	}
	if report.RejectsFile != "" {
		if rows := readRejects(t, path); len(rows) != report.Rejected+1 {
			t.Fatalf("%q: got %d rejects of %d", data, len(rows)-1, report.Rejected)
		}
		if err := os.Remove(report.RejectsFile); err != nil {
			t.Fatal(err)
		}
	}
	return nil
}
