package exchange

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"modeltrial/eval"
)

// WriteRatings writes the ratings that each gives as CSV, which [ReadRatings]
// reads back as they were. Two things of a note are changed: bytes that no text
// holds become U+FFFD, and CRLF becomes LF. A note that a spreadsheet would take
// for a formula gets an apostrophe before it, which reading takes away. Any other
// value that could not be read back is an error. Guesses stand in the rows of their
// ratings.
func WriteRatings(w io.Writer, each func(yield func(eval.Rating) error) error, guesses []eval.Guess) error {
	out := csv.NewWriter(w)
	header := make([]string, len(ratingFields))
	for i, field := range ratingFields {
		header[i] = field.Name
	}
	if err := out.Write(header); err != nil {
		return fmt.Errorf("write ratings: %w", err)
	}
	guessed := byRating(guesses)
	err := each(func(rating eval.Rating) error {
		cells, err := ratingCells(rating, guessed)
		if err != nil {
			return err
		}
		return out.Write(cells)
	})
	if err != nil {
		return fmt.Errorf("write ratings: %w", err)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write ratings: %w", err)
	}
	return nil
}

// ratingCells are in the order of ratingFields.
func ratingCells(r eval.Rating, guesses map[guessKey]eval.Guess) ([]string, error) {
	if !(r.Score >= 0 && r.Score <= 1) {
		return nil, fmt.Errorf("the score of task %q by %q is %v, not 0 to 1", r.TaskID, r.Rater, r.Score)
	}
	cells := []string{
		r.TaskID, r.ArmA, r.ArmB, r.Rater, string(r.Kind), string(r.Verdict),
		strconv.FormatFloat(r.Score, 'g', -1, 64), string(r.First), "", "", string(r.Category), "", r.Cluster,
		"", strconv.FormatBool(r.Simulated),
	}
	cells = append(cells, guessCells(r, guesses)...)
	tags, err := tagsCell(r.Tags)
	if err != nil {
		return nil, err
	}
	grades, err := gradesCell(r.Grades)
	if err != nil {
		return nil, fmt.Errorf("task %q by %q: %w", r.TaskID, r.Rater, err)
	}
	cells = append(cells, tags, grades)
	for i, cell := range cells {
		if !utf8.ValidString(cell) || strings.ContainsAny(cell, "\x00\r") {
			return nil, fmt.Errorf("the %s of task %q by %q is no text: %q", ratingFields[i].Name, r.TaskID, r.Rater, cell)
		}
	}
	const week, ratedAt, seconds, note = 8, 9, 11, 13
	if r.Week > 0 {
		cells[week] = strconv.Itoa(r.Week)
	}
	if !r.RatedAt.IsZero() {
		cells[ratedAt] = r.RatedAt.UTC().Format(time.RFC3339Nano)
	}
	if r.Seconds != nil {
		cells[seconds] = strconv.FormatFloat(*r.Seconds, 'g', -1, 64)
	}
	cells[note] = guard(cleanNote(r.Note))
	return cells, nil
}

func cleanNote(note string) string {
	note = strings.ReplaceAll(strings.ToValidUTF8(note, "\uFFFD"), "\x00", "\uFFFD")
	for strings.Contains(note, "\r\n") { // \r\r\n holds another one
		note = strings.ReplaceAll(note, "\r\n", "\n")
	}
	return note
}

// guarded tells whether a spreadsheet would take a text for a formula once the
// apostrophes before it are away.
func guarded(text string) bool {
	rest := strings.TrimLeft(text, "'")
	return rest != "" && strings.ContainsRune("=+-@\t\r", rune(rest[0]))
}

func guard(text string) string {
	if guarded(text) {
		return "'" + text
	}
	return text
}

func unguard(text string) string {
	if strings.HasPrefix(text, "'") && guarded(text) {
		return text[1:]
	}
	return text
}
