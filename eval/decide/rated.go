package decide

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A rated is a rating with numbers for its names, which the estimators want. It is all
// that is kept of the dataset's rating: there are hundreds of thousands of them.
type rated struct {
	*giver
	seconds float64       // NaN where not known: a pointer each would be most of what is collected
	grades  *[]eval.Grade // nil where nothing was graded, as of most
	Score   float64
	ratedAt int64 // microseconds since 1970; 0 where not known
	Week    int32
	task    int32 // by number in analyzer.names
	cluster int32 // the unit of sampling: the named cluster, else the task
	rater   int32
	item    int32 // the task under a pair of arms
	arms    int32 // the pair of arms, by number in analyzer.armPairs
}

// A giver is what many ratings have in common.
type giver struct {
	Rater      string
	Kind       eval.RaterKind
	Simulated  bool
	Category   audit.Category // Uncategorised where the rating has none
	ArmA, ArmB string
	Verdict    eval.Verdict
	First      eval.Side
}

// An armPair is a control and a candidate.
type armPair struct{ control, candidate string }

// take makes the gathered ratings those of the analysis. It turns every rating so that
// arm a is the protocol's control or, without a protocol, so that a pair of arms has one
// direction: that of its first rating. Then it puts together what belongs together: see
// [analyzer.arrange].
func (a *analyzer) take(gathered *Ratings) {
	a.ratings, a.bothOrders = gathered.kept, gathered.bothOrders
	a.nameTasks()
	a.orient(gathered.givers)
	type pair struct{ task, arms int32 }
	items := make(map[pair]int32, len(a.tasks))
	for i := range a.ratings {
		r := &a.ratings[i]
		var known bool
		arms := armPair{r.ArmA, r.ArmB}
		if r.arms, known = a.armPairs[arms]; !known {
			r.arms = int32(len(a.armPairs))
			a.armPairs[arms] = r.arms
		}
		key := pair{r.task, r.arms}
		item, known := items[key]
		if !known {
			item = int32(len(items))
			items[key] = item
		}
		r.item = item
	}
	a.items = len(items)
	a.arrange()
}

// arrange puts the ratings of a pair of arms together, in those the ratings of a
// category, in those the ratings of a kind of rater, and in those the ratings of a
// week: what is asked for is nearly always a run of them. Otherwise they stay in order.
func (a *analyzer) arrange() {
	type place struct {
		arms     int32
		category audit.Category
		kind     eval.RaterKind
		week     int32
	}
	counts := map[place]int{}
	for i := range a.ratings {
		r := &a.ratings[i]
		counts[place{r.arms, r.Category, r.Kind, r.Week}]++
	}
	places := slices.SortedFunc(maps.Keys(counts), func(x, y place) int {
		return cmp.Or(cmp.Compare(x.arms, y.arms), cmp.Compare(x.category, y.category), cmp.Compare(x.kind, y.kind), cmp.Compare(x.week, y.week))
	})
	next := make(map[place]int, len(places))
	from := 0
	for _, p := range places {
		next[p] = from
		from += counts[p]
	}
	to := make([]int32, len(a.ratings))
	for i := range a.ratings {
		r := &a.ratings[i]
		p := place{r.arms, r.Category, r.Kind, r.Week}
		to[i] = int32(next[p])
		next[p]++
	}
	for i := range to { // in place: a second copy would be the most that is ever kept
		for int(to[i]) != i {
			j := to[i]
			a.ratings[i], a.ratings[j] = a.ratings[j], a.ratings[i]
			to[i], to[j] = to[j], j
		}
	}
}

