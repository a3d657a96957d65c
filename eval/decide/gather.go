package decide

import (
	"cmp"
	"math"
	"slices"

	"modeltrial/eval"
)

// Ratings are what an analysis keeps of ratings: half of their size, names as numbers,
// and of several ratings by one rater of one comparison in one presentation order the
// last: a row given again is a correction, not new evidence, also where it names the
// arms the other way round. Where the order is not known, a row the other way round is
// taken for the other order. The zero value has none, and takes all weeks.
type Ratings struct {
	// ThroughWeek is the last week that counts; 0 counts all.
	ThroughWeek int

	kept       []rated
	excluded   map[shownPair]bool // the comparisons that the protocol's rule on flagged answers excludes
	flagged    []eval.Rating      // of comparisons that the protocol's rule excludes
	bothOrders bool               // a rater rated a comparison in several orders of presentation
	tasks      indexer
	raters     indexer
	givers     map[giver]*giver
	last       map[[2]int32]int32 // by task and rater the number of their last rating, plus 1
	before     []int32            // that of the one before it
}

// Grow makes room for more ratings.
func (g *Ratings) Grow(more int) {
	g.kept, g.before = slices.Grow(g.kept, more), slices.Grow(g.before, more)
}

func (g *Ratings) prepare() {
	if g.tasks == nil {
		g.tasks, g.raters, g.givers, g.last = indexer{}, indexer{}, map[giver]*giver{}, map[[2]int32]int32{}
	}
}

// Len is the number of ratings kept.
func (g *Ratings) Len() int { return len(g.kept) }

func (g *Ratings) counts(rating *eval.Rating) bool {
	return g.ThroughWeek == 0 || rating.Week <= g.ThroughWeek
}

// Add takes a rating, which is not kept itself.
func (g *Ratings) Add(rating *eval.Rating) {
	if !g.counts(rating) {
		return
	}
	g.prepare()
	next := rated{
		giver:   shared(g.givers, giver{rating.Rater, rating.Kind, rating.Simulated, cmp.Or(rating.Category, Uncategorised), rating.ArmA, rating.ArmB, rating.Verdict, rating.First}),
		seconds: math.NaN(),
		Score:   rating.Score, Week: int32(rating.Week), task: int32(g.tasks.of(rating.TaskID)), rater: int32(g.raters.of(rating.Rater)),
	}
	next.cluster = int32(g.tasks.ofCluster(int(next.task), rating.Cluster))
	if rating.Seconds != nil {
		next.seconds = *rating.Seconds
	}
	if !rating.RatedAt.IsZero() {
		next.ratedAt = rating.RatedAt.UnixMicro()
	}
	if len(rating.Grades) > 0 {
		next.grades = new(rating.Grades)
	}
	key := [2]int32{next.task, next.rater}
	last := g.last[key]
	for at := last; at > 0; at = g.before[at-1] {
		known := &g.kept[at-1]
		if known.leastArm() != next.leastArm() || known.mostArm() != next.mostArm() {
			continue
		}
		if known.order() == next.order() {
			*known = next
			return
		}
		g.bothOrders = true
	}
	g.kept, g.before = append(g.kept, next), append(g.before, last)
	g.last[key] = int32(len(g.kept))
}

func (r *rated) leastArm() string { return min(r.ArmA, r.ArmB) }
func (r *rated) mostArm() string  { return max(r.ArmA, r.ArmB) }

// A shownOrder is an order of presentation of two arms: which was first or, where that is
// not known, which of them the row names first.
type shownOrder struct {
	known bool
	first string
}

func (r *rated) order() shownOrder {
	if r.First == eval.SideB {
		return shownOrder{true, r.ArmB}
	}
	return shownOrder{r.First == eval.SideA, r.ArmA}
}

// shared is the one giver that equals another.
func shared(givers map[giver]*giver, like giver) *giver {
	known, ok := givers[like]
	if !ok {
		known = &like
		givers[like] = known
	}
	return known
}
