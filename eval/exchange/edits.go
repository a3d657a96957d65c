package exchange

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

var editFields = []ingest.Field{
	{Name: "task_id", Synonyms: []string{"id", "task", "question_id", "request_id"}, Required: true},
	{Name: "arm", Synonyms: []string{"model", "model_name", "arm_name"}, Required: true},
	{Name: "rater", Synonyms: []string{"editor", "annotator", "post_editor", "user"}, Required: true},
	{Name: "outcome", Synonyms: []string{"result", "status"}},
	{Name: "seconds", Synonyms: []string{"active_seconds", "editing_seconds", "edit_seconds", "edit_time"}},
	{Name: "timing"},
	{Name: "edited_text", Synonyms: []string{"final_text", "final", "edited", "post_edit", "sent_text"}},
	{Name: "words_kept", Synonyms: []string{"share_kept", "kept_share"}},
	{Name: "words_before", Synonyms: []string{"words_in_answer"}},
	{Name: "words_after", Synonyms: []string{"words_in_edit"}},
	{Name: "rounds", Synonyms: []string{"revision_rounds", "revisions"}},
	{Name: "week", Synonyms: []string{"batch", "pilot_week"}},
	{Name: "category", Synonyms: []string{"task_category", "use_case"}},
	{Name: "cluster", Synonyms: []string{"cluster_id", "session_id", "conversation_id"}},
	{Name: "edited_at", Synonyms: []string{"timestamp", "created_at", "time", "date"}},
}

// EditsOptions say how a file of edits is read.
type EditsOptions struct {
	Map      map[string]string // field to column, before what is recognised
	Raters   []string          // only these; none keeps all
	Progress func(bytesRead int64)
}

// ReadEdits gives each edit of a CSV or JSON Lines file to emit, which says whether it was
// new. Seconds are of active work unless timing says elapsed. A row says at least one of
// the seconds, the edited text, the share of words kept, and that the answer was
// unusable. Rows that cannot be read, and those for which emit returns an
// [*audit.RowError], whose place is filled in, go to FILE.rejects.csv; any other error
// ends the reading.
func ReadEdits(ctx context.Context, path string, options EditsOptions, emit func(eval.PostEdit) (ingest.Outcome, error)) (FileReport, error) {
	file := ingest.File{
		Path: path, Fields: editFields, OneOf: []string{"seconds", "edited_text", "words_kept", "outcome"}, Map: options.Map, Progress: options.Progress,
	}
	known := texts{}
	read, err := ingest.ReadFile(ctx, file, func(row ingest.Row) (ingest.Outcome, error) {
		if len(options.Raters) > 0 && !slices.Contains(options.Raters, strings.TrimSpace(row.Get("rater"))) {
			return ingest.Filtered, nil
		}
		edit, err := readEdit(&row)
		if err != nil {
			return ingest.Imported, err
		}
		for _, name := range [...]*string{&edit.TaskID, &edit.Arm, &edit.Rater, &edit.Cluster} {
			*name = known.of(*name)
		}
		edit.Category, edit.Text = audit.Category(known.of(string(edit.Category))), strings.Clone(edit.Text)
		return emit(edit)
	})
	return FileReport{FileReport: read}, err
}

func readEdit(row *ingest.Row) (edit eval.PostEdit, err error) {
	edit.Cluster = strings.TrimSpace(row.Get("cluster"))
	for _, field := range [...]struct {
		name string
		into *string
	}{{"task_id", &edit.TaskID}, {"arm", &edit.Arm}, {"rater", &edit.Rater}} {
		if *field.into, err = key(row, field.name); err != nil {
			return edit, err
		}
	}
	if edit.Category, err = ingest.ReadCategory(row, nil); err != nil {
		return edit, err
	}
	if edit.Week, err = readWeek(row); err != nil {
		return edit, err
	}
	if edit.Rounds, err = readCount(row, "rounds"); err != nil {
		return edit, err
	}
	if row.Has("edited_at") {
		if edit.EditedAt, err = ingest.ParseTime(row.Get("edited_at")); err != nil {
			return edit, row.Reject("edited_at", err.Error(), "")
		}
	}
	if err := readEditSeconds(row, &edit); err != nil {
		return edit, err
	}
	return edit, readEditOutcome(row, &edit)
}

