package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

var ratingFields = []ingest.Field{
	{Name: "task_id", Synonyms: []string{"id", "task", "question_id", "request_id"}, Required: true},
	{Name: "arm_a", Synonyms: []string{"model_a", "control", "baseline"}, Required: true},
	{Name: "arm_b", Synonyms: []string{"model_b", "candidate"}, Required: true},
	{Name: "rater", Synonyms: []string{"annotator", "judge", "rater_id", "rater_name", "annotator_id"}, Required: true},
	{Name: "kind", Synonyms: []string{"rater_kind", "source"}},
	{Name: "preference", Synonyms: []string{"verdict", "winner", "choice", "vote"}},
	{Name: "score", Synonyms: []string{"win_score"}},
	{Name: "first", Synonyms: []string{"shown_first"}},
	{Name: "week", Synonyms: []string{"batch", "pilot_week"}},
	{Name: "rated_at", Synonyms: []string{"timestamp", "created_at", "time", "date"}},
	{Name: "category", Synonyms: []string{"task_category", "use_case"}},
	{Name: "seconds", Synonyms: []string{"seconds_taken", "duration_s", "rating_seconds", "judge_seconds"}},
	{Name: "cluster", Synonyms: []string{"cluster_id", "session_id", "conversation_id"}},
	{Name: "note", Synonyms: []string{"comment", "rationale", "explanation"}},
	{Name: "simulated", Synonyms: []string{"is_simulated"}},
	{Name: "guess", Synonyms: []string{"guessed_control", "control_guess"}},
	{Name: "recognised", Synonyms: []string{"recognized", "recognised_model", "recognized_model"}},
	{Name: "guess_asked"},
	{Name: "tags", Synonyms: []string{"rating_tags", "reasons"}},
	{Name: "grades"},
}

// RatingsOptions say how a ratings file is read.
type RatingsOptions struct {
	Map map[string]string // field to column, before what is recognised
	// Kind is what the raters are where the file does not say; empty is human.
	Kind eval.RaterKind
	// ScoreRange holds the scores that stand for all to arm a and all to arm b; the
	// zero value is 0 and 1, whose scores are kept as they are.
	ScoreRange [2]float64
	Raters     []string // only these; none keeps all
	Progress   func(bytesRead int64)
	// Guess gets what a row says of the rater's guess, once its rating was emitted
	// without an error; nil: guesses are not wanted.
	Guess func(eval.Guess) error
}

// ReadRatings gives each rating of a CSV or JSON Lines file to emit, which says
// whether it was new. A score counts before a preference and is never rounded to one. A
// row with neither, or with one that cannot be read, is rejected and never taken
// for a tie. Rows of raters that were not asked for are counted as filtered. Rows
// that cannot be read, and those for which emit returns an [*audit.RowError], whose
// place is filled in, go to FILE.rejects.csv; any other error ends the reading.
func ReadRatings(ctx context.Context, path string, options RatingsOptions, emit func(eval.Rating) (ingest.Outcome, error)) (FileReport, error) {
	report := FileReport{}
	options, err := options.withDefaults()
	if err != nil {
		return report, err
	}
	file := ingest.File{
		Path: path, Fields: ratingFields, OneOf: []string{"preference", "score"},
		Map: options.Map, Progress: options.Progress,
	}
	known := texts{}
	var rating eval.Rating // of one row after the other
	report.FileReport, err = ingest.ReadFile(ctx, file, func(row ingest.Row) (ingest.Outcome, error) {
		if len(options.Raters) > 0 && !slices.Contains(options.Raters, strings.TrimSpace(row.Get("rater"))) {
			return ingest.Filtered, nil
		}
		rating = eval.Rating{}
		if err := readRating(&row, options, &rating); err != nil {
			return ingest.Imported, err
		}
		opposed, err := readOutcome(&row, options.ScoreRange, &rating)
		if err != nil {
			report.Unreadable++
			return ingest.Imported, err
		}
		if opposed {
			report.Opposed++
		}
		known.keep(&rating)
		guess, guessed, err := readGuess(&row, rating)
		if err != nil {
			return ingest.Imported, err
		}
		outcome, err := emit(rating)
		if err == nil && guessed && options.Guess != nil {
			err = options.Guess(guess)
		}
		return outcome, err
	})
	return report, err
}

