package decide

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A rated is a rating with numbers for its names, which the estimators want. It points
// to the dataset's rating, which is large and shared, and repeats of it what is asked
// for again and again: looking there takes longer than copying.
type rated struct {
	*eval.Rating
	Category audit.Category // of the rating, Uncategorised where it has none
	Kind     eval.RaterKind
	Score    float64
	Week     int32
	task     int32
	cluster  int32 // the unit of sampling: the named cluster, else the task
	rater    int32
	item     int32 // the task under a pair of arms
	arms     int32 // the pair of arms, by number in analyzer.armPairs
}

// An armPair is a control and a candidate.
type armPair struct{ control, candidate string }

// rate numbers the names of the ratings up to a week (0 is all) and keeps of several
// ratings by one rater of one comparison in one presentation order the last: a row
// given again is a correction, not new evidence, also where it names the arms the other
// way round. Where the order is not known, a row the other way round is taken for the
// other order. Then it turns every rating so that arm a is the protocol's control or,
// without a protocol, so that a pair of arms has one direction: that of its first
// rating. At last it puts together what belongs together: see [analyzer.arrange].
func (a *analyzer) rate(ratings []eval.Rating, throughWeek int) {
	type shown struct {
		task, rater, low, high int32
	}
	arms := indexer{}
	position := make(map[shown][4]int32, len(ratings)) // by order of presentation, plus 1
	a.ratings = make([]rated, 0, len(ratings))
	for i := range ratings {
		rating := &ratings[i]
		if throughWeek > 0 && rating.Week > throughWeek {
			continue
		}
		r := rated{Rating: rating, task: int32(a.tasks.of(rating.TaskID)), rater: int32(a.raterIndex.of(rating.Rater))}
		key := shown{r.task, r.rater, int32(arms.of(rating.ArmA)), int32(arms.of(rating.ArmB))}
		order := 0
		if key.low > key.high {
			key.low, key.high = key.high, key.low
			order = 1
		}
		switch rating.First { // else the order in which the row names the arms
		case eval.SideA:
			order += 2
		case eval.SideB:
			order = 3 - order
		}
		at := position[key]
		if at[order] > 0 {
			a.ratings[at[order]-1] = r
			continue
		}
		a.bothOrders = a.bothOrders || at != [4]int32{}
		a.ratings = append(a.ratings, r)
		at[order] = int32(len(a.ratings))
		position[key] = at
	}
	a.orient()
	type pair struct{ task, arms int32 }
	items := make(map[pair]int32, len(a.tasks))
	categories := map[audit.Category]audit.Category{"": Uncategorised} // one string for each
	for i := range a.ratings {
		r := &a.ratings[i]
		category, known := categories[r.Rating.Category]
		if !known {
			category = r.Rating.Category
			categories[category] = category
		}
		r.Category, r.Kind, r.Score, r.Week = category, r.Rating.Kind, r.Rating.Score, int32(r.Rating.Week)
		arms := armPair{r.ArmA, r.ArmB}
		if r.arms, known = a.armPairs[arms]; !known {
			r.arms = int32(len(a.armPairs))
			a.armPairs[arms] = r.arms
		}
		r.cluster = r.task
		if r.Cluster != "" {
			r.cluster = int32(a.cluster(r.TaskID, r.Cluster))
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
	arranged := make([]rated, len(a.ratings))
	for i := range a.ratings {
		r := &a.ratings[i]
		p := place{r.arms, r.Category, r.Kind, r.Week}
		arranged[next[p]] = *r
		next[p]++
	}
	a.ratings = arranged
}

func (a *analyzer) orient() {
	direction := map[armPair]bool{}
	for i := range a.ratings {
		r := &a.ratings[i]
		turn := direction[armPair{r.ArmB, r.ArmA}]
		if a.data.Locked != nil {
			turn = r.ArmB == a.data.Locked.Protocol.Control
		}
		if turn {
			flipped := r.Flipped()
			r.Rating = &flipped
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

// asGiven are ratings as a dataset holds them.
func asGiven(ratings []rated) []eval.Rating {
	given := make([]eval.Rating, len(ratings))
	for i, r := range ratings {
		given[i] = *r.Rating
		given[i].Category = r.Category
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
