package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

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
	renewed   bool
	trainedAt time.Time // zero for the built-in model
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

// workspaceCategoriser is the model that has learned the wording of the workspace's log,
// beside its own categories and corrections where it has any, and is kept until these
// change or the log has doubled. Where there is nothing to learn it is the built-in one.
func workspaceCategoriser(ctx context.Context, s *store.Store, config eval.Config, errOut io.Writer) (categoriser, error) {
	lesson, err := workspaceLesson(ctx, s, config)
	if err != nil {
		return categoriser{}, err
	}
	tasks, err := s.CountTasks(ctx)
	if err != nil {
		return categoriser{}, err
	}
	row, err := s.LocalModel(ctx)
	if err := ignoreNotFound(err); err != nil {
		return categoriser{}, err
	}
	fingerprint := fmt.Sprintf("%s log %d", lesson.Fingerprint(datasets.Classifier), classify.AdaptVersion)
	var kept categoriser
	if row.Fingerprint == fingerprint {
		if kept, err = keptCategoriser(row); err != nil || tasks < max(classify.AdaptsFrom, 2*kept.learned.LogSize) {
			return kept, err
		}
	}
	c, err := taughtCategoriser(row, lesson, errOut)
	if err != nil {
		return c, err
	}
	if tasks >= classify.AdaptsFrom {
		if err := adaptToLog(ctx, s, &c, tasks, errOut); err != nil {
			return c, err
		}
	}
	switch {
	case c.learned.LogTasks > 0:
	case lesson.Empty():
		return categoriser{Model: classify.Default(), renewed: row.Fingerprint != ""}, nil
	case kept.learned != nil && kept.learned.LogTasks == 0: // it is the same
		return kept, nil
	}
	return keepCategoriser(ctx, s, c, fingerprint)
}

// taughtCategoriser is the model that has learned a lesson and nothing of a log: that of
// the row, where it learned it, which may be an empty row.
func taughtCategoriser(row store.LocalModel, lesson classify.Lesson, errOut io.Writer) (categoriser, error) {
	if lesson.Empty() {
		return categoriser{Model: classify.Default(), learned: &classify.Learned{
			Examples: map[audit.Category]int{}, BuiltIn: map[audit.Category]int{}, Warnings: []string{},
			WhyMissing: "measure it with a random sample: modeltrial audit classify --sample 200",
		}}, nil
	}
	if strings.HasPrefix(row.Fingerprint, lesson.Fingerprint(datasets.Classifier)) {
		c, err := keptCategoriser(row)
		if err != nil {
			return c, err
		}
		c.Model, c.learned.LogTasks, c.learned.LogSize = c.Unadapted(), 0, 0
		return c, nil
	}
	fmt.Fprintf(errOut, "training the categoriser on what is new in this workspace\n")
	builtIn, err := classify.ReadExamples(datasets.TrainingTexts())
	if err != nil {
		return categoriser{}, err
	}
	model, learned, err := classify.Learn(builtIn, lesson)
	return categoriser{Model: model, learned: &learned}, err
}

// adaptToLog has a model learn the wording of the log, whoever sorted its tasks.
func adaptToLog(ctx context.Context, s *store.Store, c *categoriser, tasks int, errOut io.Writer) error {
	oneIn := classify.AdaptsToOneIn(tasks)
	bar := newCountBar(errOut, "learn the log's wording", tasks/oneIn)
	defer bar.finish()
	read := 0
	adapted, err := c.Adapt(ctx, func(yield func(string, error) bool) {
		for task, err := range s.TaskTexts(ctx, oneIn) {
			if !yield(classify.TaskText(task.System, task.Prompt, task.LastUserTurn), err) {
				return
			}
			read++
			bar.set(read)
		}
	})
	if err != nil {
		return err
	}
	c.learned.LogSize = tasks
	if adapted == nil {
		fmt.Fprintln(errOut, "the log's wording was not learned: one of the categories is hardly among its tasks")
		return nil
	}
	c.Model, c.learned.LogTasks = adapted, read
	return nil
}

// keepCategoriser stores a workspace's model, and gives what was stored, so that this run
// and the next say the same. The fingerprint is of what it was trained from, but for the log.
func keepCategoriser(ctx context.Context, s *store.Store, c categoriser, fingerprint string) (categoriser, error) {
	var weights bytes.Buffer
	if err := c.Write(&weights); err != nil {
		return c, err
	}
	c.renewed, c.trainedAt = true, timeNow()
	text, err := json.Marshal(c.learned)
	if err != nil {
		return c, err
	}
	err = s.SaveLocalModel(ctx, store.LocalModel{Fingerprint: fingerprint, Weights: weights.Bytes(), Learned: string(text), TrainedAt: c.trainedAt})
	if err != nil {
		return c, err
	}
	c.Model, err = classify.Load(weights.Bytes())
	return c, err
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
	return categoriser{model, learned, !kept.InUse, kept.TrainedAt}, nil
}

// sortTasks sorts the tasks by the workspace's model that have no category yet, or all that
// are its to sort where it is another one than before, or again is set.
func sortTasks(ctx context.Context, s *store.Store, config eval.Config, again bool, errOut io.Writer) (categoriser, classified, error) {
	model, err := workspaceCategoriser(ctx, s, config, errOut)
	if err != nil {
		return model, classified{}, err
	}
	counts, err := classifyAll(ctx, s, model.Model, again || model.renewed, errOut)
	if err != nil {
		return model, counts, err
	}
	return model, counts, model.use(ctx, s)
}

// usedThreshold is the least probability of a sure prediction of [usedCategoriser], whose
// weights are not read for it.
func usedThreshold(ctx context.Context, s *store.Store) (float64, error) {
	kept, err := s.LocalModel(ctx)
	if errors.Is(err, eval.ErrNotFound) {
		return classify.Default().Threshold(), nil
	}
	if err != nil {
		return 0, err
	}
	return classify.ReadThreshold(kept.Weights)
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
	if n := c.learned.LogTasks; n > 0 {
		fmt.Fprintf(out, "the categoriser learned the wording of this log from %s, without labels\n", counted(n, "task", "tasks"))
	}
	if len(c.learned.Examples) == 0 {
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
