package ingest

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"modeltrial/audit"
)

func TestParquetNestsAsJSON(t *testing.T) {
	t.Parallel()
	type part struct {
		Name  string   `parquet:"name"`
		Marks []string `parquet:"marks,list"`
		Score *float64 `parquet:"score,optional"`
	}
	type row struct {
		Prompt  string             `parquet:"prompt"`
		Parts   []part             `parquet:"parts,list"`
		Bare    []int32            `parquet:"bare"`
		Limits  map[string]int64   `parquet:"limits"`
		Inner   struct{ A, B int } `parquet:"inner"`
		Maybe   *part              `parquet:"maybe,optional"`
		Day     int32              `parquet:"day,date"`
		Amount  int64              `parquet:"amount,decimal(4:18)"`
		Flag    bool               `parquet:"flag"`
		ID      [16]byte           `parquet:"key,uuid"`
		Started time.Time          `parquet:"started,timestamp(nanosecond)"`
	}
	rows := []row{
		{
			Prompt: "a", Parts: []part{{Name: "x", Marks: []string{"1", "2"}, Score: new(0.5)}, {Name: "y"}}, Bare: []int32{1, 2}, Limits: map[string]int64{"in": 7},
			Inner: struct{ A, B int }{1, 2}, Maybe: &part{Name: "m", Marks: []string{"q"}}, Day: 20759, Amount: 12345, Flag: true,
			ID: [16]byte{1, 2, 3}, Started: time.Date(2026, 11, 2, 9, 0, 0, 5, time.UTC),
		},
		{Prompt: "b", Started: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)},
	}
	var out bytes.Buffer
	if err := parquet.Write(&out, rows); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	tasks, report := readTasks(t, path, Options{Map: map[string]string{"team": "key"}})
	if len(tasks) != 2 {
		t.Fatalf("%+v", report)
	}
	want := map[string]string{
		"parts": `[{"name":"x","marks":["1","2"],"score":0.5},{"name":"y","marks":[],"score":null}]`,
		"bare":  "[1,2]", "limits": `{"in":7}`, "inner": `{"A":1,"B":2}`, "maybe": `{"name":"m","marks":["q"],"score":null}`,
		"day": "2026-11-02", "amount": "1.2345", "flag": "true", "started": "2026-11-02T09:00:00.000000005Z",
	}
	if diff := cmp.Diff(want, tasks[0].Metadata); diff != "" {
		t.Errorf("first row (-want +got):\n%s", diff)
	}
	if tasks[0].Team != "01020300-0000-0000-0000-000000000000" {
		t.Errorf("a UUID is %q", tasks[0].Team)
	}
	if second := tasks[1].Metadata; second["parts"] != "[]" || second["maybe"] != "" || second["limits"] != "{}" {
		t.Errorf("second row: %+v", second)
	}
}

// TestLangfuseParquet is the default of Langfuse's export to blob storage.
func TestLangfuseParquet(t *testing.T) {
	t.Parallel()
	type observation struct {
		ID      string             `parquet:"id"`
		Trace   string             `parquet:"trace_id"`
		Type    string             `parquet:"type"`
		Start   time.Time          `parquet:"start_time,timestamp(microsecond)"`
		Input   *string            `parquet:"input,optional"`
		Output  *string            `parquet:"output,optional"`
		Model   string             `parquet:"provided_model_name"`
		Usage   map[string]int64   `parquet:"usage_details"`
		Costs   map[string]float64 `parquet:"cost_details"`
		Total   *float64           `parquet:"total_cost,optional"`
		Latency *float64           `parquet:"latency,optional"`
		Tags    []string           `parquet:"tags,list"`
	}
	start := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	if err := parquet.Write(&out, []observation{
		{ID: "o1", Trace: "t1", Type: "GENERATION", Start: start, Input: new(`[{"role":"user","content":"Draft"}]`), Output: new("Dear"), Model: "gpt-5", Usage: map[string]int64{"input": 210, "output": 80}, Total: new(0.0017), Latency: new(1.5), Tags: []string{"x"}},
		{ID: "o2", Trace: "t1", Type: "SPAN", Start: start},
	}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	tasks, report := readTasks(t, path, Options{})
	want := audit.Task{
		ID: "o1", Timestamp: start, Model: "gpt-5", Prompt: "Draft", Response: "Dear", Cluster: "t1", Tags: []string{"x"},
		Tokens: audit.Tokens{Input: new(int64(210)), Output: new(int64(80))}, Cost: nano(1_700_000), LatencyMS: new(int64(1500)),
	}
	if len(tasks) != 1 || report.Format != "langfuse" || report.Container != Parquet || report.Filtered != 1 {
		t.Fatalf("%+v", report)
	}
	if diff := cmp.Diff(want, bare(tasks[0])); diff != "" {
		t.Errorf("task (-want +got):\n%s", diff)
	}
}

func TestDamagedParquet(t *testing.T) {
	t.Parallel()
	whole := writeParquet(t, oneLog())
	huge := append(slices.Clone(whole[:len(whole)-8]), "\xff\xff\xff\x7fPAR1"...)
	for want, content := range map[string][]byte{
		"it is cut off":                       whole[:len(whole)/2],
		"its footer is larger than the file":  huge,
		"cut off, or encrypted":               append(slices.Clone(whole[:len(whole)-4]), "PARE"...),
		"the Parquet file cannot be read: it": []byte("PAR1"),
	} {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadTasks(t.Context(), path, Options{}, func(audit.Task) (Outcome, error) { return Imported, nil })
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
}
