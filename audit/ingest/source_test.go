package ingest

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"modeltrial/audit"
)

// mostHeap is what reading may hold, whatever the size of the file.
const mostHeap = 160 << 20

// readHeld reads a file and gives the most memory that was in use.
func readHeld(t *testing.T, path string) (report FileReport, most uint64, err error) {
	t.Helper()
	var heap runtime.MemStats
	look := func() {
		runtime.GC()
		runtime.ReadMemStats(&heap)
		most = max(most, heap.HeapAlloc)
	}
	rows := 0
	report, err = ReadTasks(t.Context(), path, Options{}, func(audit.Task) (Outcome, error) {
		if rows++; rows%64 == 0 {
			look()
		}
		return Imported, nil
	})
	look()
	return report, most, err
}

// TestBombsAreBounded looks at the memory in use, so that no other test may run beside
// it.
func TestBombsAreBounded(t *testing.T) {
	line := append(bytes.Repeat([]byte("a"), 1<<20), '\n')
	pack := func(t *testing.T, name string, megabytes int, open func(io.Writer) io.WriteCloser) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := open(file)
		_, err = io.WriteString(w, "prompt\n")
		for range megabytes {
			if err == nil {
				_, err = w.Write(line)
			}
		}
		if err != nil || w.Close() != nil || file.Close() != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("zstd", func(t *testing.T) {
		path := pack(t, "log", 600, func(w io.Writer) io.WriteCloser {
			writer, err := zstd.NewWriter(w)
			if err != nil {
				t.Fatal(err)
			}
			return writer
		})
		_, most, err := readHeld(t, path)
		if err == nil || !strings.Contains(err.Error(), "unpacks to more than 2000 times its size") || most > mostHeap {
			t.Errorf("got %v with %d MB in use", err, most>>20)
		}
	})
	t.Run("gzip", func(t *testing.T) { // 1000 times is the most that gzip does: it is read as it is
		path := pack(t, "log", 300, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
		report, most, err := readHeld(t, path)
		if err != nil || report.Imported != 300 || most > mostHeap {
			t.Errorf("got %+v, %v with %d MB in use", report, err, most>>20)
		}
	})
	for part, want := range map[string]string{"xl/styles.xml": "as no sheet does", "xl/worksheets/sheet1.xml": "as no sheet does", "docProps/app.xml": "as no sheet does"} {
		t.Run(part, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			var out bytes.Buffer
			w := zip.NewWriter(&out)
			for _, name := range []string{"xl/workbook.xml", part} {
				entry, err := w.Create(name)
				if err != nil {
					t.Fatal(err)
				}
				for range 100 {
					if name != part {
						break
					}
					if _, err := entry.Write(line); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			_, most, err := readHeld(t, path)
			if err == nil || !strings.Contains(err.Error(), want) || most > mostHeap {
				t.Errorf("got %v with %d MB in use, want it to say %q", err, most>>20, want)
			}
		})
	}
}

func TestDeepJSONIsBounded(t *testing.T) {
	t.Parallel()
	const deep = 2_000_000
	for name, text := range map[string]string{
		"a list":            strings.Repeat("[", deep),
		"a closed list":     strings.Repeat("[", deep) + strings.Repeat("]", deep),
		"objects":           strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep),
		"in a line":         `{"prompt":"ok"}` + "\n" + `{"prompt":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}\n",
		"in a cell":         "prompt\nok\n" + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "\n",
		"in an export":      `{"id":"x","trace_id":"t","type":"GENERATION","usage_details":{},"input":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}\n",
		"in a string of it": `{"id":"x","trace_id":"t","type":"GENERATION","usage_details":{},"input":"` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "\"}\n",
		"in a span":         `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"gen_ai.prompt","value":` + strings.Repeat(`{"arrayValue":{"values":[`, 3000) + strings.Repeat("]}}", 3000) + `}]}]}]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := ReadTasks(t.Context(), write(t, text), Options{}, func(audit.Task) (Outcome, error) { return Imported, nil })
			if err == nil && report.Rows == 0 {
				t.Errorf("nothing is said: %+v", report)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"b.csv": "prompt\na\n", "a.jsonl": "{}", "deep/er/c.json": "[]", ".hidden/d.csv": "x", "b.csv.rejects.csv": "x", "picture.png": "x", "README.md": "x",
		"account.zip": string(packed["zip"](t, "[]")),
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := func(arguments ...string) (list []string) {
		for i := range arguments {
			arguments[i] = filepath.Join(folder, arguments[i])
		}
		paths, err := Paths(arguments)
		if err != nil {
			return []string{strings.ReplaceAll(err.Error(), folder, "")}
		}
		for _, path := range paths {
			list = append(list, strings.TrimPrefix(path.Path, folder+"/"))
		}
		return list
	}
	for _, c := range []struct{ arguments, want []string }{
		{[]string{""}, []string{"README.md", "a.jsonl", "account.zip/export/conversations.json", "b.csv", "deep/er/c.json", "picture.png"}},
		{[]string{"b.csv", "picture.png"}, []string{"b.csv", "picture.png"}},
		{[]string{"*.csv"}, []string{"b.csv"}},
		{[]string{"deep"}, []string{"deep/er/c.json"}},
		{[]string{"account.zip"}, []string{"account.zip/export/conversations.json"}},
		{[]string{"*.xml"}, []string{"/*.xml: no file is named so"}},
		{[]string{"gone.csv"}, []string{"gone.csv"}},
	} {
		if diff := cmp.Diff(c.want, names(c.arguments...)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.arguments, diff)
		}
	}
}

func TestStreamGoesBack(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 50_000 {
		text.WriteString(strings.Repeat(string(rune('a'+i%26)), 7))
	}
	for name, under := range map[string][]byte{"gzip": packed["gzip"](t, text.String()), "zstd": packed["zstd"](t, text.String())} {
		s, err := newStream(bytes.NewReader(under), unpackers[name])
		if err != nil {
			t.Fatal(err)
		}
		for _, offset := range []int64{0, 300_000, 5, 349_990, 0} {
			if _, err := s.Seek(offset, io.SeekStart); err != nil {
				t.Fatalf("%s: seek %d: %v", name, offset, err)
			}
			got := make([]byte, 10)
			if _, err := io.ReadFull(s, got); err != nil || string(got) != text.String()[offset:offset+10] {
				t.Errorf("%s: at %d there is %q, %v", name, offset, got, err)
			}
		}
	}
}

func TestTracesJoinObservations(t *testing.T) {
	t.Parallel()
	traces := write(t, `{"id":"t1","timestamp":"2026-11-02 09:00:00","user_id":"ann","session_id":"s7","public":false,"bookmarked":false,"tags":["x"],"input":"Draft"}`)
	observations := write(t, `{"id":"o1","trace_id":"t1","type":"GENERATION","start_time":"2026-11-02 09:00:00","input":"Draft","usage_details":{}}
{"id":"o2","trace_id":"t2","type":"GENERATION","start_time":"2026-11-02 09:00:00","input":"Draft","usage_details":{}}`)
	joined, err := ReadTraces(t.Context(), []Path{{Path: observations}, {Path: traces}, {Path: "gone"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	tasks, _ := readTasks(t, observations, Options{Traces: joined})
	if len(tasks) != 2 || tasks[0].User != "ann" || tasks[0].Cluster != "s7" || strings.Join(tasks[0].Tags, "") != "x" || tasks[1].User != "" || tasks[1].Cluster != "t2" {
		t.Errorf("got %+v", tasks)
	}
	if tasks, report := readTasks(t, traces, Options{}); len(tasks) != 0 || report.Filtered != 1 {
		t.Errorf("traces give %+v, %+v", tasks, report)
	}
}

// TestSiftGoesByContent looks into the files of a folder whose names tell nothing.
func TestSiftGoesByContent(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"known.csv":  "colour\nred\n", // says itself what it lacks
		"part-00000": "id,prompt\n1,Why?\n", "export.dat": "question;answer\nWhy?;So\n", "lines": `{"prompt":"Why?"}` + "\n",
		"packed.2026-11": string(packed["zstd"](t, "prompt\tmodel\nWhy?\tatlas\n")), "book": string(writeExcel(t, oneLog(), true)), "columns": string(writeParquet(t, oneLog())),
		"bill.2026": openRouterActivity,
		"notes.md":  "Question\n\nWhy?\n", "main.go": "package main\n", "picture.png": "\x89PNG\r\n\x1a\n\x00\x00", "nothing": "", "packed.zip.bak": string(packed["zip"](t, "[]")),
		"log.csv.rejects.csv": "id,prompt\n1,\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paths, err := Paths([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	kept, others := Sift(t.Context(), paths, Options{})
	var logs []string
	for _, path := range kept {
		logs = append(logs, filepath.Base(path.Path))
	}
	for i := range others {
		others[i] = filepath.Base(others[i])
	}
	if diff := cmp.Diff([]string{"bill.2026", "book", "columns", "export.dat", "known.csv", "lines", "packed.2026-11", "part-00000"}, logs); diff != "" {
		t.Errorf("logs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"main.go", "notes.md", "nothing", "packed.zip.bak", "picture.png"}, others); diff != "" {
		t.Errorf("others (-want +got):\n%s", diff)
	}
}
