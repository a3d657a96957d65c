package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/datasets"
	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

// A categoriser is the model that a workspace sorts its tasks with.
type categoriser struct {
	*classify.Model
	learned *classify.Learned // nil for the built-in model
	// renewed says that tasks were sorted by another one, and are to be sorted again.
	renewed bool
	// fingerprint is of what it was trained from; empty for the built-in model.
	fingerprint string
}

// use notes that every task is sorted by c.
func (c categoriser) use(ctx context.Context, s *store.Store) error {
	switch {
	case !c.renewed:
		return nil
	case c.learned == nil:
		return s.DropLocalModel(ctx)
	}
	return s.UseLocalModel(ctx)
}

// workspaceCategoriser is the built-in model or, where the workspace has categories
// of its own or corrections, one that is trained from them, and kept until they change.
func workspaceCategoriser(ctx context.Context, s *store.Store, config eval.Config, errOut io.Writer) (categoriser, error) {
	lesson, err := workspaceLesson(ctx, s, config)
	if err != nil {
		return categoriser{}, err
	}
	kept, err := s.LocalModel(ctx)
	missing := errors.Is(err, eval.ErrNotFound)
	if err != nil && !missing {
		return categoriser{}, err
	}
	if lesson.Empty() {
		if missing {
			return categoriser{Model: classify.Default()}, nil
		}
		return categoriser{Model: classify.Default(), renewed: true}, nil
	}
	fingerprint := lesson.Fingerprint(datasets.Classifier)
	if !missing && kept.Fingerprint == fingerprint {
		return keptCategoriser(kept)
	}
	fmt.Fprintf(errOut, "training the categoriser on what is new in this workspace\n")
	return trainCategoriser(ctx, s, lesson, fingerprint)
}

func trainCategoriser(ctx context.Context, s *store.Store, lesson classify.Lesson, fingerprint string) (categoriser, error) {
	builtIn, err := classify.ReadExamples(datasets.TrainingTexts())
	if err != nil {
		return categoriser{}, err
	}
	model, learned, err := classify.Learn(builtIn, lesson)
	if err != nil {
		return categoriser{}, err
	}
	var weights bytes.Buffer
	if err := model.Write(&weights); err != nil {
		return categoriser{}, err
	}
	text, err := json.Marshal(learned)
	if err != nil {
		return categoriser{}, err
	}
	err = s.SaveLocalModel(ctx, store.LocalModel{Fingerprint: fingerprint, Weights: weights.Bytes(), Learned: string(text), TrainedAt: timeNow()})
	if err != nil {
		return categoriser{}, err
	}
	// What was written is used, so that this run and the next say the same.
	model, err = classify.Load(weights.Bytes())
	return categoriser{model, &learned, true, fingerprint}, err
}

func keptCategoriser(kept store.LocalModel) (categoriser, error) {
	model, err := classify.Load(kept.Weights)
	if err != nil {
		return categoriser{}, fmt.Errorf("the workspace's categoriser: %w", err)
	}
	learned := &classify.Learned{}
	if err := json.Unmarshal([]byte(kept.Learned), learned); err != nil {
		return categoriser{}, fmt.Errorf("the workspace's categoriser: what it learned from: %w", err)
	}
	return categoriser{model, learned, !kept.InUse, kept.Fingerprint}, nil
}

// usedCategoriser is the model that sorted the tasks that are there, without training
// another.
func usedCategoriser(ctx context.Context, s *store.Store) (categoriser, error) {
	kept, err := s.LocalModel(ctx)
	if errors.Is(err, eval.ErrNotFound) {
		return categoriser{Model: classify.Default()}, nil
	}
	if err != nil {
		return categoriser{}, err
	}
	return keptCategoriser(kept)
}

// workspaceLesson gathers what the workspace adds to the built-in texts. Tasks of a
// random sample measure the categoriser; it would know the answers if it learned from
// them.
func workspaceLesson(ctx context.Context, s *store.Store, config eval.Config) (classify.Lesson, error) {
	lesson := ownLesson(config)
	err := s.EachReview(ctx, func(r store.ReviewedTask) error {
		if !r.Sampled {
			lesson.Reviewed = append(lesson.Reviewed, classify.Reviewed{TaskID: r.Task.ID, Text: taskText(r.Task), Category: r.Task.Category})
		}
		return nil
	})
	return lesson, err
}

func ownLesson(config eval.Config) classify.Lesson {
	var lesson classify.Lesson
	for _, c := range config.Categories {
		lesson.Categories = append(lesson.Categories, classify.OwnCategory{Name: c.Name, Description: c.Description, Examples: c.Examples})
	}
	return lesson
}

func taskText(task audit.Task) string {
	return classify.TaskText(task.System, task.Prompt, lastUserTurn(task.Conversation))
}

// sayLearned tells how a workspace's model came about. Where a random sample measures
// it nothing else needs to.
func sayLearned(out io.Writer, c categoriser, measured bool) {
	if c.learned == nil {
		return
	}
	examples := 0
	for _, n := range c.learned.Examples {
		examples += n
	}
	builtIn := 0
	for _, n := range c.learned.BuiltIn {
		builtIn += n
	}
	fmt.Fprintf(out, "the categoriser learned from %s of this workspace and %s\n",
		counted(examples, "example", "examples"), counted(builtIn, "built-in text", "built-in texts"))
	if accuracy := c.learned.Accuracy; accuracy != nil {
		fmt.Fprintf(out, "cross-validated accuracy on these examples: %s [%s, %s] at 95%%\n",
			report.Rate(accuracy.Estimate, examples), report.Rate(accuracy.Low, examples), report.Rate(accuracy.High, examples))
	} else if !measured {
		fmt.Fprintf(out, "its accuracy is not known: %s\n", c.learned.WhyMissing)
	}
	for _, warning := range c.learned.Warnings {
		fmt.Fprintf(out, "! %s\n", warning)
	}
}

// counted is "1 row" or "3 rows".
func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return report.Count(n) + " " + more
}
