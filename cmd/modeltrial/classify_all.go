package main

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"modeltrial/audit/classify"
	"modeltrial/store"
)

// predictAll reads the tasks without a category, predicts it on all cores, and gives
// the predictions to take in the order of import, by one call at a time.
func predictAll(ctx context.Context, s *store.Store, model *classify.Model, again bool, take func(tasks []store.UnclassifiedTask, predictions []classify.Prediction) error) error {
	type batch struct {
		tasks       []store.UnclassifiedTask
		predictions []classify.Prediction
		done        chan struct{} // closed when predictions are there
	}
	cores := runtime.GOMAXPROCS(0)
	group, ctx := errgroup.WithContext(ctx)
	todo := make(chan *batch)
	ordered := make(chan *batch, cores) // bounds what is read ahead
	group.Go(func() error {
		defer close(todo)
		defer close(ordered)
		for after := int64(0); ; {
			tasks, err := s.Unclassified(ctx, again, after)
			if err != nil || len(tasks) == 0 {
				return err
			}
			after = tasks[len(tasks)-1].Row
			next := &batch{tasks: tasks, done: make(chan struct{})}
			for _, to := range []chan *batch{ordered, todo} {
				select {
				case to <- next:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
	})
	for range cores {
		group.Go(func() error {
			for b := range todo {
				texts := make([]string, len(b.tasks))
				for i := range b.tasks {
					task := &b.tasks[i]
					texts[i] = classify.TaskText(task.System, task.Prompt, task.LastUserTurn)
					task.System, task.Prompt, task.LastUserTurn = "", "", "" // not to be held while earlier ones are awaited
				}
				b.predictions = model.ClassifyAll(texts)
				close(b.done)
			}
			return nil
		})
	}
	group.Go(func() error {
		for b := range ordered {
			select {
			case <-b.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := take(b.tasks, b.predictions); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}
