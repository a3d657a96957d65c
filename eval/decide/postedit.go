package decide

import (
	"cmp"
	"fmt"
	"strings"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// An editedAnswer is a post-edit with numbers for its task and its cluster.
type editedAnswer struct {
	*eval.PostEdit
	Category audit.Category // of the edit, else of the task's ratings, else Uncategorised
	task     int
	cluster  int
}

// edit numbers the post-edits up to a week (0 is all) and keeps of several by one person
// of one answer the last. One from a file that does not say the category, the cluster or
// the week has those of the ratings of its task. Skipped answers say nothing.
func (a *analyzer) edit(edits []eval.PostEdit, throughWeek int) {
	if len(edits) == 0 {
		return
	}
	rating := make(map[int]*rated, len(edits))
	for i := range a.ratings {
		if task := int(a.ratings[i].task); rating[task] == nil {
			rating[task] = &a.ratings[i]
		}
	}
	type by struct {
		task       int
		arm, rater string
	}
	position := map[by]int{}
	for i := range edits {
		next := editedAnswer{PostEdit: &edits[i], Category: edits[i].Category, task: a.tasks.of(edits[i].TaskID)}
		cluster, week := next.Cluster, next.Week
		if r := rating[next.task]; r != nil {
			next.Category, cluster, week = cmp.Or(next.Category, r.Category), cmp.Or(cluster, a.clusterOf(r)), cmp.Or(week, int(r.Week))
		}
		if next.Outcome == eval.EditSkipped || (throughWeek > 0 && week > throughWeek) {
			continue
		}
		next.Category = cmp.Or(next.Category, Uncategorised)
		next.cluster = a.cluster(next.TaskID, cluster)
		key := by{next.task, next.Arm, next.Rater}
		if at, known := position[key]; known {
			a.edits[at] = next
			continue
		}
		position[key] = len(a.edits)
		a.edits = append(a.edits, next)
	}
}

// postEdits fills in what editing the two arms' answers says: the ratio of the mean
// active seconds with Fieller's interval, and how many words were kept. Several people's
// edits of one answer are averaged first, and tasks count equally. The arms need not have
// the same tasks, as a person edits one arm's answer to a task; where they do, the
// interval knows it (see [stats.MeansOfArms]). It holds for the people who edited: that
// some are slow and some quick does not bias the ratio, as each is shown both arms alike.
//
// Seconds that hold pauses are not counted, nor are those of unusable answers, which end
// when their reader gives up: both are told. An unusable answer keeps no word.
func (a *analyzer) postEdits(result *eval.ComparisonResult, key useCase) error {
	fields := []string{"post_edit_ratio", "post_editing"}
	missing := func(why string) {
		for _, field := range fields {
			result.WhyMissing[field] = why
		}
	}
	var control, candidate armEdits
	for i := range a.edits {
		edit := &a.edits[i]
		switch {
		case !a.inScope(key, edit.Category):
		case edit.Arm == key.control:
			control.add(edit)
		case edit.Arm == key.candidate:
			candidate.add(edit)
		}
	}
	if len(control.edits)+len(candidate.edits) == 0 {
		missing("no answers were edited")
		return nil
	}
	editing := &eval.PostEditing{Control: control.describe(), Candidate: candidate.describe()}
	result.PostEditing = editing
	ratio, why, err := a.editRatio(key, &control, &candidate)
	if err != nil {
		return err
	}
	result.PostEditRatio = ratio
	if ratio == nil {
		result.WhyMissing[fields[0]] = why
	}
	editing.WordsKept, why, err = a.keptDifference(key, &control, &candidate)
	if err != nil {
		return err
	}
	if editing.WordsKept == nil {
		result.WhyMissing["words_kept_difference"] = why
	}
	result.Warnings = append(result.Warnings, editWarnings(result)...)
	return nil
}

// editRatio is the ratio of mean active seconds, or why there is none.
func (a *analyzer) editRatio(key useCase, control, candidate *armEdits) (ratio *eval.Interval, why string, err error) {
	for _, arm := range []struct {
		name  string
		edits *armEdits
	}{{key.control, control}, {key.candidate, candidate}} {
		if timed := arm.edits.means(activeSeconds); len(timed) < stats.MinTasks {
			return nil, fmt.Sprintf("%d tasks with active editing seconds of %s, an interval needs at least %d", len(timed), arm.name, stats.MinTasks), nil
		}
	}
	means, why, err := a.armMeans(key, control.means(activeSeconds), candidate.means(activeSeconds))
	if err != nil || why != "" {
		return nil, why, err
	}
	of, err := means.Ratio()
	if err == nil {
		var fieller stats.Interval
		if fieller, err = of.FiellerInterval(fixedZ); err == nil {
			return interval(fieller), "", nil
		}
	}
	why, err = whyMissing(err)
	return nil, strings.ReplaceAll(why, "control cost", "the control's editing time is"), err
}

// keptDifference is the difference in the mean share of words kept, or why there is none.
func (a *analyzer) keptDifference(key useCase, control, candidate *armEdits) (difference *eval.Interval, why string, err error) {
	means, why, err := a.armMeans(key, control.means(wordsKept), candidate.means(wordsKept))
	if err != nil || why != "" {
		return nil, why, err
	}
	of, err := means.Difference(fixedZ)
	if err != nil {
		why, err = whyMissing(err)
		return nil, why, err
	}
	if of.StandardError == 0 {
		return nil, "the share of words kept does not vary", nil
	}
	of.Low, of.High = max(of.Low, -1), min(of.High, 1)
	return interval(of), "", nil
}

// armMeans weighs the tasks of both arms and gives their means, or says why there are
// none.
func (a *analyzer) armMeans(key useCase, control, candidate []taskMean) (means stats.ArmMeans, why string, err error) {
	x, err := a.editObservations(key, control)
	if err != nil {
		return means, "", err
	}
	y, err := a.editObservations(key, candidate)
	if err != nil {
		return means, "", err
	}
	means, err = stats.MeansOfArms(x, y)
	why, err = whyMissing(err)
	return means, why, err
}

func (a *analyzer) editObservations(key useCase, tasks []taskMean) ([]stats.Observation, error) {
	indices, categories := make([]int, len(tasks)), make([]audit.Category, len(tasks))
	for i, task := range tasks {
		indices[i], categories[i] = task.task, task.category
	}
	weights, err := a.weights(key, indices, categories)
	if err != nil {
		return nil, err
	}
	observations := make([]stats.Observation, len(tasks))
	for i, task := range tasks {
		observations[i] = stats.Observation{Score: task.mean(), Weight: weights[i], Task: task.task, Cluster: task.cluster, Rater: stats.NoRater}
	}
	return observations, nil
}

// armEdits are the edits of one arm's answers.
type armEdits struct{ edits []*editedAnswer }

func (e *armEdits) add(edit *editedAnswer) { e.edits = append(e.edits, edit) }

// A taskMean is the mean of a measure over those who edited one answer.
type taskMean struct {
	averaging
	task, cluster int
	category      audit.Category
}

// means averages a measure by task, in the order in which tasks came.
func (e *armEdits) means(measure func(*eval.PostEdit) (value float64, known bool)) []taskMean {
	var tasks []taskMean
	position := map[int]int{}
	for _, edit := range e.edits {
		value, known := measure(edit.PostEdit)
		if !known {
			continue
		}
		at, seen := position[edit.task]
		if !seen {
			at = len(tasks)
			position[edit.task] = at
			tasks = append(tasks, taskMean{task: edit.task, cluster: edit.cluster, category: edit.Category})
		}
		tasks[at].add(value)
	}
	return tasks
}

// meanOf is the mean over tasks; nil without one.
func (e *armEdits) meanOf(measure func(*eval.PostEdit) (value float64, known bool)) *float64 {
	var all averaging
	for _, task := range e.means(measure) {
		all.add(task.mean())
	}
	if all.count == 0 {
		return nil
	}
	return new(all.mean())
}

func (e *armEdits) describe() eval.ArmEditing {
	tasks, raters := map[int]bool{}, map[string]bool{}
	d := eval.ArmEditing{Edits: len(e.edits)}
	for _, edit := range e.edits {
		tasks[edit.task], raters[edit.Rater] = true, true
		if edit.Outcome == eval.Unusable {
			d.Unusable++
		}
		if _, timed := activeSeconds(edit.PostEdit); timed {
			d.Timed++
		}
	}
	d.Tasks, d.Raters = len(tasks), len(raters)
	d.Seconds, d.WordsKept, d.Unchanged = e.meanOf(activeSeconds), e.meanOf(wordsKept), e.meanOf(unchanged)
	d.Rounds = e.meanOf(func(edit *eval.PostEdit) (float64, bool) { return float64(edit.Rounds), true })
	return d
}

func activeSeconds(edit *eval.PostEdit) (float64, bool) {
	if edit.Seconds == nil || edit.Timing != eval.TimedActive || edit.Outcome != eval.Edited {
		return 0, false
	}
	return *edit.Seconds, true
}

func wordsKept(edit *eval.PostEdit) (float64, bool) {
	switch {
	case edit.Outcome == eval.Unusable:
		return 0, true
	case edit.WordsKept == nil:
		return 0, false
	}
	return *edit.WordsKept, true
}

func unchanged(edit *eval.PostEdit) (float64, bool) {
	kept, known := wordsKept(edit)
	if known && kept == 1 {
		return 1, true
	}
	return 0, known
}

// editWarnings tell which edits the ratio does not count.
func editWarnings(result *eval.ComparisonResult) (warnings []string) {
	control, candidate := result.PostEditing.Control, result.PostEditing.Candidate
	if control.Unusable+candidate.Unusable > 0 {
		warnings = append(warnings, fmt.Sprintf("%d of %d edited answers of %s and %d of %d of %s were unusable; the post-edit ratio is of the others",
			candidate.Unusable, candidate.Edits, result.Candidate, control.Unusable, control.Edits, result.Control))
	}
	untimed := control.Edits - control.Unusable - control.Timed + candidate.Edits - candidate.Unusable - candidate.Timed
	if untimed > 0 {
		warnings = append(warnings, fmt.Sprintf("of %d edits the active seconds are not known; they are not in the post-edit ratio", untimed))
	}
	return warnings
}
