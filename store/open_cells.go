package store

import (
	"context"
	"fmt"
	"iter"
	"math"

	"modeltrial/audit"
	"modeltrial/eval"
)

// openPage is the number of tasks whose cells are read at a time; firstPage at first, for
// many only look whether there is one.
const (
	openPage  = 500
	firstPage = 32
)

// OpenCells lists the cells of a week that have no stored response, or fewer than the
// protocol asks for, in a fixed order; week 0 is every week. Tasks that were only rated elsewhere have none.
func (s *Store) OpenCells(ctx context.Context, week int) (cells []eval.Cell, err error) {
	for cell, err := range s.EachOpenCell(ctx, week) {
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell)
	}
	return cells, nil
}

// EachOpenCell gives the cells of [Store.OpenCells] without holding them all, or a
// snapshot of the database, while the caller works: what is answered before its page
// is read is not given. An error is the last that comes.
func (s *Store) EachOpenCell(ctx context.Context, week int) iter.Seq2[eval.Cell, error] {
	return s.openCellsFrom(ctx, week, batchTask{Week: week})
}

// EachOpenCellFrom is [Store.EachOpenCell] for every week, without the tasks that come
// before the first cell's: who knows that all of them are answered need not read them.
func (s *Store) EachOpenCellFrom(ctx context.Context, first eval.Cell) iter.Seq2[eval.Cell, error] {
	return s.openCellsFrom(ctx, 0, batchTask{first.Week, first.Category, first.TaskID})
}

func (s *Store) openCellsFrom(ctx context.Context, week int, task batchTask) iter.Seq2[eval.Cell, error] {
	return func(yield func(eval.Cell, error) bool) {
		locked, err := s.Locked(ctx)
		if err != nil {
			yield(eval.Cell{}, err)
			return
		}
		size := firstPage
		for comes := ">="; ; comes = ">" {
			page, err := s.openTasks(ctx, week, comes, task, size)
			if err != nil {
				yield(eval.Cell{}, err)
				return
			}
			if len(page) == 0 {
				return
			}
			if err := s.reopenRepeats(ctx, locked.Protocol, page); err != nil {
				yield(eval.Cell{}, err)
				return
			}
			for _, task := range page {
				for _, arm := range armsOf(locked.Protocol, task.Category) {
					if task.answered[arm] {
						continue
					}
					if !yield(eval.Cell{TaskID: task.TaskID, Category: task.Category, Arm: arm, Week: task.Week}, nil) {
						return
					}
				}
			}
			task, size = page[len(page)-1].batchTask, openPage
		}
	}
}

// A batchTask is a task of a batch.
type batchTask struct {
	Week     int            `db:"week"`
	Category audit.Category `db:"category"`
	TaskID   string         `db:"task_id"`
}

// An openTask is a task with the arms that have answered it.
type openTask struct {
	batchTask
	answered map[string]bool
}

// openTasks is the next page of a week's tasks: from one of them on (>=), or after it (>).
func (s *Store) openTasks(ctx context.Context, week int, comes string, task batchTask, size int) ([]openTask, error) {
	var rows []struct {
		batchTask
		Arm *string `db:"arm"`
	}
	through := week
	if week == 0 {
		through = math.MaxInt32
	}
	err := s.reader.SelectContext(ctx, &rows, `
SELECT b.week, b.category, b.task_id, r.arm FROM (
    SELECT week, category, task_id FROM batch_tasks
    WHERE (week, category, task_id) `+comes+` (?1, ?2, ?3) AND week <= ?4 AND came_by <> 'rating'
    ORDER BY week, category, task_id LIMIT ?5) b
LEFT JOIN responses r ON r.task_id = b.task_id
ORDER BY b.week, b.category, b.task_id`, task.Week, task.Category, task.TaskID, through, size)
	if err != nil {
		return nil, fmt.Errorf("read batch: %w", err)
	}
	var page []openTask
	for _, row := range rows {
		if len(page) == 0 || page[len(page)-1].batchTask != row.batchTask {
			page = append(page, openTask{row.batchTask, map[string]bool{}})
		}
		if row.Arm != nil {
			page[len(page)-1].answered[*row.Arm] = true
		}
	}
	return page, nil
}
