package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/store"
)

// command executes a command line in a workspace and gives its standard output.
func command(t *testing.T, dir string, want int, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if got := execute(append([]string{"-C", dir}, args...), &stdout, &stderr); got != want {
		t.Fatalf("modeltrial %q: exit code %d, want %d\n%s%s", args, got, want, stdout.String(), stderr.String())
	}
	return stdout.String() + stderr.String()
}

// setKey puts a key into the environment, for good: t.Setenv is not for tests that run beside
// others. Who sets a variable sets it to the same key everywhere.
func setKey(t *testing.T, name, key string) {
	t.Helper()
	if err := os.Setenv(name, key); err != nil {
		t.Fatal(err)
	}
}

func writeCSV(t *testing.T, path string, rows [][]string) {
	t.Helper()
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

var countries = []string{"Portugal", "Kenya", "Chile", "Norway", "Vietnam", "Canada", "Egypt"}

// writeLog writes a task log of which the truth is known by the id: general tasks that look
// like coding, so that the categoriser is wrong about one in three.
func writeLog(t *testing.T, path string, tasks int) {
	t.Helper()
	rows := [][]string{{"id", "prompt"}}
	for i := range tasks {
		switch i % 3 {
		case 0:
			rows = append(rows, []string{fmt.Sprintf("coding-%d", i), fmt.Sprintf("Write a Python function that sorts list number %d and returns it", i)})
		case 1:
			rows = append(rows, []string{fmt.Sprintf("general-%d", i), "What is the capital of " + countries[i/3%len(countries)] + "?"})
		default:
			if i%2 == 0 {
				rows = append(rows, []string{fmt.Sprintf("general-%d", i), fmt.Sprintf("Write a Python function that doubles list %d", i)})
			} else {
				rows = append(rows, []string{fmt.Sprintf("math-%d", i), fmt.Sprintf("Solve for x: %dx + 7 = 31", i)})
			}
		}
	}
	writeCSV(t, path, rows)
}

// review fills the sheet in by the truth that the ids tell.
func review(t *testing.T, path string, rows int) {
	t.Helper()
	sheet := readCSV(t, path)
	for _, row := range sheet[1 : rows+1] {
		row[1], _, _ = strings.Cut(row[0], "-")
	}
	writeCSV(t, path, sheet)
}

type auditDocument struct {
	Categories []struct {
		Category  audit.Category
		TaskShare float64         `json:"task_share"`
		Corrected *audit.Interval `json:"task_share_corrected"`
		Why       string          `json:"task_share_corrected_why_missing"`
	}
	Check *struct {
		Drawn, Reviewed int
		Accuracy        *audit.Interval
		Confusion       map[string]map[string]int
		Warnings        []string
	} `json:"categoriser_check"`
}

func auditOf(t *testing.T, dir string) (document auditDocument) {
	t.Helper()
	var out, said bytes.Buffer // what was looked at on the way is said on standard error
	if code := execute([]string{"-C", dir, "audit", "report", "--json"}, &out, &said); code != exitOK {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

func TestRandomSampleCorrectsShares(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, sheet := filepath.Join(dir, "log.csv"), filepath.Join(dir, "sheet.csv")
	command(t, dir, exitOK, "init")
	writeLog(t, log, 600) // truly: coding 1/3, general 1/2, math 1/6
	command(t, dir, exitOK, "audit", "import", log)
	command(t, dir, exitOK, "audit", "classify", "--sample", "150", "--sample-file", sheet, "--seed", "5")
	for _, c := range auditOf(t, dir).Categories {
		if c.Corrected != nil || c.Why == "" {
			t.Errorf("before the review %+v", c)
		}
	}
	rows := readCSV(t, sheet)
	if len(rows) != 151 || !slices.Equal(rows[0], []string{"id", "category", "prompt", "turn_before", "system"}) {
		t.Fatalf("%d rows with %q: a blind sheet has no guess", len(rows), rows[0])
	}

	review(t, sheet, 30)
	command(t, dir, exitOK, "audit", "classify", "--review", sheet)
	if d := auditOf(t, dir); d.Check.Accuracy != nil || d.Check.Reviewed != 30 || len(d.Check.Warnings) != 1 || d.Categories[0].Corrected != nil {
		t.Errorf("of 30 reviewed tasks: %+v", d.Check)
	}

	review(t, sheet, 150)
	said := command(t, dir, exitOK, "audit", "classify", "--review", sheet)
	if strings.Contains(said, "training") || !strings.Contains(said, "150 of 150 tasks reviewed; the categoriser is right on") {
		t.Errorf("the sample trained the categoriser, or its result is not told:\n%s", said)
	}
	d := auditOf(t, dir)
	if d.Check.Drawn != 150 || d.Check.Reviewed != 150 || d.Check.Accuracy == nil || len(d.Check.Warnings) > 0 {
		t.Fatalf("check %+v", d.Check)
	}
	if d.Check.Confusion["general"]["coding"] == 0 || d.Check.Confusion["coding"]["coding"] < 40 {
		t.Errorf("confusion %v", d.Check.Confusion)
	}
	truth := map[audit.Category]float64{audit.Coding: 1.0 / 3, audit.General: 1.0 / 2, audit.Math: 1.0 / 6}
	found := 0
	for _, c := range d.Categories {
		want, known := truth[c.Category]
		if !known {
			continue
		}
		found++
		if c.Corrected == nil || !(c.Corrected.Low <= want && want <= c.Corrected.High) || c.Corrected.High-c.Corrected.Low > 0.25 {
			t.Errorf("%s: corrected %+v (%s), truly %.3f", c.Category, c.Corrected, c.Why, want)
		}
	}
	if found != 3 {
		t.Errorf("categories %+v", d.Categories)
	}
	if page := command(t, dir, exitOK, "audit", "report"); !strings.Contains(page, "corrected for its errors") {
		t.Errorf("the terminal says nothing of it:\n%s", page)
	}
	// Drawn once is not drawn again.
	second := filepath.Join(dir, "second.csv")
	command(t, dir, exitOK, "audit", "classify", "--sample", "1000", "--sample-file", second)
	if rows := readCSV(t, second); len(rows) != 451 {
		t.Errorf("%d tasks were drawn the second time, want the other 450", len(rows)-1)
	}
}

// endBeforeUse has the workspace as it is when audit classify has trained a categoriser and
// ends before it has sorted anything.
func endBeforeUse(t *testing.T, dir string) {
	t.Helper()
	g := &global{dir: dir}
	err := g.withStore(t.Context(), func(s *store.Store) error {
		trained, err := s.LocalModel(t.Context())
		if err != nil {
			return err
		}
		return s.SaveLocalModel(t.Context(), trained)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOwnCategories(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command(t, dir, exitOK, "init")
	log := filepath.Join(dir, "log.csv")
	writeCSV(t, log, [][]string{
		{"id", "prompt"},
		{"1", "I want my money back for the toaster, it broke"},
		{"2", "When will the parcel with my lamp arrive?"},
		{"3", "Write a Python function that reverses a list"},
	})
	command(t, dir, exitOK, "audit", "import", log)
	command(t, dir, exitOK, "audit", "classify")
	var config strings.Builder
	config.WriteString("categories:\n  - name: coding\n")
	for name, texts := range map[string][]string{
		"refunds":  {"I want my money back for the kettle", "Refund me the broken fan", "The mixer broke, please pay me back", "I returned the radio and want my money", "Give me a refund for the iron"},
		"delivery": {"When will my parcel arrive?", "Where is the parcel with the clock?", "The delivery of my drill is late", "Has my order left the warehouse?", "Tracking says my parcel is lost"},
	} {
		fmt.Fprintf(&config, "  - name: %s\n    description: %s of things that were bought\n    examples:\n", name, name)
		for _, text := range texts {
			fmt.Fprintf(&config, "      - %q\n", text)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, configName), []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	said := command(t, dir, exitOK, "audit", "classify") // other categories: everything is sorted again
	for _, want := range []string{"3 tasks categorised", "few examples to learn from", "its accuracy is not known", "general → "} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in:\n%s", want, said)
		}
	}
	got := map[audit.Category]bool{}
	for _, c := range auditOf(t, dir).Categories {
		got[c.Category] = true
	}
	if !got["refunds"] || !got["delivery"] || !got[audit.Coding] || len(got) != 3 {
		t.Errorf("categories %v", got)
	}
	if said := command(t, dir, exitOK, "audit", "classify"); strings.Contains(said, "training") || !strings.Contains(said, "no task waits for a category") {
		t.Errorf("the second time:\n%s", said)
	}
	// Scoring measures the workspace's categoriser.
	labelled := filepath.Join(dir, "labelled.csv")
	writeCSV(t, labelled, [][]string{{"id", "prompt", "category"}, {"1", "Refund the money for my broken lamp", "refunds"}, {"2", "Where is my parcel?", "delivery"}})
	if said := command(t, dir, exitOK, "audit", "score", labelled); !strings.Contains(said, "2 rows: accuracy 100%") {
		t.Errorf("score:\n%s", said)
	}
	// A categoriser that is trained, but not used when the program ends, is used by the
	// next run.
	endBeforeUse(t, dir)
	if said := command(t, dir, exitOK, "audit", "classify"); strings.Contains(said, "training") || !strings.Contains(said, "3 tasks categorised") {
		t.Errorf("the tasks are not sorted by it:\n%s", said)
	}
	// Without categories of its own the workspace is back to the built-in ones.
	if err := os.WriteFile(filepath.Join(dir, configName), []byte("providers: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := command(t, dir, exitOK, "audit", "classify"); !strings.Contains(said, "3 tasks categorised") || !strings.Contains(said, "refunds → ") {
		t.Errorf("back to the built-in categories:\n%s", said)
	}
	if said := command(t, dir, exitOK, "audit", "classify"); !strings.Contains(said, "no task waits for a category") {
		t.Errorf("once more:\n%s", said)
	}
}
