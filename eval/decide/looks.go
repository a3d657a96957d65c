package decide

import (
	"math"
	"slices"
)

// A look is the end of a week as the data of today show it.
type look struct {
	week    int // 0 where no weeks are known
	tasks   int // that count so far
	planned int // number of the planned look, 0 where it is none
}

// looks recomputes the looks of a use case: one at the end of each week that has
// ratings. A week that is not closed yet is not a planned look: its interval is the
// one that holds at every moment.
func (a *analyzer) looks(e *evidence) []look {
	if len(e.ratings) == 0 {
		return nil
	}
	const never = math.MaxInt
	first := slices.Repeat([]int{never}, len(a.tasks)) // the week in which a task counts first
	tasks, lastWeek := 0, 0
	for i := range e.ratings {
		task, week := e.ratings[i].task, int(e.ratings[i].Week)
		if first[task] == never {
			tasks++
		}
		first[task] = min(first[task], week)
		lastWeek = max(lastWeek, week)
	}
	if lastWeek == 0 {
		return []look{{week: 0, tasks: tasks + len(e.lost) + a.helpedBy(e, tasks, 0), planned: 1}}
	}
	if a.helpedBy(e, tasks, 0) > 0 { // judges may go on where people have stopped
		for i := range e.judged {
			lastWeek = max(lastWeek, int(e.judged[i].Week))
		}
	}
	perWeek := make([]int, lastWeek+1)
	for _, week := range first {
		if week != never {
			perWeek[max(week, 0)]++
		}
	}
	var looks []look
	rated := perWeek[0]
	for week := 1; week <= lastWeek; week++ {
		helped := a.helpedBy(e, rated+perWeek[week], week)
		if perWeek[week] == 0 && week < lastWeek && helped == a.helpedBy(e, rated, week-1) {
			continue // a week without ratings was not a look
		}
		rated += perWeek[week]
		next := look{week: week, tasks: rated + len(e.lostWithin(week)) + helped, planned: week}
		if len(looks) > 0 { // judges may fall behind and no longer count
			next.tasks = max(next.tasks, looks[len(looks)-1].tasks)
		}
		if week > a.weeks || !e.closed[week] {
			next.planned = 0
		}
		looks = append(looks, next)
	}
	return looks
}

// helpedBy is how many tasks judges add to those that people rated up to a week.
func (a *analyzer) helpedBy(e *evidence, people, week int) int {
	if judged := e.judgedOnly(week); a.combines(e, people, judged) {
		return judged
	}
	return 0
}
