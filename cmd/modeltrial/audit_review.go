package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/audit/ingest"
	"modeltrial/report"
	"modeltrial/store"
)

func compareMoves(a, b move) int {
	return cmp.Or(cmp.Compare(b.Tasks, a.Tasks), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}

// writeSheets writes what a person is to look at: the sample first, since what is in
// it is to be seen without guesses only.
func writeSheets(ctx context.Context, s *store.Store, model *classify.Model, o *classifyOptions, d *classifyDocument) (err error) {
	if o.sample > 0 {
		if d.SampleFile, err = writeSample(ctx, s, o); err != nil {
			return err
		}
	}
	if o.unsure != "" {
		d.UnsureFile, err = writeUnsure(ctx, s, model, o.unsure)
	}
	return err
}

func reviewTask(task audit.Task) report.ReviewTask {
	return report.ReviewTask{ID: task.ID, System: task.System, Before: lastUserTurn(task.Conversation), Prompt: task.Prompt}
}

// writeUnsure writes the tasks that the local categoriser is unsure of; none writes no
// file.
func writeUnsure(ctx context.Context, s *store.Store, model *classify.Model, path string) (*writtenFile, error) {
	var tasks []report.ReviewTask
	err := s.EachUnsure(ctx, model.Threshold(), func(task audit.Task) error {
		row := reviewTask(task)
		row.Guesses = model.Guesses(model.Classify(taskText(task)))
		tasks = append(tasks, row)
		return nil
	})
	if err != nil || len(tasks) == 0 {
		return &writtenFile{File: path}, err
	}
	err = report.ReplaceFile(path, func(w io.Writer) error { return report.ReviewSheet(w, tasks, true) })
	return &writtenFile{File: path, Tasks: len(tasks)}, err
}

// writeSample draws a random sample of what the machine categorised, writes it
// without any guess, and stores what was drawn once the file is there.
func writeSample(ctx context.Context, s *store.Store, o *classifyOptions) (*writtenFile, error) {
	sampler := classify.NewSampler(o.sample, o.seed)
	err := s.EachDrawable(ctx, func(id string) error { sampler.Add(id); return nil })
	if err != nil {
		return nil, err
	}
	ids := sampler.IDs()
	if len(ids) == 0 {
		return &writtenFile{File: o.sampleFile}, nil
	}
	tasks := make([]report.ReviewTask, len(ids))
	for i, id := range ids {
		task, err := s.Task(ctx, id)
		if err != nil {
			return nil, err
		}
		tasks[i] = reviewTask(task)
	}
	err = report.ReplaceFile(o.sampleFile, func(w io.Writer) error { return report.ReviewSheet(w, tasks, false) })
	if err != nil {
		return nil, err
	}
	written := &writtenFile{File: o.sampleFile, Tasks: len(ids), Population: sampler.Population(), Seed: o.seed}
	return written, s.SaveDraw(ctx, store.ReviewDraw{Seed: o.seed, Population: sampler.Population(), TaskIDs: ids, DrawnAt: timeNow()})
}

// applyReview stores a person's corrections: all of the file or none.
func applyReview(ctx context.Context, s *store.Store, path string, known []audit.Category, d *classifyDocument, errOut io.Writer) error {
	corrections := []store.Correction{}
	first := map[string]ingest.Label{} // by id
	wrong := 0
	read, err := ingest.ReadLabels(ctx, path, known, false, func(label ingest.Label) error {
		before, twice := first[label.ID]
		switch {
		case !twice:
			first[label.ID] = label
			corrections = append(corrections, store.Correction{TaskID: label.ID, Category: label.Category})
		case before.Category != label.Category:
			wrong++
			fmt.Fprintf(errOut, "%s:%d: id: %q is %s here and %s on line %d; keep one of them\n",
				path, label.Line, label.ID, label.Category, before.Category, before.Line)
		}
		return nil
	})
	if err != nil {
		return err
	}
	sayRejects(errOut, read)
	unknown, err := resolveIDs(ctx, s, corrections)
	if err != nil {
		return err
	}
	for _, id := range unknown {
		fmt.Fprintf(errOut, "%s:%d: id: %q is not the id of an imported task\n", path, first[id].Line, id)
	}
	if wrong += len(unknown) + read.Rejected; wrong > 0 {
		return fmt.Errorf("%s: %s wrong; nothing was changed", path, counted(wrong, "row is", "rows are"))
	}
	outcome, err := s.Review(ctx, corrections, timeNow())
	if err != nil {
		return err
	}
	d.Reviewed, d.Confirmed, d.LeftOpen = new(len(corrections)), &outcome.Confirmed, &read.Filtered
	return nil
}

// resolveIDs gives the ids that no task has. An id that a sheet wrote with an
// apostrophe before it, so that no spreadsheet takes it for a formula, loses that.
func resolveIDs(ctx context.Context, s *store.Store, corrections []store.Correction) ([]string, error) {
	ids := make([]string, len(corrections))
	for i, c := range corrections {
		ids[i] = c.TaskID
	}
	unknown, err := s.UnknownTaskIDs(ctx, ids)
	if err != nil || len(unknown) == 0 {
		return nil, err
	}
	missing := map[string]bool{}
	for _, id := range unknown {
		missing[id] = true
	}
	var bare []string
	for i, c := range corrections {
		if id, guarded := strings.CutPrefix(c.TaskID, "'"); guarded && missing[c.TaskID] {
			corrections[i].TaskID = id
			bare = append(bare, id)
		}
	}
	still, err := s.UnknownTaskIDs(ctx, bare)
	if err != nil {
		return nil, err
	}
	for _, id := range bare {
		delete(missing, "'"+id)
	}
	for _, id := range still {
		missing["'"+id] = true
	}
	var wrong []string
	for _, id := range ids {
		if missing[id] {
			wrong = append(wrong, id)
		}
	}
	return wrong, nil
}

// A sampleState is how far the random sample is, and what it says of the categoriser.
type sampleState struct {
	audit.CategoriserCheck
	confusion *classify.Confusion
	machine   map[audit.Category]int // what the machine sorted, sampled tasks included
	given     map[audit.Category]int // what the log or a person said of the others
}

// sampleSoFar is nil where no sample was drawn. The confusion matrix is that of the
// categoriser in use: what the local model says of a sampled task is asked anew, which
// is fair since it never learns from the sample. Where there is none it is not read.
func sampleSoFar(ctx context.Context, s *store.Store, read func() (*classify.Model, error)) (*sampleState, error) {
	draws, err := s.Draws(ctx)
	if err != nil || draws.Draws == 0 {
		return nil, err
	}
	model, err := read()
	if err != nil {
		return nil, err
	}
	counts, err := s.CategoryCounts(ctx)
	if err != nil {
		return nil, err
	}
	state := &sampleState{confusion: classify.NewConfusion(model.Categories())}
	state.Drawn, state.Reviewed, state.Warnings = draws.Drawn, draws.Reviewed, []string{}
	state.count(counts)
	other, asked, corrected := 0, 0, 0
	err = s.EachReview(ctx, func(r store.ReviewedTask) error {
		if !r.Sampled {
			corrected++
			return nil
		}
		guess := r.Guess
		if r.GuessSource == audit.CategoryFromModel {
			asked++
		} else {
			guess = model.Classify(taskText(r.Task)).Category
		}
		if err := state.confusion.Add(r.Task.Category, guess); err != nil {
			other++
			return nil
		}
		state.given[r.Task.Category]-- // the machine's, for the sample to stand for
		state.machine[guess]++
		return nil
	})
	if err != nil {
		return nil, err
	}
	state.warn(draws, counts, other, asked, corrected)
	state.Confusion = state.confusion.Counts()
	if rows := state.confusion.Rows(); rows < classify.MinReviewed {
		state.WhyMissing = fmt.Sprintf("%d tasks of the random sample are reviewed; %d are needed", rows, classify.MinReviewed)
		return state, nil
	}
	state.Accuracy = state.confusion.Accuracy()
	return state, nil
}

func (s *sampleState) count(counts []store.CategoryCount) {
	s.machine, s.given = map[audit.Category]int{}, map[audit.Category]int{}
	for _, c := range counts {
		if c.Source == audit.CategoryFromLocal || c.Source == audit.CategoryFromModel {
			s.machine[c.Category] += c.Tasks
		} else {
			s.given[c.Category] += c.Tasks
		}
	}
}

// warn says where the sample no longer stands for the tasks.
func (s *sampleState) warn(draws store.DrawSummary, counts []store.CategoryCount, other, asked, corrected int) {
	machine, byModel := 0, 0
	for _, c := range counts {
		switch c.Source {
		case audit.CategoryFromModel:
			byModel += c.Tasks
			machine += c.Tasks
		case audit.CategoryFromLocal:
			machine += c.Tasks
		}
	}
	warn := func(format string, args ...any) { s.Warnings = append(s.Warnings, fmt.Sprintf(format, args...)) }
	const noticeable = 0.1
	if open := s.Drawn - s.Reviewed; s.Reviewed > 0 && float64(open) > noticeable*float64(s.Drawn) {
		warn("%d of %d tasks of the random sample are not reviewed: if the hard ones were left out, the categoriser looks better than it is", open, s.Drawn)
	}
	if other > 0 {
		warn("%d reviewed tasks of the random sample are of categories that are no longer in use, and do not count", other)
	}
	if grown := machine - draws.Population; float64(grown) > noticeable*float64(draws.Population) {
		warn("%d tasks were categorised since the sample was drawn, and may be of another kind; draw another: modeltrial audit classify --sample 100", grown)
	}
	if asked == 0 && byModel > 0 && s.Reviewed > 0 {
		warn("%d tasks were categorised by a model since the sample was drawn, which says nothing of that model; draw another: modeltrial audit classify --sample 100", byModel)
	}
	if float64(corrected) > noticeable*float64(machine) {
		warn("%d tasks were corrected by hand beside the sample, the hardest ones as a rule: the rest is sorted better than the sample says", corrected)
	}
}

func saySample(out io.Writer, s *sampleState) {
	if s == nil {
		return
	}
	fmt.Fprintf(out, "random sample: %s of %s reviewed", report.Count(s.Reviewed), counted(s.Drawn, "task", "tasks"))
	if a := s.Accuracy; a != nil {
		n := s.confusion.Rows()
		fmt.Fprintf(out, "; the categoriser is right on %s [%s, %s] at 95%%\n", report.Rate(a.Estimate, n), report.Rate(a.Low, n), report.Rate(a.High, n))
	} else {
		fmt.Fprintf(out, "; its accuracy is not known: %s\n", s.WhyMissing)
	}
	for _, warning := range s.Warnings {
		fmt.Fprintf(out, "! %s\n", warning)
	}
}

// usedSample is [sampleSoFar] of the categoriser that sorted the tasks.
func usedSample(ctx context.Context, s *store.Store) (*sampleState, error) {
	return sampleSoFar(ctx, s, func() (*classify.Model, error) {
		used, err := usedCategoriser(ctx, s)
		return used.Model, err
	})
}

// categoriserCheck is what the reviewed random sample says of the categoriser in use;
// nil where none was drawn.
func categoriserCheck(ctx context.Context, s *store.Store) (*audit.CategoriserCheck, error) {
	sample, err := usedSample(ctx, s)
	if err != nil || sample == nil {
		return nil, err
	}
	return &sample.CategoriserCheck, nil
}

// correctShares puts the shares, corrected for the categoriser's errors, beside those
// that were counted.
func correctShares(ctx context.Context, s *store.Store, document *audit.Report) error {
	sample, err := usedSample(ctx, s)
	if err != nil {
		return err
	}
	var corrected map[audit.Category]classify.CorrectedShare
	if sample != nil {
		document.Categoriser = &sample.CategoriserCheck
		corrected = sample.confusion.CorrectWithGiven(sample.machine, sample.given)
	}
	for i := range document.Categories {
		mix := &document.Categories[i]
		share, known := corrected[mix.Category]
		switch {
		case sample == nil:
			mix.WhyNotCorrected = "no random sample was reviewed; draw one with modeltrial audit classify --sample 200"
		case !known:
			mix.WhyNotCorrected = "the categoriser does not know this category"
		default:
			mix.TaskShareCorrected, mix.WhyNotCorrected = share.Share, share.WhyMissing
		}
	}
	return nil
}
