package classify

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"modeltrial/audit"
)

var exampleHeader = []string{"prompt", "category", "language", "kind"}

// ReadExamples reads the training texts from all *.csv files at the root of
// files, in the order of their names. Each file has the columns prompt,
// category, language and kind. An error names file and line.
func ReadExamples(files fs.FS) ([]Example, error) {
	names, err := fs.Glob(files, "*.csv")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("read training texts: no *.csv file")
	}
	slices.Sort(names)
	var all []Example
	for _, name := range names {
		examples, err := readExampleFile(files, name)
		if err != nil {
			return nil, err
		}
		all = append(all, examples...)
	}
	return all, nil
}

func readExampleFile(files fs.FS, name string) (examples []Example, err error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read training texts: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := csv.NewReader(f)
	r.FieldsPerRecord = len(exampleHeader)
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !slices.Equal(header, exampleHeader) {
		return nil, fmt.Errorf("%s:1: header %q, want %q", name, header, exampleHeader)
	}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return examples, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		e := Example{Text: row[0], Category: audit.Category(row[1]), Kind: row[3]}
		if e.Text == "" || !slices.Contains(audit.Categories, e.Category) {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("%s:%d: empty prompt or unknown category %q", name, line, row[1])
		}
		examples = append(examples, e)
	}
}
