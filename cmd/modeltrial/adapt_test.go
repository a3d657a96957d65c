package main

import (
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"modeltrial/audit/classify"
	"modeltrial/eval/routeapi"
	"modeltrial/store"
)

// TestALogsWordingIsLearned where it is long enough, and again whenever it has doubled.
func TestALogsWordingIsLearned(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command(t, dir, exitOK, "init")
	rows := samplePrompts(t)
	learned := func(from, to int) (document classifyDocument, said string) {
		t.Helper()
		log := filepath.Join(dir, "log.csv")
		writeCSV(t, log, append([][]string{{"id", "prompt"}}, rows[from:to]...))
		command(t, dir, exitOK, "audit", "import", log)
		said = command(t, dir, exitOK, "audit", "classify", "--json")
		if err := json.Unmarshal([]byte(said[strings.Index(said, "{"):]), &document); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return document, said
	}
	if d, said := learned(0, 150); d.Categoriser != nil || d.Classified != 150 {
		t.Errorf("from few tasks:\n%s", said)
	}
	if d, said := learned(150, 220); d.Categoriser == nil || d.Categoriser.LogTasks != 220 || d.Classified != 220 {
		t.Errorf("from 220 tasks, by which all are sorted:\n%s", said)
	}
	if d, said := learned(220, 250); d.Categoriser.LogTasks != 220 || d.Classified != 30 {
		t.Errorf("some more are sorted by what is known:\n%s", said)
	}
	// What people sorted is of the log, too: it goes on with what it has learned.
	sheet := filepath.Join(dir, "sample.csv")
	command(t, dir, exitOK, "audit", "classify", "--sample", "100", "--sample-file", sheet)
	sample := readCSV(t, sheet)
	category := slices.Index(sample[0], "category")
	for _, row := range sample[1:] {
		row[category] = "general"
	}
	writeCSV(t, sheet, sample)
	command(t, dir, exitOK, "audit", "classify", "--review", sheet)
	if d, said := learned(250, 400); d.Categoriser.LogTasks != 220 || d.Classified != 150 {
		t.Errorf("after a review:\n%s", said)
	}
	if d, said := learned(0, 409); d.Categoriser.LogTasks != 220 || d.Classified != 9 {
		t.Errorf("the log has not doubled:\n%s", said)
	}
	more := slices.Clone(rows)
	for _, row := range rows[:40] {
		more = append(more, []string{"again " + row[0], row[1] + " Once more, please."})
	}
	rows = more
	follow, categorised := followCategoriser(t, dir)
	if categorised(); follow.trained.IsZero() {
		t.Error("serve does not know the categoriser that is there")
	}
	before := follow.trained
	if categorised(); !follow.trained.Equal(before) {
		t.Error("serve takes the same categoriser for another one")
	}
	if d, said := learned(409, 449); d.Categoriser.LogTasks != 449 || d.Classified != 349 {
		t.Errorf("the log has doubled, of which a person has sorted 100:\n%s", said)
	}
	if categorised(); !follow.trained.After(before) {
		t.Error("serve goes on with what was learned from a smaller log")
	}
	if said := command(t, dir, exitOK, "audit", "classify"); !strings.Contains(said, "learned the wording of this log from 449 tasks, without labels") {
		t.Errorf("it does not say from what it learned:\n%s", said)
	}
}

// followCategoriser has what serve --classify does now and then to take another categoriser.
func followCategoriser(t *testing.T, dir string) (*follower, func()) {
	t.Helper()
	s, err := store.OpenExisting(t.Context(), filepath.Join(dir, "modeltrial.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // it was only read
	f := &follower{store: s, handler: routeapi.New(classify.Default()), errOut: io.Discard}
	return f, func() {
		t.Helper()
		if err := f.categoriser(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAFileIsScoredAsALog, beside each of its prompts by itself, and few of them only so.
func TestAFileIsScoredAsALog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	labels := map[string]string{}
	table, err := sampleRows("labels.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range table {
		labels[row[0]] = row[1]
	}
	labelled := [][]string{{"id", "prompt", "category"}}
	for _, row := range samplePrompts(t) {
		labelled = append(labelled, append(row, labels[row[0]]))
	}
	score := func(rows [][]string) (s classify.Score, said string) {
		t.Helper()
		file := filepath.Join(dir, "labelled.csv")
		writeCSV(t, file, rows)
		said = command(t, dir, exitOK, "audit", "score", file, "--json")
		if err := json.Unmarshal([]byte(said), &s); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return s, command(t, dir, exitOK, "audit", "score", file)
	}
	whole, said := score(labelled)
	if whole.LogTasks != len(labelled)-1 || whole.Alone == nil || *whole.Accuracy < *whole.Alone.Accuracy || *whole.Accuracy < 0.99 {
		t.Errorf("as a log: %d learned from, accuracy %v, alone %+v", whole.LogTasks, *whole.Accuracy, whole.Alone)
	}
	if !strings.Contains(strings.Join(strings.Fields(said), " "), "whose wording was learned from 409 rows without labels; each by itself: accuracy 9") {
		t.Errorf("it is not said how each does by itself:\n%s", said)
	}
	few, said := score(labelled[:100])
	if few.LogTasks != 0 || few.Alone != nil || strings.Contains(said, "each by itself") {
		t.Errorf("few rows: %d learned from, alone %+v:\n%s", few.LogTasks, few.Alone, said)
	}
}

// samplePrompts are the ids and prompts of the embedded sample.
func samplePrompts(t *testing.T) [][]string {
	t.Helper()
	rows, err := sampleRows("tasks.csv")
	if err != nil {
		t.Fatal(err)
	}
	prompts := make([][]string, len(rows))
	for i, row := range rows {
		prompts[i] = []string{row[0], row[7]}
	}
	return prompts
}
