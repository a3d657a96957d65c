package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"modeltrial/audit"
	"modeltrial/audit/classify"
)

// ErrorRows writes the labelled rows that the categoriser got wrong as CSV. A text
// that a spreadsheet would take for a formula gets an apostrophe before it.
func ErrorRows(w io.Writer, rows []classify.ErrorRow) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"id", "source", "language", "truth", "predicted", "probability", "sure", "why", "prompt"}) // kept for Error
	for _, row := range rows {
		_ = out.Write([]string{
			cell(row.ID), cell(row.Source), cell(row.Language), cell(string(row.Category)), cell(string(row.Prediction.Category)),
			probability(row.Prediction.Probability), strconv.FormatBool(row.Prediction.Sure), cell(why(row)), cell(row.Text),
		})
	}
	out.Flush()
	return out.Error()
}

// why says what spoke for the wrong category, and which would have been next.
func why(row classify.ErrorRow) string {
	var parts []string
	for _, e := range row.Evidence {
		parts = append(parts, fmt.Sprintf("%s (%s) +%.2f", e.Feature, e.Kind, e.Contribution))
	}
	if row.RunnerUp != "" {
		parts = append(parts, fmt.Sprintf("%s would have been next at %s", row.RunnerUp, probability(row.RunnerUpProbability)))
	}
	return strings.Join(parts, "; ")
}

func probability(p float64) string { return strconv.FormatFloat(p, 'f', 3, 64) }

// A ReviewTask is a task for a person to categorise.
type ReviewTask struct {
	ID      string
	System  string
	Before  string // the turn before the prompt; empty where there is none
	Prompt  string
	Guesses []audit.Guess // the categoriser's, most probable first; none in a blind sheet
}

// ReviewSheet writes tasks as CSV for a person to fill in the column category, which
// is empty. With guesses it has the two most probable categories beside it; a random
// sample has none: who sees the machine's answer tends to agree with it, and the
// machine would look better than it is.
func ReviewSheet(w io.Writer, tasks []ReviewTask, guesses bool) error {
	out := csv.NewWriter(w)
	header := []string{"id", "category", "prompt", "turn_before", "system"}
	if guesses {
		header = append(header, "guess", "guess_probability", "second_guess", "second_probability")
	}
	_ = out.Write(header) // kept for Error
	for _, task := range tasks {
		row := []string{cell(task.ID), "", cell(task.Prompt), cell(task.Before), cell(task.System)}
		if guesses {
			for i := range 2 {
				if i >= len(task.Guesses) {
					row = append(row, "", "")
					continue
				}
				row = append(row, cell(string(task.Guesses[i].Category)), probability(task.Guesses[i].Probability))
			}
		}
		_ = out.Write(row) // kept for Error
	}
	out.Flush()
	return out.Error()
}
