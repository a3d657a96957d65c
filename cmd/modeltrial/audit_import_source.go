package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/report"
	"modeltrial/store"
)

// sourceFlags say where a log comes from and how it is read.
type sourceFlags struct {
	format, from, query, dateFormat, decimal string
	rates                                    []string
	dryRun                                   bool
}

func (f *sourceFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", ingest.Auto, "what the log is: "+strings.Join(ingest.Formats(), ", "))
	flags.StringVar(&f.from, "from", "", "read from a database instead of files: postgres://USER@HOST/DATABASE (password in PGPASSWORD), mysql://USER@HOST/DATABASE (MYSQL_PWD) or sqlite:PATH")
	flags.StringVar(&f.query, "query", "", "the SELECT that gives the log, with --from")
	flags.StringArrayVar(&f.rates, "rate", nil, "what a currency is worth in US dollars, such as EUR=1.08 (repeatable)")
	flags.StringVar(&f.dateFormat, "date-format", "", "how dates are written: dmy, mdy, excel, or a form such as DD/MM/YYYY HH:mm:ss")
	flags.StringVar(&f.decimal, "decimal", "", "what divides fractions: comma or point")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what was recognised with the first tasks, and import nothing")
}

// arguments checks that there is something to read.
func (f *sourceFlags) arguments(_ *cobra.Command, args []string) error {
	switch {
	case f.from == "" && len(args) == 0:
		return usagef("requires at least one FILE, folder or -, or --from and --query")
	case f.from != "" && len(args) > 0:
		return usagef("reads files or, with --from, a database; not both")
	case (f.from == "") != (f.query == ""):
		return usagef("--from and --query belong together")
	}
	return nil
}

// apply puts the flags into the options of reading.
func (f *sourceFlags) apply(options *ingest.Options) error {
	if !slices.Contains(ingest.Formats(), f.format) {
		return usagef("--format %q is not known; there are %s", f.format, strings.Join(ingest.Formats(), ", "))
	}
	if !slices.Contains([]string{"", "comma", "point"}, f.decimal) {
		return usagef("--decimal is %q; it takes comma or point", f.decimal)
	}
	if err := ingest.CheckDateFormat(f.dateFormat); err != nil {
		return usagef("%v", err)
	}
	options.Format, options.DateFormat, options.Decimal = f.format, f.dateFormat, f.decimal
	options.Rates = ingest.Rates{}
	for _, text := range f.rates {
		currency, rate, err := ingest.ParseRate(text)
		if err != nil {
			return usagef("--rate %v", err)
		}
		options.Rates[currency] = rate
	}
	return nil
}

// A databaseError is a failure of the workspace, not of a log: it ends an import, since
// the next log would meet it too.
type databaseError struct{ error }

func (e databaseError) Unwrap() error { return e.error }

// A failedLog is a log that was not imported.
type failedLog struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

// each calls do for every log that the command line names. What was found in a folder
// and is no log is told and passed over, unless nothing else is there. A log that fails
// does not keep others from being read; the errors of all come back, each as
// [errLog].
func (f *sourceFlags) each(ctx context.Context, arguments []string, options ingest.Options, errOut io.Writer, do func(path string, options ingest.Options) error) error {
	if f.from != "" {
		return f.queried(ctx, options, do)
	}
	paths, err := ingest.Paths(arguments)
	if err != nil {
		return err
	}
	paths, others := ingest.Sift(ctx, paths, options)
	switch {
	case len(others) > 0 && len(paths) == 0:
		return fmt.Errorf("%s: none of these files is a log that can be read", someOf(others))
	case len(others) > 0:
		fmt.Fprintf(errOut, "! passed over, since their content is no log: %s\n", someOf(others))
	}
	if len(paths) > 1 {
		if options.Traces, err = ingest.ReadTraces(ctx, paths, options); err != nil {
			return err
		}
	}
	folders := map[string]bool{}
	for _, path := range paths {
		if folder := filepath.Dir(path.Path); path.Path != ingest.Stdin && !folders[folder] {
			folders[folder] = true
			ingest.SweepRejects(folder)
		}
	}
	read := 0
	var passed, failed []error
	for _, path := range paths {
		err := readPath(path.Path, options, do)
		if err != nil && path.Found && ctx.Err() == nil && errors.Is(err, ingest.ErrNoLog) {
			fmt.Fprintf(errOut, "! passed over: %v\n", err)
			passed = append(passed, err)
			continue
		}
		if err != nil && (concernsAll(err) || ctx.Err() != nil) {
			return errors.Join(append(failed, err)...)
		}
		if err != nil {
			failed = append(failed, errLog{path.Path, err})
			continue
		}
		read++
	}
	if read == 0 && len(failed) == 0 {
		return errors.Join(passed...)
	}
	return errors.Join(failed...)
}

