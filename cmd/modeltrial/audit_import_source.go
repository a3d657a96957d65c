package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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
	flags.StringVar(&f.from, "from", "", "read from a database instead of files: postgres://USER@HOST/DATABASE (password in PGPASSWORD) or sqlite:PATH")
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

// each calls do for every log that the command line names. What was found in a folder
// and is no log is told and passed over, unless nothing else is there.
func (f *sourceFlags) each(ctx context.Context, arguments []string, options ingest.Options, errOut io.Writer, do func(path string, options ingest.Options) error) error {
	if f.from != "" {
		return f.queried(ctx, options, do)
	}
	paths, err := ingest.Paths(arguments)
	if err != nil {
		return err
	}
	if len(paths) > 1 {
		if options.Traces, err = ingest.ReadTraces(ctx, paths, options); err != nil {
			return err
		}
	}
	read := 0
	var passed []error
	for _, path := range paths {
		err := readPath(path.Path, options, do)
		if err != nil && path.Found && ctx.Err() == nil && errors.Is(err, ingest.ErrNoLog) {
			fmt.Fprintf(errOut, "! passed over: %v\n", err)
			passed = append(passed, err)
			continue
		}
		if err != nil {
			return err
		}
		read++
	}
	if read == 0 {
		return errors.Join(passed...)
	}
	return nil
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
	bar := newBytesBar(errOut, path)
	defer bar.finish()
	options.Progress = bar.set
	var read ingest.FileReport
	known, err := s.ImportBaseline(ctx, look.Report.File, look.Report.Format, func(take func(audit.SpendEntry) error) (store.ImportedFile, error) {
		read, err = ingest.ReadSpend(ctx, path, options, take)
		return importedFile(read), err
	})
	if known {
		read.Duplicates, read.Imported = read.Imported, 0
	}
	return read, err
}

// A lookedInto is one log of a dry run as JSON.
type lookedInto struct {
	ingest.FileReport
	Tasks []report.PreviewTask  `json:"tasks"`
	Spend []report.PreviewSpend `json:"spend,omitempty"`
}

// runDryImport shows what would be imported.
func runDryImport(ctx context.Context, g *global, f *sourceFlags, options ingest.Options, paths []string, out, errOut io.Writer) error {
	looked := []lookedInto{}
	err := f.each(ctx, paths, options, errOut, func(path string, options ingest.Options) error {
		preview, err := ingest.LookInto(ctx, path, options)
		if err != nil {
			return err
		}
		looked = append(looked, lookedInto{preview.Report, report.PreviewTasks(preview.Tasks), report.PreviewSpends(preview.Spend)})
		if !g.json {
			report.Preview(out, preview)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.audit-import/1", "dry_run": true, "files": looked})
	}
	fmt.Fprintf(out, "\nnothing was imported; leave --dry-run out to import\n")
	return nil
}
