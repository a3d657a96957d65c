package ingest

import (
	"context"
	"strings"

	"modeltrial/audit"
)

// A Label is a row that says a task's or a prompt's category by a person's
// judgement.
type Label struct {
	ID       string
	Prompt   string
	Category audit.Category
	Source   string // where the row comes from, as the file says; may be empty
	Language string // of the prompt, as the file says; may be empty
	Line     int
}

// ReadLabels gives each label of a file to emit: the columns id and category of
// imported tasks or, withPrompts, the columns prompt and category with any id and
// source. A row without a known category is rejected, but one of a task whose category
// is empty is filtered out: a sheet may come back half filled in.
func ReadLabels(ctx context.Context, path string, known []audit.Category, withPrompts bool, emit func(Label) error) (FileReport, error) {
	fields := []Field{
		{Name: "id", Synonyms: []string{"task_id"}, Required: !withPrompts},
		{Name: "category", Synonyms: []string{"label", "task_category"}, Required: true},
		{Name: "source", Synonyms: []string{"dataset"}},
		{Name: "language", Synonyms: []string{"lang", "locale"}},
		{Name: "prompt", Synonyms: []string{"question", "instruction", "text"}, Required: withPrompts},
	}
	return ReadFile(ctx, File{Path: path, Fields: fields}, func(row Row) (Outcome, error) {
		label := Label{
			ID: strings.TrimSpace(row.Get("id")), Prompt: row.Get("prompt"), Line: row.Line,
			Source: row.Get("source"), Language: strings.TrimSpace(row.Get("language")),
		}
		var err error
		if label.Category, err = ReadCategory(&row, known); err != nil {
			return Imported, err
		}
		switch {
		case label.Category == "" && !withPrompts:
			return Filtered, nil
		case label.Category == "":
			return Imported, row.Reject("category", "is empty", "give every row a category")
		case withPrompts && strings.TrimSpace(label.Prompt) == "":
			return Imported, row.Reject("prompt", "is empty", "give every row a prompt")
		case !withPrompts && label.ID == "":
			return Imported, row.Reject("id", "is empty", "give the id of an imported task")
		}
		return Imported, emit(label)
	})
}
