package main

import (
	"context"
	"fmt"
	"io"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
	"modeltrial/eval/exchange"
	"modeltrial/report"
	"modeltrial/store"
)

func runImportResponses(ctx context.Context, g *global, s *store.Store, path string, pairs []string, library bool, out, errOut io.Writer) error {
	mapping, err := parseMapping(pairs)
	if err != nil {
		return err
	}
	if !library {
		if _, err := locked(ctx, s); err != nil {
			return fmt.Errorf("%w; or keep the answers for a recorded provider with --recorded", err)
		}
	}
	bar := newBytesBar(errOut, path)
	defer bar.finish()
	var file exchange.FileReport
	read := func(take func(eval.Response) (bool, error)) error {
		file, err = exchange.ReadResponses(ctx, path, exchange.ResponsesOptions{Map: mapping, Progress: bar.set}, func(response eval.Response) (ingest.Outcome, error) {
			return outcome(take(response))
		})
		return err
	}
	if library {
		err = s.ImportRecorded(ctx, read)
	} else {
		err = s.ImportResponses(ctx, timeNow(), read)
	}
	if err != nil {
		return err
	}
	if !library {
		if err := createComparisons(ctx, s); err != nil {
			return err
		}
	}
	bar.finish()
	return sayExchange(g, "modeltrial.pilot-import-responses/1", "responses", file, out, errOut)
}

func runRateImport(ctx context.Context, g *global, s *store.Store, o *ratingsFlags, path string, out, errOut io.Writer) error {
	if _, err := locked(ctx, s); err != nil {
		return err
	}
	options, err := o.options()
	if err != nil {
		return err
	}
	bar := newBytesBar(errOut, path)
	defer bar.finish()
	options.Progress = bar.set
	var file exchange.FileReport
	err = s.ImportRatings(ctx, path, timeNow(), func(take func(eval.Rating) (bool, error), guess func(eval.Guess) error) (store.ImportedFile, error) {
		options.Guess = guess
		file, err = exchange.ReadRatings(ctx, path, options, func(rating eval.Rating) (ingest.Outcome, error) {
			return outcome(take(rating))
		})
		return importedFile(file.FileReport), err
	})
	if err != nil {
		return err
	}
	bar.finish()
	return sayExchange(g, "modeltrial.rate-import/1", "ratings", file, out, errOut)
}

// outcome is what became of a row that the store took or had already.
func outcome(stored bool, err error) (ingest.Outcome, error) {
	if stored {
		return ingest.Imported, err
	}
	return ingest.Duplicate, err
}

func importedFile(read ingest.FileReport) store.ImportedFile {
	return store.ImportedFile{
		Path: read.File, Format: read.Format, SHA256: read.SHA256, Rows: read.Rows,
		Imported: read.Imported, Duplicates: read.Duplicates + read.Completed, Rejected: read.Rejected,
	}
}

// sayExchange prints what became of a file, and ends with a failure where a row was
// rejected.
func sayExchange(g *global, schema, what string, file exchange.FileReport, out, errOut io.Writer) error {
	sayRejects(errOut, file.FileReport)
	sayOpposed(errOut, file)
	var err error
	if g.json {
		err = report.JSON(out, struct {
			Schema string `json:"schema"`
			exchange.FileReport
		}{schema, file})
	} else {
		_, err = fmt.Fprintf(out, "%s: %s %s: %s imported, %s already there, %s rejected\n", file.File, report.Count(file.Rows), what,
			report.Count(file.Imported), report.Count(file.Duplicates), report.Count(file.Rejected))
		if file.Filtered > 0 && err == nil {
			_, err = fmt.Fprintf(out, "  %s rows of other raters left out, as asked\n", report.Count(file.Filtered))
		}
	}
	if err == nil && file.Rejected > 0 {
		return errSaid
	}
	return err
}

// sayOpposed warns of scores that were probably read on the wrong scale.
func sayOpposed(errOut io.Writer, file exchange.FileReport) {
	if file.Opposed > 0 {
		fmt.Fprintf(errOut, "! %s: rows whose preference names one arm and whose score the other: %s; the score counts, on the scale of --score-range\n", file.File, report.Count(file.Opposed))
	}
}

// sayRejects tells which rows of a file were set aside, where, and why the first
// of them.
func sayRejects(errOut io.Writer, file ingest.FileReport) {
	if file.Rejected == 0 {
		return
	}
	for _, reason := range file.Reasons {
		fmt.Fprintln(errOut, reason)
	}
	if more := file.Rejected - len(file.Reasons); more > 0 {
		fmt.Fprintf(errOut, "%s: and %s more\n", file.File, counted(more, "row", "rows"))
	}
	fmt.Fprintf(errOut, "%s: %s set aside with their reasons in %s\n", file.File, counted(file.Rejected, "row", "rows"), file.RejectsFile)
}
