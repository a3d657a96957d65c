package exchange

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

func readEdits(t testing.TB, path string, options EditsOptions) ([]eval.PostEdit, FileReport) {
	t.Helper()
	var edits []eval.PostEdit
	report, err := ReadEdits(t.Context(), path, options, func(edit eval.PostEdit) (ingest.Outcome, error) {
		edits = append(edits, edit)
		return ingest.Imported, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return edits, report
}

func TestReadEditsReadsEveryField(t *testing.T) {
	path := write(t, "id,Model,editor,outcome,active_seconds,final_text,share_kept,words_before,words_after,rounds,week,category,cluster,edited_at\n"+
		"t1,now,ann,Done,12.5,'=fine,0.75,4,3,2,2,coding,c1,2026-11-02T09:00:00Z\n"+
		"t2,next,ben,unusable,3,,,,,,,,,\n"+
		"t3,next,ben,,,,0.5,,,,,,,\n")
	got, report := readEdits(t, path, EditsOptions{})
	want := []eval.PostEdit{
		{
			TaskID: "t1", Arm: "now", Rater: "ann", Outcome: eval.Edited, Seconds: new(12.5), Timing: eval.TimedActive, Text: "=fine", WordsKept: new(0.75),
			WordsBefore: new(4), WordsAfter: new(3), Rounds: 2, Week: 2, Category: audit.Coding, Cluster: "c1", EditedAt: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC),
		},
		{TaskID: "t2", Arm: "next", Rater: "ben", Outcome: eval.Unusable, Seconds: new(3.0), Timing: eval.TimedActive, WordsKept: new(0.0)},
		{TaskID: "t3", Arm: "next", Rater: "ben", Outcome: eval.Edited, WordsKept: new(0.5)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("edits (-want +got):\n%s", diff)
	}
	if report.Imported != 3 || report.Mapped["edited_text"] != "final_text" {
		t.Errorf("report %+v", report)
	}
	if got, report := readEdits(t, path, EditsOptions{Raters: []string{"ann"}}); len(got) != 1 || report.Filtered != 2 {
		t.Errorf("of ann alone: %d edits, %+v", len(got), report)
	}
}

func TestReadEditsRejects(t *testing.T) {
	for name, c := range map[string]struct{ row, reason string }{
		"no task":          {",now,r,,1,,,,,", "task_id: is empty"},
		"no arm":           {"t,,r,,1,,,,,", "arm: is empty"},
		"nothing said":     {"t,now,r,,,,,,,", "say at least one of them"},
		"unknown outcome":  {"t,now,r,skipped,1,,,,,", "write done or unusable"},
		"negative seconds": {"t,now,r,,-1,,,,,", "is negative"},
		"unknown timing":   {"t,now,r,,1,clock,,,,", "write active for seconds of work"},
		"no share":         {"t,now,r,,1,,,85,,", "85 is no share"},
		"no share, NaN":    {"t,now,r,,1,,,NaN,,", "words_kept:"},
		"half a round":     {"t,now,r,,1,,,,0.5,", "is not a whole number"},
		"no time":          {"t,now,r,,1,,,,,yesterday", "edited_at:"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "task_id,arm,rater,outcome,seconds,timing,edited_text,words_kept,rounds,edited_at\n"+c.row+"\n")
			edits, report := readEdits(t, path, EditsOptions{})
			if len(edits) != 0 || report.Rejected != 1 {
				t.Fatalf("took %+v, %+v", edits, report)
			}
			rejects, err := os.ReadFile(report.RejectsFile)
			if err != nil || !strings.Contains(strings.ReplaceAll(string(rejects), `""`, `"`), c.reason) {
				t.Errorf("rejects %q, %v, want %q", rejects, err, c.reason)
			}
		})
	}
}

func TestEditsAreReadAsTheyWereWritten(t *testing.T) {
	given := []eval.PostEdit{
		{
			TaskID: "t1", Arm: "now", Rater: "ann", Outcome: eval.Edited, Seconds: new(12.345), Timing: eval.TimedElapsed, Text: "=SUM(1)\n\n  \"two\", lines ", WordsKept: new(1.0 / 3),
			WordsBefore: new(4), WordsAfter: new(3), Rounds: 1, Week: 3, Category: audit.Math, Cluster: "c", EditedAt: time.Date(2026, 11, 2, 9, 0, 0, 123000, time.UTC),
		},
		{TaskID: "t2", Arm: "next", Rater: "ben", Outcome: eval.Unusable, WordsKept: new(0.0)},
		{TaskID: "t3", Arm: "next", Rater: "ben", Outcome: eval.Edited},
	}
	var file bytes.Buffer
	err := WriteEdits(&file, func(yield func(eval.PostEdit) error) error {
		for _, edit := range given {
			if err := yield(edit); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := readEdits(t, write(t, file.String()), EditsOptions{})
	if diff := cmp.Diff(given, got); diff != "" {
		t.Errorf("edits (-written +read):\n%s", diff)
	}
	err = WriteEdits(&file, func(yield func(eval.PostEdit) error) error { return yield(eval.PostEdit{TaskID: "a\x00b"}) })
	if err == nil {
		t.Error("a task id that is no text was written")
	}
}

func FuzzReadEdits(f *testing.F) {
	f.Add("task_id,arm,rater,seconds\nt,now,r,1\n")
	f.Add("task_id,arm,rater,edited_text,words_kept\nt,now,r,\"a\nb\",0.5\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := ReadEdits(t.Context(), write(t, text), EditsOptions{}, func(edit eval.PostEdit) (ingest.Outcome, error) {
			if edit.TaskID == "" || edit.Arm == "" || edit.Rater == "" || edit.Rounds < 0 || (edit.WordsKept != nil && !(*edit.WordsKept >= 0 && *edit.WordsKept <= 1)) || (edit.Seconds != nil && !(*edit.Seconds >= 0)) {
				t.Errorf("took %+v", edit)
			}
			return ingest.Imported, nil
		})
		_ = err // a clear error is an answer
	})
}
