package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store"
)

// TestStatusTellsOfDriftAndWhatBlocks has a pilot of four tasks whose control was served
// by two models, and of which a call was refused, one is of a run elsewhere, and one
// failed.
func TestStatusTellsOfDriftAndWhatBlocks(t *testing.T) {
	t.Parallel()
	dir := benchWorkspace(t, "http://127.0.0.1:1", 4)
	s, err := store.OpenExisting(t.Context(), filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cell := func(task int, arm string) eval.Cell {
		return eval.Cell{TaskID: fmt.Sprintf("t%06d", task), Arm: arm, Week: 1}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	reserve := func(c eval.Cell) {
		t.Helper()
		must(s.Reserve(t.Context(), c, 1, 1e15, now, now.Add(time.Hour)))
	}
	for task, served := range map[int]string{0: "m-old", 1: "m-old", 2: "m-new"} {
		reserve(cell(task, "now"))
		cost := 1500 * audit.USD // the rest will not do at this cost
		must(s.SaveResponse(t.Context(), cell(task, "now"), eval.Response{Text: "x", ModelServed: served, Origin: eval.Measured, Cost: &cost}, 0, now.Add(time.Duration(task)*24*time.Hour)))
	}
	reserve(cell(0, "next"))
	must(s.Release(t.Context(), cell(0, "next"), eval.FailedCall{Reason: "HTTP 400: content policy", Final: true}, now))
	reserve(cell(1, "next"))
	_, err = s.TakeLease(t.Context(), 1, "another machine, process 7", nil, now, now.Add(time.Hour))
	must(err)
	must(s.Close())

	status := func(args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if code := execute(append([]string{"-C", dir, "pilot", "status"}, args...), &stdout, &stderr); code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr.String())
		}
		return stdout.String()
	}
	text := status()
	for _, want := range []string{
		"! arm now was answered by more than one model", "m-old in week 1 (2 answers", "m-new in week 1 (1 answer",
		"what blocks:", "week 1 is being run by another machine, process 7", "the provider refuses 1 request", "content policy",
		"of the budget are left",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the status does not say %q:\n%s", want, text)
		}
	}
	var document struct {
		Served  []servedModel `json:"models_served"`
		Drift   []string      `json:"drift_warnings"`
		Blocked []blockage    `json:"blocked"`
	}
	must(json.Unmarshal([]byte(status("--json")), &document))
	var kinds []string
	for _, b := range document.Blocked {
		kinds = append(kinds, b.Kind)
	}
	if got := strings.Join(kinds, " "); got != "run refused error budget" || len(document.Served) != 2 || len(document.Drift) != 1 {
		t.Errorf("got what blocks %q, %+v served, %d warnings", got, document.Served, len(document.Drift))
	}
}

// TestASecondRunSaysWhoHoldsTheWeek starts two runs of one week.
func TestASecondRunSaysWhoHoldsTheWeek(t *testing.T) {
	t.Parallel()
	server := newBenchServer(t, 300*time.Millisecond)
	dir := benchWorkspace(t, server.URL, 20)
	first := process(t, "-C", dir, "pilot", "run", "--concurrency", "4")
	var out bytes.Buffer
	first.Stdout, first.Stderr = &out, &out
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); server.calls.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("the run does not begin: %s", out.String())
		}
	}
	var stdout, stderr bytes.Buffer
	code := execute([]string{"-C", dir, "pilot", "run"}, &stdout, &stderr)
	want := fmt.Sprintf("week 1 is being run by %s, which holds it until ", holder(first.Process.Pid))
	if code != exitFailure || !strings.Contains(stderr.String(), want) {
		t.Errorf("the second run ended with %d: %s%s; want it to say %q", code, stdout.String(), stderr.String(), want)
	}
	if err := first.Wait(); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if n := server.calls.Load(); n != 40 {
		t.Errorf("%d calls were made, want 40", n)
	}
	if code := execute([]string{"-C", dir, "pilot", "run"}, &stdout, os.Stderr); code != exitOK || !strings.Contains(stdout.String(), "every task of the pilot is answered") {
		t.Errorf("a run afterwards ended with %d: %s", code, stdout.String())
	}
}