func readEditSeconds(row *ingest.Row, edit *eval.PostEdit) error {
	if !row.Has("seconds") {
		return nil
	}
	seconds, err := parseSeconds(row.Get("seconds"))
	if err != nil {
		return row.Reject("seconds", err.Error(), "leave it empty where it is not known")
	}
	edit.Seconds = &seconds
	switch strings.ToLower(strings.TrimSpace(row.Get("timing"))) {
	case "", string(eval.TimedActive):
		edit.Timing = eval.TimedActive
	case string(eval.TimedElapsed):
		edit.Timing = eval.TimedElapsed
	default:
		return row.Reject("timing", fmt.Sprintf("%q is not known", shorten(row.Get("timing"))), "write active for seconds of work, elapsed for those that hold pauses")
	}
	return nil
}

// readEditOutcome reads what became of the answer.
func readEditOutcome(row *ingest.Row, edit *eval.PostEdit) (err error) {
	switch strings.ToLower(strings.TrimSpace(row.Get("outcome"))) {
	case "", string(eval.Edited), "edited":
		edit.Outcome = eval.Edited
	case string(eval.Unusable):
		edit.Outcome, edit.WordsKept = eval.Unusable, new(0.0)
		return nil
	default:
		return row.Reject("outcome", fmt.Sprintf("%q is not known", shorten(row.Get("outcome"))), "write done or unusable; leave out answers that were skipped")
	}
	edit.Text = unguard(row.Get("edited_text"))
	if row.Has("words_kept") {
		kept, err := ingest.ParseNumber(row.Get("words_kept"))
		if err == nil && !(kept >= 0 && kept <= 1) {
			err = fmt.Errorf("%s is no share", shorten(row.Get("words_kept")))
		}
		if err != nil {
			return row.Reject("words_kept", err.Error(), "give the share of words kept, 0 to 1")
		}
		edit.WordsKept = &kept
	}
	for _, field := range [...]struct {
		name string
		into **int
	}{{"words_before", &edit.WordsBefore}, {"words_after", &edit.WordsAfter}} {
		if !row.Has(field.name) {
			continue
		}
		words, err := readCount(row, field.name)
		if err != nil {
			return err
		}
		*field.into = &words
	}
	if edit.Seconds == nil && edit.Text == "" && edit.WordsKept == nil && !row.Has("outcome") {
		return row.Reject("seconds", "is empty, and so are edited_text, words_kept and outcome", "say at least one of them")
	}
	return nil
}

// readCount reads a whole number from 0; 0 where the row has none.
func readCount(row *ingest.Row, field string) (int, error) {
	if !row.Has(field) {
		return 0, nil
	}
	number, err := ingest.ParseNumber(row.Get(field))
	if err == nil && (number < 0 || number > math.MaxInt32 || number != math.Trunc(number)) {
		err = fmt.Errorf("%q is not a whole number from 0", shorten(row.Get(field)))
	}
	if err != nil {
		return 0, row.Reject(field, err.Error(), "leave it empty where it is not known")
	}
	return int(number), nil
}

// WriteEdits writes the edits that each gives as CSV, which [ReadEdits] reads back as
// they were. Of texts it changes what [WriteRatings] changes of notes.
func WriteEdits(w io.Writer, each func(yield func(eval.PostEdit) error) error) error {
	out := csv.NewWriter(w)
	header := make([]string, len(editFields))
	for i, field := range editFields {
		header[i] = field.Name
	}
	if err := out.Write(header); err != nil {
		return fmt.Errorf("write edits: %w", err)
	}
	err := each(func(edit eval.PostEdit) error {
		cells, err := editCells(edit)
		if err != nil {
			return err
		}
		return out.Write(cells)
	})
	if err != nil {
		return fmt.Errorf("write edits: %w", err)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write edits: %w", err)
	}
	return nil
}

// editCells are in the order of editFields.
func editCells(e eval.PostEdit) ([]string, error) {
	cells := []string{
		e.TaskID, e.Arm, e.Rater, string(e.Outcome), optionalFloat(e.Seconds), string(e.Timing), "", optionalFloat(e.WordsKept),
		optionalInt(e.WordsBefore), optionalInt(e.WordsAfter), strconv.Itoa(e.Rounds), "", string(e.Category), e.Cluster, "",
	}
	for i, cell := range cells {
		if !utf8.ValidString(cell) || strings.ContainsAny(cell, "\x00\r") {
			return nil, fmt.Errorf("the %s of task %q by %q is no text: %q", editFields[i].Name, e.TaskID, e.Rater, cell)
		}
	}
	const text, week, editedAt = 6, 11, 14
	cells[text] = guard(cleanNote(e.Text))
	if e.Week > 0 {
		cells[week] = strconv.Itoa(e.Week)
	}
	if !e.EditedAt.IsZero() {
		cells[editedAt] = e.EditedAt.UTC().Format(time.RFC3339Nano)
	}
	return cells, nil
}

func optionalFloat(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', -1, 64)
}

func optionalInt(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}