// someOf names a few files and says how many more there are.
func someOf(paths []string) string {
	const most = 5
	if len(paths) <= most {
		return strings.Join(paths, ", ")
	}
	return fmt.Sprintf("%s and %s more", strings.Join(paths[:most], ", "), report.Count(len(paths)-most))
}

// concernsAll says whether the next log would fail in the same way.
func concernsAll(err error) bool {
	_, broken := errors.AsType[databaseError](err)
	_, mapping := errors.AsType[*ingest.MapError](err)
	return broken || mapping
}

// An errLog is why a log was not imported.
type errLog struct {
	path string
	err  error
}

func (e errLog) Error() string { return e.err.Error() }

func (e errLog) Unwrap() error { return e.err }

// failedLogs are the logs of an error of [sourceFlags.each].
func failedLogs(err error) []failedLog {
	logs := []failedLog{}
	joined, _ := err.(interface{ Unwrap() []error })
	if joined == nil {
		return logs
	}
	for _, one := range joined.Unwrap() {
		if log, ok := errors.AsType[errLog](one); ok {
			logs = append(logs, failedLog{log.path, log.Error()})
		}
	}
	return logs
}

// readPath reads one path; standard input is kept in a file meanwhile, since a log is
// looked at before it is read.
func readPath(path string, options ingest.Options, do func(path string, options ingest.Options) error) error {
	if path != ingest.Stdin {
		return do(path, options)
	}
	kept, err := ingest.SpoolStdin(os.Stdin)
	if err != nil {
		return err
	}
	options.Name = "stdin"
	return errors.Join(do(kept, options), os.Remove(kept))
}

// queried reads the answer to a query. It runs once for each reading, since an answer
// is read once.
func (f *sourceFlags) queried(ctx context.Context, options ingest.Options, do func(path string, options ingest.Options) error) error {
	query, err := store.OpenQuery(ctx, f.from, f.query)
	if err != nil {
		return err
	}
	options.Query = &query.Query
	return errors.Join(do(query.Name, options), query.Close())
}

// importSpend imports a provider's account as a spend baseline.
func importSpend(ctx context.Context, s *store.Store, path string, options ingest.Options, errOut io.Writer) (ingest.FileReport, error) {
	look, err := ingest.LookInto(ctx, path, options)
	if err != nil {
		return look.Report, err
	}
	bar := newImportBar(errOut, path, cmp.Or(options.Name, path))
	defer bar.finish()
	options.Progress = bar.read
	var read ingest.FileReport
	known, failure := s.ImportBaseline(ctx, look.Report.File, look.Report.Format, func(take func(audit.SpendEntry) error) (store.ImportedFile, error) {
		read, err = ingest.ReadSpend(ctx, path, options, take)
		return importedFile(read), err
	})
	if known {
		read.Duplicates, read.Imported = read.Imported, 0
	}
	if failure != nil && err == nil {
		failure = databaseError{failure} // the file was read
	}
	return read, failure
}

// A lookedInto is one log of a dry run as JSON.
type lookedInto struct {
	ingest.FileReport
	Tasks []report.PreviewTask  `json:"tasks"`
	Spend []report.PreviewSpend `json:"spend,omitempty"`
}

// runDryImport shows what would be imported, as it would be stored.
func runDryImport(ctx context.Context, g *global, o *importOptions, options ingest.Options, paths []string, out, errOut io.Writer) error {
	protect := o.dryProtector()
	options.Protect, options.Redact = protect.task, protect.rejected()
	looked := []lookedInto{}
	err := o.source.each(ctx, paths, options, errOut, func(path string, options ingest.Options) error {
		preview, err := ingest.LookInto(ctx, path, options)
		if err != nil {
			return err
		}
		protect.count(&preview.Report)
		looked = append(looked, lookedInto{preview.Report, report.PreviewTasks(preview.Tasks), report.PreviewSpends(preview.Spend)})
		if !g.json {
			report.Preview(out, preview)
			sayProtected(out, preview.Report)
		}
		return nil
	})
	if err != nil && len(looked) == 0 {
		return err
	}
	if g.json {
		return errors.Join(report.JSON(out, map[string]any{"schema": "modeltrial.audit-import/1", "dry_run": true, "files": looked, "failed": failedLogs(err)}), err)
	}
	fmt.Fprintf(out, "\nnothing was imported; leave --dry-run out to import\n")
	return err
}