// keep makes a rating independent of its row.
func (t texts) keep(rating *eval.Rating) {
	for _, name := range [...]*string{&rating.TaskID, &rating.Cluster, &rating.ArmA, &rating.ArmB, &rating.Rater} {
		*name = t.of(*name)
	}
	rating.Category = audit.Category(t.of(string(rating.Category)))
	rating.Note = strings.Clone(rating.Note)
}

func (o RatingsOptions) withDefaults() (RatingsOptions, error) {
	if o.Kind == "" {
		o.Kind = eval.Human
	}
	if o.ScoreRange == [2]float64{} {
		o.ScoreRange = [2]float64{0, 1}
	}
	if _, ok := raterKind(string(o.Kind)); !ok {
		return o, fmt.Errorf("--kind %q is not known; choose human, judge or check", o.Kind)
	}
	// The negated comparison catches NaN too.
	if width := o.ScoreRange[1] - o.ScoreRange[0]; !(width > 0 || width < 0) || width-width != 0 {
		return o, fmt.Errorf("--score-range %v,%v is no range; give two different numbers, such as 1,2", o.ScoreRange[0], o.ScoreRange[1])
	}
	return o, nil
}

// raterKind reads a kind of rater without regard to case.
func raterKind(text string) (eval.RaterKind, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, kind := range [...]eval.RaterKind{eval.Human, eval.Judge, eval.Check} {
		if text == string(kind) {
			return kind, true
		}
	}
	return "", false
}

// readRating reads all of a rating but its outcome.
func readRating(row *ingest.Row, options RatingsOptions, rating *eval.Rating) (err error) {
	rating.Cluster = strings.TrimSpace(row.Get("cluster"))
	rating.Note = unguard(row.Get("note"))
	for _, field := range [...]struct {
		name string
		into *string
	}{{"task_id", &rating.TaskID}, {"arm_a", &rating.ArmA}, {"arm_b", &rating.ArmB}, {"rater", &rating.Rater}} {
		if *field.into, err = key(row, field.name); err != nil {
			return err
		}
	}
	if rating.ArmA == rating.ArmB {
		return row.Reject("arm_b", fmt.Sprintf("%q is arm_a too", rating.ArmB), "a rating compares two different arms")
	}
	rating.Kind = options.Kind
	if row.Has("kind") {
		kind, ok := raterKind(row.Get("kind"))
		if !ok {
			return row.Reject("kind", fmt.Sprintf("%q is not a kind of rater", row.Get("kind")), "choose human, judge or check")
		}
		rating.Kind = kind
	}
	if rating.Category, err = ingest.ReadCategory(row, nil); err != nil {
		return err
	}
	if rating.Week, err = readWeek(row); err != nil {
		return err
	}
	if rating.Simulated, err = readBool(row, "simulated"); err != nil {
		return err
	}
	if err := readReasons(row, rating); err != nil {
		return err
	}
	return readPresentation(row, rating)
}

// readPresentation reads how and when a rating was given.
func readPresentation(row *ingest.Row, rating *eval.Rating) (err error) {
	if row.Has("first") {
		var known bool
		if rating.First, known = parseSide(row.Get("first")); !known {
			return row.Reject("first", fmt.Sprintf("%q is neither a nor b", row.Get("first")), "say which arm was shown first, or leave it empty")
		}
	}
	if row.Has("rated_at") {
		if rating.RatedAt, err = ingest.ParseTime(row.Get("rated_at")); err != nil {
			return row.Reject("rated_at", err.Error(), "")
		}
	}
	if row.Has("seconds") {
		seconds, err := parseSeconds(row.Get("seconds"))
		if err != nil {
			return row.Reject("seconds", err.Error(), "leave it empty where it is not known")
		}
		rating.Seconds = &seconds
	}
	return nil
}

// parseSide reads which arm was shown first.
func parseSide(text string) (side eval.Side, known bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case string(eval.SideA):
		return eval.SideA, true
	case string(eval.SideB):
		return eval.SideB, true
	}
	return eval.SideUnknown, false
}

// parseSeconds reads a duration that is not negative.
func parseSeconds(text string) (float64, error) {
	seconds, err := ingest.ParseNumber(text)
	if err == nil && seconds < 0 {
		err = fmt.Errorf("%q is negative", text)
	}
	return seconds, err
}