func (a *analyzer) orient(givers map[giver]*giver) {
	direction := map[armPair]bool{}
	for i := range a.ratings {
		r := &a.ratings[i]
		turn := direction[armPair{r.ArmB, r.ArmA}]
		if a.data.Locked != nil {
			turn = r.ArmB == a.data.Locked.Protocol.Control
		}
		if turn {
			turned := *r.giver
			turned.ArmA, turned.ArmB = turned.ArmB, turned.ArmA
			turned.Verdict, turned.First = turned.Verdict.Flipped(), turned.First.Flipped()
			r.giver, r.Score = shared(givers, turned), 1-r.Score
			if r.grades != nil {
				r.grades = new(eval.FlippedGrades(*r.grades))
			}
		}
		if a.data.Locked == nil {
			direction[armPair{r.ArmA, r.ArmB}] = true
		}
	}
}

// within keeps the ratings of the weeks up to one; 0 keeps all, as for the look of
// data that know no weeks.
func within(ratings []rated, week int) []rated {
	if week == 0 {
		return ratings
	}
	return filtered(ratings, func(r *rated) bool { return int(r.Week) <= week })
}

// filtered are the ratings to keep: a part of the slice itself where they are a run.
func filtered(ratings []rated, keep func(*rated) bool) []rated {
	first, end, count := 0, 0, 0
	for i := range ratings {
		if keep(&ratings[i]) {
			if count == 0 {
				first = i
			}
			count++
			end = i + 1
		}
	}
	if count == end-first {
		return ratings[first:end:end]
	}
	kept := make([]rated, 0, count)
	for i := range ratings[first:end] {
		if r := &ratings[first+i]; keep(r) {
			kept = append(kept, *r)
		}
	}
	return kept
}

// byRater gives the ratings of one rater after the other, by number. Each slice holds
// until the next.
func (a *analyzer) byRater() iter.Seq[[]rated] {
	counts := make([]int, len(a.raterIndex))
	for i := range a.ratings {
		counts[a.ratings[i].rater]++
	}
	places, of := make([]int32, len(a.ratings)), make([][]int32, len(counts))
	for rater, count := range counts {
		of[rater], places = places[:0:count], places[count:]
	}
	for i := range a.ratings {
		rater := a.ratings[i].rater
		of[rater] = append(of[rater], int32(i))
	}
	return func(yield func([]rated) bool) {
		var ratings []rated
		for _, at := range of {
			ratings = ratings[:0]
			for _, i := range at {
				ratings = append(ratings, a.ratings[i])
			}
			if len(at) > 0 && !yield(ratings) {
				return
			}
		}
	}
}

// clusterOf is the named cluster of a rating; empty where it has none.
func (a *analyzer) clusterOf(r *rated) string {
	if r.cluster == r.task {
		return ""
	}
	return a.names[r.cluster][len(clusterPrefix):]
}

// asGiven are ratings as a dataset holds them, arm a the control.
func (a *analyzer) asGiven(ratings []rated) []eval.Rating {
	given := make([]eval.Rating, len(ratings))
	for i, r := range ratings {
		given[i] = eval.Rating{
			TaskID: a.names[r.task], Category: r.Category, Cluster: a.clusterOf(&r), Week: int(r.Week), ArmA: r.ArmA, ArmB: r.ArmB,
			Rater: r.Rater, Kind: r.Kind, Simulated: r.Simulated, Verdict: r.Verdict, Score: r.Score, First: r.First,
		}
		if !math.IsNaN(r.seconds) {
			given[i].Seconds = new(r.seconds)
		}
		if r.ratedAt != 0 {
			given[i].RatedAt = time.UnixMicro(r.ratedAt).UTC()
		}
	}
	return given
}

// A taskSet holds tasks by their number.
type taskSet struct {
	has   []bool
	count int
}

// newTaskSet is an empty set of the tasks that have a number so far.
func (a *analyzer) newTaskSet() *taskSet { return &taskSet{has: make([]bool, len(a.tasks))} }

func (s *taskSet) add(task int) {
	if !s.has[task] {
		s.has[task] = true
		s.count++
	}
}

func (s *taskSet) holds(task int) bool { return s.has[task] }

func (s *taskSet) remove(task int) {
	if s.has[task] {
		s.has[task] = false
		s.count--
	}
}
