package decide

import (
	"fmt"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// Evidence of a use case is chosen and its weeks are closed by counts only, never by
// outcomes: who may stop looking when the result pleases is always right.

// evidence is what the estimates of one use case rest on.
type evidence struct {
	key     useCase
	kind    eval.RaterKind
	all     []rated // of every kind
	ratings []rated // of that kind
	judged  []rated // by judges, where people rate
	tasks   []*covered
	closed  map[int]bool // weeks of which nothing more is awaited
	lost    []*covered   // tasks of closed weeks that one arm alone answered
	missing error        // why the answers do not suffice for an estimate
}

// A covered task is one that the arms of a use case are to answer, or did.
type covered struct {
	Category           audit.Category
	Week               int
	number, cluster    int32 // by number in analyzer.names
	raters             int32
	before             int32 // people who rated it and do not count
	assigned           bool
	control, candidate bool // has answered
	refused            bool // by the provider of an arm, for good
	judged             bool
	excluded           bool // by the protocol's rule on flagged answers: never shown again
}

// asked is how many people's ratings of the task have come in, also of those whom the
// protocol's rule leaves out: nobody else is asked in their place, so that nothing more is
// awaited. That rule does not look at which arm anybody prefers, and so the tasks that are
// lost by it are lost at random.
func (task *covered) asked() int { return int(task.raters + task.before) }

// closedShare is the share of the awaited ratings from which on a week counts as
// closed: a task that nobody gets to must not hold up the pilot for ever.
const closedShare = 0.95

// leastAnswered is the share of its tasks that an arm must have answered. Under it
// the losses would speak of an outage rather than of the model.
const leastAnswered = 0.8

// evidence gathers a use case's evidence once.
func (a *analyzer) evidence(key useCase) *evidence {
	a.mutex.Lock()
	e, known := a.gathered[key]
	a.mutex.Unlock()
	if known {
		return e
	}
	all := a.ratingsOf(key)
	e = &evidence{key: key, all: all, kind: a.mainKind(all), closed: map[int]bool{}}
	e.ratings = ofKind(all, e.kind)
	if e.kind == eval.Human {
		e.judged = ofKind(all, eval.Judge)
	}
	e.tasks = a.cover(key, e)
	a.closeWeeks(e)
	e.findLost()
	a.mutex.Lock()
	a.gathered[key] = e
	a.mutex.Unlock()
	return e
}

// coveredAtATime is how many covered tasks get their room at once: one by one they would
// be much of what is collected.
const coveredAtATime = 256

// cover lists the tasks of a use case in a fixed order with what has come in.
func (a *analyzer) cover(key useCase, e *evidence) []*covered {
	var tasks []*covered
	known := make([]*covered, len(a.tasks))
	var room []covered // of many at a time
	of := func(number, cluster int, category audit.Category, week int) *covered {
		if known[number] == nil {
			if len(room) == 0 {
				room = make([]covered, coveredAtATime)
			}
			room[0] = covered{Category: category, Week: week, number: int32(number), cluster: int32(cluster)}
			known[number], room = &room[0], room[1:]
			tasks = append(tasks, known[number])
		}
		return known[number]
	}
	for _, task := range a.data.Assigned {
		if a.inScope(key, task.Category) {
			of(a.tasks.of(task.TaskID), a.cluster(task.TaskID, task.Cluster), task.Category, task.Week).assigned = true
		}
	}
	elsewhere := a.ratedElsewhere(e)
	for i := range a.answers {
		r := &a.answers[i]
		if !a.inScope(key, r.Category) || (r.Arm != key.control && r.Arm != key.candidate) || elsewhere.holds(r.task) {
			continue
		}
		task := of(r.task, r.cluster, r.Category, r.Week)
		task.control = task.control || r.Arm == key.control
		task.candidate = task.candidate || r.Arm == key.candidate
	}
	for _, cell := range a.data.Refused {
		number, seen := a.tasks[cell.TaskID]
		if !seen {
			continue
		}
		if task := known[number]; task != nil && (cell.Arm == key.control || cell.Arm == key.candidate) {
			task.refused = true
		}
	}
	ratedBy := func(r *rated) *covered {
		task := of(int(r.task), int(r.cluster), r.Category, int(r.Week))
		task.control, task.candidate = true, true // both answers were seen, wherever they are kept
		return task
	}
	type cell struct{ task, rater int32 }
	again := map[cell]bool{}
	for i := range e.ratings {
		r := &e.ratings[i]
		task := ratedBy(r)
		if a.bothOrders {
			if again[cell{r.task, r.rater}] {
				continue
			}
			again[cell{r.task, r.rater}] = true
		}
		task.raters++
	}
	for i := range e.judged {
		ratedBy(&e.judged[i]).judged = true
	}
	if len(a.excluded)+len(a.ratedBefore) == 0 {
		return tasks
	}
	for _, task := range tasks {
		pair := pairOf(a.names[task.number], key.control, key.candidate)
		task.excluded = a.excluded[pair]
		if e.kind == eval.Human {
			task.before = int32(a.ratedBefore[pair])
		}
	}
	return tasks
}

// ratedElsewhere are the tasks of a ratings file that were rated under other pairs of
// arms and not under this one: nothing of them is awaited here, and what their answers
// were is told there. A protocol asks for every task under all pairs.
func (a *analyzer) ratedElsewhere(e *evidence) *taskSet {
	elsewhere := a.newTaskSet()
	if a.data.Locked != nil || len(a.armPairs) < 2 {
		return elsewhere
	}
	for i := range a.ratings {
		elsewhere.add(int(a.ratings[i].task))
	}
	for i := range e.all {
		elsewhere.remove(int(e.all[i].task))
	}
	return elsewhere
}

// closeWeeks finds the weeks of which nothing more is awaited: nearly all ratings
// that the protocol asks for are in, or a later week is being rated.
func (a *analyzer) closeWeeks(e *evidence) {
	need := 1
	if a.data.Locked != nil && e.kind == eval.Human {
		need = max(1, a.data.Locked.Protocol.RatingsPerComparison)
	}
	lastRated := 0
	for i := range e.ratings {
		lastRated = max(lastRated, int(e.ratings[i].Week))
	}
	awaited, given := map[int]float64{}, map[int]float64{}
	for _, task := range e.tasks {
		if task.before > 0 {
			lastRated = max(lastRated, task.Week)
		}
		awaited[task.Week] += 0 // the week is there, even if it awaits nothing
		rateable := task.control && task.candidate
		if task.refused || task.excluded || (!task.assigned && (!rateable || a.data.Locked != nil)) {
			continue // no rating is to come of it
		}
		awaited[task.Week] += float64(need)
		given[task.Week] += float64(min(task.asked(), need))
	}
	for week := range awaited {
		nearlyAll := given[week] >= awaited[week]*a.peopleShare(e, week)
		e.closed[week] = lastRated > week || (lastRated == week && nearlyAll)
	}
}

// peopleShare is the part of a week's awaited ratings from which on it counts as
// closed: nearly all or, where judges rate the tasks that people do not get to, half
// as large a part as in the weeks before.
func (a *analyzer) peopleShare(e *evidence, week int) float64 {
	var people, judged, before, rated int
	for _, task := range e.tasks {
		if !task.control || !task.candidate || task.excluded {
			continue // nothing to rate
		}
		switch {
		case task.raters > 0:
			people++
		case task.judged:
			judged++
		case task.Week == week && task.before == 0:
			return closedShare // nobody rated it: it is awaited
		}
		if task.Week < week {
			before++
			rated += min(task.asked(), 1)
		}
	}
	if before == 0 || !a.combines(e, people, judged) {
		return closedShare
	}
	return float64(rated) / float64(before) / 2
}

// judgedOnly counts the tasks of the weeks up to one (0 is all) that judges alone rated.
func (e *evidence) judgedOnly(week int) int {
	count := 0
	for _, task := range e.tasks {
		if task.judged && task.raters == 0 && (week == 0 || task.Week <= week) {
			count++
		}
	}
	return count
}

// findLost collects the tasks that count as a loss of the arm that did not answer
// (analysed as assigned), unless an arm answered so few that it was not running.
func (e *evidence) findLost() {
	tasks, control, candidate := 0, 0, 0
	for _, task := range e.tasks {
		if !task.assigned || !e.closed[task.Week] {
			continue
		}
		tasks++
		if task.control {
			control++
		}
		if task.candidate {
			candidate++
		}
		if task.control != task.candidate {
			e.lost = append(e.lost, task)
		}
	}
	for _, arm := range []struct {
		name     string
		answered int
	}{{e.key.control, control}, {e.key.candidate, candidate}} {
		if float64(arm.answered) < leastAnswered*float64(tasks) {
			e.missing = &stats.MissingError{Why: fmt.Sprintf("%s answered %d of %d tasks, at least %.0f%% are needed; run modeltrial pilot run again", arm.name, arm.answered, tasks, 100*leastAnswered)}
			return
		}
	}
}

// lostWithin are the lost tasks of the weeks up to one; 0 is all.
func (e *evidence) lostWithin(week int) []*covered {
	if week == 0 {
		return e.lost
	}
	return slices.DeleteFunc(slices.Clone(e.lost), func(task *covered) bool { return task.Week > week })
}

// score is a lost task's score: 0 where the candidate did not answer, 1 where the
// control did not.
func (task *covered) score() float64 {
	if task.candidate {
		return 1
	}
	return 0
}

// over says whether the planned weeks have come to their end.
func (e *evidence) over(weeks int) bool {
	for week, closed := range e.closed {
		if closed && week >= weeks {
			return true
		}
	}
	return false
}

// outstanding is how many tasks of a week lack an answer or a rating.
func (e *evidence) outstanding(week int) int {
	count := 0
	for _, task := range e.tasks {
		if task.Week == week && task.assigned && !task.refused && !task.excluded && task.asked() == 0 {
			count++
		}
	}
	return count
}
