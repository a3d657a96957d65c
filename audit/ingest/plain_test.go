package ingest

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var plainFields = []Field{{Name: "id", Required: true}, {Name: "text", Synonyms: []string{"prompt"}, Required: true}}

// plainRows gives what ReadPlain reads of id and text, in the order of the file.
func plainRows(t testing.TB, path string, part, longest int) ([][2]string, error) {
	t.Helper()
	var mutex sync.Mutex
	parts := map[int][][2]string{}
	err := readPlain(t.Context(), File{Path: path, Fields: plainFields}, part, longest, func(p Part) error {
		var rows [][2]string
		for row := range p.Rows {
			rows = append(rows, [2]string{string(row[p.Columns["id"]]), string(row[p.Columns["text"]])})
		}
		mutex.Lock()
		defer mutex.Unlock()
		if _, twice := parts[p.Number]; twice {
			t.Errorf("part %d was given twice", p.Number)
		}
		parts[p.Number] = rows
		return nil
	})
	var rows [][2]string
	for number := range slices.Max(append(slices.Collect(maps.Keys(parts)), 0)) + 1 {
		rows = append(rows, parts[number]...)
	}
	return rows, err
}

// ordinaryRows gives what ReadFile reads, and how many rows it rejects.
func ordinaryRows(t testing.TB, path string) (rows [][2]string, rejected int, err error) {
	t.Helper()
	report, err := ReadFile(t.Context(), File{Path: path, Fields: plainFields}, func(row Row) (Outcome, error) {
		rows = append(rows, [2]string{row.Get("id"), row.Get("text")})
		return Imported, nil
	})
	return rows, report.Rejected, err
}

func TestReadPlainGivesTheRowsOfReadFile(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text  string
		plain bool
	}{
		"usual":                    {"id,text\n1,one\n2,two\n3,three\n", true},
		"no line break at the end": {"id,text\n1,one\n2,two", true},
		"carriage returns":         {"id,text\r\n1,one\r\n\r\n2,two\r\n", true},
		"one at the end":           {"id,text\n1,one\r", true},
		"two of them":              {"id,text\n1,one\r\r\n", true},
		"one inside":               {"id,text\n1,o\rne\n", true},
		"empty lines":              {"\n\nid,text\n\n1,one\n\n\n2,two\n\n", true},
		"byte order mark":          {"\xef\xbb\xbfid,text\n1,one\n", true},
		"semicolons":               {"id;text\n1;a,b\n2;c\n", true},
		"tabs and other columns":   {"x\tprompt\ty\tID\n0\tone\t\t1\n0\ttwo\t\t2\n", true},
		"empty cells":              {"id,text\n,\n1,\n", true},
		"only a header":            {"id,text\n", true},
		"letters of many bytes":    {"id,text\n1,größer\n2,日本\n3,ß\n", true},
		"longer than a part":       {"id,text\n1," + strings.Repeat("x", 30) + "\n2,two\n", true},
		"very long":                {"id,text\n1," + strings.Repeat("x", 300) + "\n2,two\n", false},
		"quotes":                   {"id,text\n1,\"one\"\n", false},
		"quotes in the header":     {"\"id\",text\n1,one\n", false},
		"too few fields":           {"id,text\n1,one\n2\n", false},
		"too many fields":          {"id,text\n1,one\n2,two,three\n", false},
		"NUL":                      {"id,text\n1,o\x00ne\n", false},
		"not UTF-8":                {"id,text\n1,o\xffne\n", false},
		"JSON Lines":               {`{"id":1,"text":2}` + "\n", false},
		"column missing":           {"id,words\n1,one\n", false},
		"column twice":             {"id,text,text\n1,one,two\n", false},
		"header without an end":    {"id,text", true},
		"empty":                    {"", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file.csv")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			want, rejected, err := ordinaryRows(t, path)
			for _, part := range []int{1, 2, 3, 5, 8, 13, 64, 1000} {
				got, plainErr := plainRows(t, path, part, 200)
				switch {
				case !test.plain && part <= 64:
					if !errors.Is(plainErr, ErrNotPlain) {
						t.Errorf("parts of %d: error %v, want %v", part, plainErr, ErrNotPlain)
					}
				case test.plain:
					if plainErr != nil || err != nil || rejected > 0 {
						t.Fatalf("parts of %d: %v; ordinary: %v, %d rejected", part, plainErr, err, rejected)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("parts of %d (-ordinary +plain):\n%s", part, diff)
					}
				}
			}
		})
	}
}

func TestReadPlainKeepsErrors(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file.csv")
	if err := ReadPlain(t.Context(), File{Path: path}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(path, []byte("id,text\n1,one\n2,two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no room")
	var read []int64
	file := File{Path: path, Fields: plainFields, Progress: func(bytes int64) { read = append(read, bytes) }}
	if err := readPlain(t.Context(), file, 2, 20, func(Part) error { return full }); !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want %v and the path", err, full)
	}
	if !slices.IsSorted(read) || read[len(read)-1] != 20 {
		t.Errorf("progress %v, want it to grow to 20 bytes", read)
	}
}

// FuzzReadPlain checks that a file that is plain has the rows that ReadFile reads,
// whatever the size of the parts, and that ReadFile rejects none of them.
func FuzzReadPlain(f *testing.F) {
	f.Add("id,text\n1,one\n2,two\n", uint8(3))
	f.Add("\xef\xbb\xbftext;id\r\nß;1\r\n\r\n;\n", uint8(1))
	f.Add("id,text\n1,one\r", uint8(200))
	path := filepath.Join(f.TempDir(), "file.csv")
	f.Fuzz(func(t *testing.T, text string, part uint8) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := plainRows(t, path, int(part)+1, 100)
		if errors.Is(err, ErrNotPlain) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		want, rejected, err := ordinaryRows(t, path)
		if err != nil || rejected > 0 {
			t.Fatalf("plain, but %v, %d rejected", err, rejected)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-ordinary +plain:\n%s", diff)
		}
	})
}
