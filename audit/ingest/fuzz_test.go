package ingest

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"modeltrial/audit"
)

// seeds are small files of every format.
func seeds(t testing.TB) map[string][]byte {
	t.Helper()
	all := everyFormat(t, oneLog()[:4])
	for i, export := range exports {
		name := export.format + string(rune('a'+i))
		all[name] = []byte(export.text)
		all[name+" zip"] = packed["zip"](t, export.text)
		all[name+" gzip"] = packed["gzip"](t, export.text)
	}
	all["openrouter"], all["openai-usage"] = []byte(openRouterActivity), []byte(openAIPages)
	return all
}

// mostAllocated is what reading a small damaged file may allocate in all.
const mostAllocated = 128 << 20

// readAnything reads a file in every way, and checks that each gives a result that
// adds up or an error.
func readAnything(t *testing.T, folder string, content []byte) {
	t.Helper()
	path := filepath.Join(folder, "log")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	paths, err := Paths([]string{path})
	if err != nil {
		return
	}
	for _, found := range paths {
		report, err := ReadTasks(t.Context(), found.Path, Options{}, func(task audit.Task) (Outcome, error) {
			if task.Prompt == "" || task.ID == "" {
				t.Errorf("a task without prompt or id: %+v", task)
			}
			return Imported, nil
		})
		if err == nil && report.Rows != report.Imported+report.Duplicates+report.Rejected+report.Filtered {
			t.Errorf("the rows do not add up: %+v", report)
		}
		if err != nil {
			_, _ = ReadSpend(t.Context(), found.Path, Options{}, func(audit.SpendEntry) error { return nil })
		}
		_, _ = LookInto(t.Context(), found.Path, Options{})
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > mostAllocated {
		t.Errorf("%d MB were allocated for a file of %d bytes", allocated>>20, len(content))
	}
}

func FuzzReadTasks(f *testing.F) {
	for _, content := range seeds(f) {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 1<<20 {
			t.Skip("larger files are the same again")
		}
		readAnything(t, t.TempDir(), content)
	})
}

// TestMutatedFilesGiveAResultOrAnError damages files of every format in the ways in
// which files are damaged.
func TestMutatedFilesGiveAResultOrAnError(t *testing.T) {
	files := 10_000
	if testing.Short() {
		files = 500
	}
	all := seeds(t)
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range all {
			if !yield(name) {
				return
			}
		}
	})
	random := rand.New(rand.NewPCG(4, 2026))
	folder := t.TempDir()
	for i := range files {
		name := names[i%len(names)]
		content := mutate(random, all[name])
		own := filepath.Join(folder, strconv.Itoa(i)) // where no rejects of the others are in the way
		if err := os.Mkdir(own, 0o700); err != nil {
			t.Fatal(err)
		}
		readAnything(t, own, content)
		if t.Failed() {
			kept := filepath.Join(os.TempDir(), "mutated")
			_ = os.WriteFile(kept, content, 0o600) // to look at
			t.Fatalf("%s, file %d, is kept as %s", name, i, kept)
		}
	}
}

func mutate(random *rand.Rand, content []byte) []byte {
	content = slices.Clone(content)
	for range 1 + random.IntN(6) {
		if len(content) == 0 {
			return content
		}
		at := random.IntN(len(content))
		end := min(len(content), at+1+random.IntN(40))
		switch random.IntN(7) {
		case 0:
			content[at] = byte(random.IntN(256))
		case 1:
			content[at] ^= 1 << random.IntN(8)
		case 2:
			content = slices.Delete(content, at, end)
		case 3:
			content = slices.Insert(content, at, content[at:end]...)
		case 4:
			content = content[:at]
		case 5:
			marks := []string{"\"", "\n", ",", "{", "[", "}", "]", "\x00", "\xff", "null", "1e999", "\r", "\\u0000", ";"}
			content = slices.Insert(content, at, []byte(marks[random.IntN(len(marks))])...)
		case 6:
			other := random.IntN(len(content))
			content[at], content[other] = content[other], content[at]
		}
	}
	return content
}

// FuzzJSONWalker compares the elements of a list with what encoding/json finds.
func FuzzJSONWalker(f *testing.F) {
	for _, seed := range []string{`[{"a":1},{"b":[1,2,{"c":"}"}]}, "x\"]", 1.5, null]`, `[]`, "[\n1\n,\n2]", `[[[[]]]]`, `["\\"]`, `[{"a":"\u005d"}]`} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, content []byte, step int) {
		walker := newWalkers(iotestStep{bytes.NewReader(content), 1 + (step&0xff)%7}, false, [][]string{{anyElement}}, nil, nil)
		var got []string
		for faults := 0; faults < 1000; {
			value, _, err := walker.next()
			if err == io.EOF {
				break
			}
			if _, bad := asFault(err); bad {
				faults++
				continue
			}
			if err != nil {
				t.Fatalf("%q: %v", content, err)
			}
			got = append(got, string(value))
		}
		var want []json.RawMessage
		if json.Unmarshal(content, &want) != nil || want == nil {
			return // not a list: no panic is enough
		}
		if len(got) != len(want) {
			t.Fatalf("%q: got %q, want %q", content, got, want)
		}
		for i := range want {
			if got[i] != string(want[i]) {
				t.Errorf("%q: element %d is %q, want %q", content, i, got[i], want[i])
			}
		}
	})
}

// An iotestStep reads a few bytes at a time.
type iotestStep struct {
	source io.Reader
	step   int
}

func (r iotestStep) Read(buffer []byte) (int, error) {
	return r.source.Read(buffer[:min(r.step, len(buffer))])
}

// FuzzNumbers reads numbers in both ways: what is read is never another number than
// the digits say.
func FuzzNumbers(f *testing.F) {
	for _, seed := range []string{"1.234,56", "1,234.56", "$1.20", "0,5 €", "1'234.5", "-3", "1e5", "12 345,6", "USD 5", "5 kr", "1,2,3", "0x10", "٣"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		digits := func(text string) (found string) {
			for _, r := range text {
				if r >= '0' && r <= '9' {
					found += string(r)
				}
			}
			return found
		}
		amount, _ := cutCurrency(text)
		for _, r := range []*reading{nil, {}, {comma: true}} {
			plain := r.plain(amount)
			if digits(plain) != digits(text) {
				t.Errorf("%q becomes %q", text, plain)
			}
			_, _ = ParseNumber(plain)
			_, _ = ParseCost(plain)
			_, _ = r.time(text)
		}
		separatorOf(text)
		_, _, _ = ParseRate(text)
		_ = CheckDateFormat(text)
	})
}

// FuzzChat reads anything as a request and as an answer.
func FuzzChat(f *testing.F) {
	for _, seed := range []string{
		`[{"role":"user","content":"a"}]`, `{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}`, `{"contents":[{"role":"user","parts":[{"text":"x"}]}]}`,
		`{"choices":[{"message":{"content":"x"}}]}`, `{"output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}`, `[[[[[[[[[["x"]]]]]]]]]]`, "{}", "text",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, ok := textJSON(text)
		if !ok {
			return
		}
		c := readChat(value)
		for _, turn := range c.conversation {
			if turn.Content == "" || (turn.Role != "user" && turn.Role != "assistant") {
				t.Errorf("%q gives the turn %+v", text, turn)
			}
		}
		readAnswer(value)
		looksLikeChat(text)
		readAttributes(value)
		anyValue(value, 0)
	})
}
