package ingest

import (
	"cmp"
	"context"
	"errors"
	"io"

	"modeltrial/audit"
)

// A Preview is what a log was recognised as, with the first of what is in it.
type Preview struct {
	Report FileReport // of the rows that were looked at
	Tasks  []audit.Task
	Spend  []audit.SpendEntry // instead of tasks, of a provider's account
}

// Of a log, a preview shows as many tasks, and looks at no more rows.
const (
	previewTasks = 5
	previewRows  = 1000
)

// LookInto reads the beginning of a log as [ReadTasks] or [ReadSpend] would read it,
// and writes nothing.
func LookInto(ctx context.Context, path string, options Options) (Preview, error) {
	file := options.file(path)
	preview, err := lookInto(ctx, file, func(p *Preview, row *Row) error {
		var task audit.Task
		err := readTask(row, cmp.Or(options.Name, path), &options, &task)
		if err != nil {
			return err
		}
		if options.Protect != nil {
			options.Protect(&task)
		}
		p.Tasks = append(p.Tasks, task)
		return nil
	})
	if !errors.Is(err, ErrSpend) {
		return preview, err
	}
	return lookInto(ctx, options.spendFile(path), func(p *Preview, row *Row) error {
		entry, err := readSpend(row)
		if err == nil {
			p.Spend = append(p.Spend, entry)
		}
		return err
	})
}

func lookInto(ctx context.Context, file File, take func(*Preview, *Row) error) (preview Preview, err error) {
	report := &preview.Report
	report.File, report.Mapped = cmp.Or(file.Name, file.Path), map[string]string{}
	in, err := openInput(ctx, file)
	if err != nil {
		return preview, file.mistaken(ctx, err)
	}
	defer func() { err = errors.Join(err, in.close()) }()
	in.describe(report)
	for len(preview.Tasks)+len(preview.Spend) < previewTasks && report.Rows < previewRows {
		row, err := in.table.Next()
		if err == io.EOF {
			break
		}
		report.Rows++
		if err == nil && row.Get(filteredField) != "" {
			if report.FilteredReasons == nil {
				report.FilteredReasons = map[string]int{}
			}
			report.FilteredReasons[row.Get(filteredField)]++
			report.Filtered++
			continue
		}
		if err == nil {
			err = take(&preview, &row)
		}
		if failure, bad := asRowError(err); bad {
			report.Rejected++
			if len(report.Reasons) < mostReasons {
				report.Reasons = append(report.Reasons, failure.Error())
			}
			continue
		}
		if err != nil {
			return preview, err
		}
		report.Imported++
	}
	in.said(report)
	if report.Imported == 0 {
		return preview, file.mistaken(ctx, nil)
	}
	return preview, nil
}
