package exchange

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A counter counts comparisons. Readers of parts of a file fill a counted each, at the
// same time; sum then puts rows of one comparison together. Tasks and raters are known
// by hashes of a secret seed only: that two of 128 bits meet by chance among a million
// rows has odds of one in 10^26.
type counter struct {
	seed      maphash.Seed
	names     names // of arms and categories
	clustered atomic.Bool
	mutex     sync.Mutex
	parts     []*countedPart
	spare     sync.Pool // of *[]countedRow, for rows before they are sorted
}

func newCounter() *counter {
	return &counter{seed: maphash.MakeSeed(), names: names{numbers: map[string]uint16{}}}
}

// A countedRow is what is kept of a rating: 32 bytes.
type countedRow struct {
	task, rater uint64 // hashes
	part, row   uint32 // its place in the file
	low, high   uint16 // the arms' numbers, low < high
	category    uint16 // its number
	kind        raterKindNumber
	ending
}

// raterKindNumber is a place in raterKinds.
type raterKindNumber uint8

var raterKinds = [...]eval.RaterKind{eval.Human, eval.Judge, eval.Check}

// An ending holds in bits how a rating was given.
type ending uint8

const (
	scoreBits   ending = 3 // lowWins, tied, highWins or between
	orderBits   ending = 3 << orderShift
	reversedBit ending = 1 << 4 // the row names the arm of the higher number first
	simulated   ending = 1 << 5

	lowWins  ending = 0
	tied     ending = 1
	highWins ending = 2
	between  ending = 3 // a score other than 0, ½ and 1

	// The orders of presentation, in each of which a rater rates once. Where it is not
	// known, the order in which the row names the arms stands for it.
	orderShift        = 2
	orders            = 4
	lowFirst   ending = 0 << orderShift
	highFirst  ending = 1 << orderShift
	lowNamed   ending = 2 << orderShift
	highNamed  ending = 3 << orderShift
)

// Rows go to buckets by the highest bits of their task's hash.
const (
	buckets     = 1 << 8
	bucketShift = 64 - 8
)

// mostNames is what 16 bits number.
const mostNames = math.MaxUint16

// endingOf is the ending of a score that is one of 0, ½ and 1, or between.
func endingOf(score float64) ending {
	switch score {
	case 0:
		return lowWins
	case 0.5:
		return tied
	case 1:
		return highWins
	}
	return between
}

// names numbers names, for readers at the same time.
type names struct {
	mutex   sync.Mutex
	numbers map[string]uint16
	list    []string
}

var errManyNames = errors.New("the rows name more than 65,535 arms and categories; are these the right columns?")

func (n *names) of(name string) (uint16, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	number, known := n.numbers[name]
	if known {
		return number, nil
	}
	if len(n.list) == mostNames {
		return 0, errManyNames
	}
	number = uint16(len(n.list))
	n.numbers[name] = number
	n.list = append(n.list, name)
	return number, nil
}

// A countedPart holds the rows of a part of the file, by bucket once it is sorted.
type countedPart struct {
	counter *counter
	number  uint32
	rows    []countedRow
	begin   [buckets + 1]int
	numbers map[string]uint16 // of the names that came up in this part
}

func (c *counter) part(number int) *countedPart {
	p := &countedPart{counter: c, number: uint32(number), numbers: map[string]uint16{}}
	if spare, ok := c.spare.Get().(*[]countedRow); ok {
		p.rows = (*spare)[:0]
	}
	return p
}

// nameOf is a name's number.
func (p *countedPart) nameOf(name []byte) (uint16, error) {
	if number, known := p.numbers[string(name)]; known {
		return number, nil
	}
	number, err := p.counter.names.of(string(name))
	if err == nil {
		p.numbers[string(name)] = number
	}
	return number, err
}

// A countedRating is a rating as its reader knows it. Texts are trimmed.
type countedRating struct {
	task, rater, armA, armB, category []byte
	kind                              raterKindNumber
	first                             eval.Side
	score                             ending // of arm b: lowWins where a won
	simulated                         bool
}

func (p *countedPart) add(r countedRating) error {
	a, err := p.nameOf(r.armA)
	if err != nil {
		return err
	}
	b, err := p.nameOf(r.armB)
	if err != nil {
		return err
	}
	category, err := p.nameOf(r.category)
	if err != nil {
		return err
	}
	row := countedRow{
		task: maphash.Bytes(p.counter.seed, r.task), rater: maphash.Bytes(p.counter.seed, r.rater),
		part: p.number, row: uint32(len(p.rows)), low: a, high: b, category: category, kind: r.kind,
	}
	score := r.score
	shownLow, shownHigh := eval.SideA, eval.SideB
	unknown := lowNamed
	if a > b {
		row.low, row.high = b, a
		row.ending |= reversedBit
		if score != between {
			score = highWins - score
		}
		shownLow, shownHigh = shownHigh, shownLow
		unknown = highNamed
	}
	row.ending |= score
	switch r.first {
	case shownLow:
		row.ending |= lowFirst
	case shownHigh:
		row.ending |= highFirst
	default:
		row.ending |= unknown
	}
	if r.simulated {
		row.ending |= simulated
	}
	p.rows = append(p.rows, row)
	return nil
}

// done sorts the part's rows by bucket, keeping their order, and keeps the part.
func (p *countedPart) done() {
	for _, row := range p.rows {
		p.begin[row.task>>bucketShift+1]++
	}
	for i := range buckets {
		p.begin[i+1] += p.begin[i]
	}
	sorted, next := make([]countedRow, len(p.rows)), p.begin
	for _, row := range p.rows {
		at := &next[row.task>>bucketShift]
		sorted[*at] = row
		*at++
	}
	spare := p.rows
	p.rows = sorted
	p.counter.spare.Put(&spare)
	p.counter.mutex.Lock()
	defer p.counter.mutex.Unlock()
	p.counter.parts = append(p.counter.parts, p)
}

// A pairKey tells the pairs of arms of a group.
type pairKey struct {
	category  uint16
	kind      raterKindNumber
	low, high uint16
}

// A groupKey tells raters' kinds in categories.
type groupKey struct {
	category uint16
	kind     raterKindNumber
}

// A pairTally sums the comparisons of two arms.
type pairTally struct {
	ended    [4]int // by lowWins, tied, highWins, between
	place    uint64 // of the first rating in the file
	reversed bool   // how that one names the arms
}

type tally struct {
	pairs map[pairKey]*pairTally
	tasks map[groupKey]int
	// ratings counts by kind, and simulated ones of any kind last.
	ratings [len(raterKinds) + 1]int
}

func newTally() *tally {
	return &tally{pairs: map[pairKey]*pairTally{}, tasks: map[groupKey]int{}}
}

// A judgement is what a rater gave to one comparison, over orders of presentation.
type judgement struct {
	last  countedRow
	given [orders]struct {
		known  bool
		ending ending
		place  uint64 // of the first rating
	}
}

// sum counts the comparisons of all rows, with both cores.
func (c *counter) sum() eval.ComparisonCounts {
	slices.SortFunc(c.parts, func(x, y *countedPart) int { return cmp.Compare(x.number, y.number) })
	tallies := make([]*tally, runtime.GOMAXPROCS(0))
	var next atomic.Int32
	var workers sync.WaitGroup
	for i := range tallies {
		tallies[i] = newTally()
		workers.Go(func() {
			b := &bucket{tally: tallies[i]}
			for {
				number := int(next.Add(1)) - 1
				if number >= buckets {
					return
				}
				b.count(c.parts, number)
			}
		})
	}
	workers.Wait()
	total := tallies[0]
	for _, more := range tallies[1:] {
		total.merge(more)
	}
	return c.counts(total)
}

// A bucket puts together the rows of a share of the tasks.
type bucket struct {
	judgements []judgement
	// Hash tables of judgements by comparison, and of the first judgement of each task
	// in its group: slots of a place in judgements and 1, 0 where empty. The hashes are
	// good already, and the rows are many: maps would take the longest part of the time.
	comparisons, tasks []uint32
	tally              *tally
}

func (b *bucket) count(parts []*countedPart, number int) {
	rows := 0
	for _, part := range parts {
		rows += part.begin[number+1] - part.begin[number]
	}
	size := 1 << bits.Len(uint(2*rows)) // at most half full
	b.comparisons, b.tasks, b.judgements = emptied(b.comparisons, size), emptied(b.tasks, size), b.judgements[:0]
	for _, part := range parts {
		for i := range part.rows[part.begin[number]:part.begin[number+1]] {
			row := &part.rows[part.begin[number]+i]
			j := b.judgementOf(row)
			j.last = *row
			given := &j.given[row.ending&orderBits>>orderShift]
			if !given.known {
				given.known, given.place = true, row.place()
			}
			given.ending = row.ending
		}
	}
	for i := range b.judgements {
		j := &b.judgements[i]
		if b.firstOfTask(i) {
			b.tally.tasks[groupKey{j.last.category, j.last.kind}]++
		}
		b.tally.add(j)
	}
}

// emptied is a table of empty slots.
func emptied(table []uint32, size int) []uint32 {
	table = slices.Grow(table[:0], size)[:size]
	clear(table)
	return table
}

// judgementOf is the judgement to which a row belongs.
func (b *bucket) judgementOf(row *countedRow) *judgement {
	hash := row.task ^ row.rater ^ uint64(row.low)<<16 ^ uint64(row.high)
	mask := uint64(len(b.comparisons) - 1)
	for slot := hash & mask; ; slot = (slot + 1) & mask {
		at := b.comparisons[slot]
		if at == 0 {
			b.judgements = append(b.judgements, judgement{})
			b.comparisons[slot] = uint32(len(b.judgements))
			return &b.judgements[len(b.judgements)-1]
		}
		j := &b.judgements[at-1]
		if j.last.task == row.task && j.last.rater == row.rater && j.last.low == row.low && j.last.high == row.high {
			return j
		}
	}
}

// firstOfTask reports whether a judgement is the first of its task in its group.
func (b *bucket) firstOfTask(judgement int) bool {
	last := &b.judgements[judgement].last
	mask := uint64(len(b.tasks) - 1)
	// The group in the hash keeps apart the slots of a task in many groups.
	hash := last.task ^ uint64(last.category)<<8 ^ uint64(last.kind)
	for slot := hash & mask; ; slot = (slot + 1) & mask {
		at := b.tasks[slot]
		if at == 0 {
			b.tasks[slot] = uint32(judgement + 1)
			return true
		}
		other := &b.judgements[at-1].last
		if other.task == last.task && other.category == last.category && other.kind == last.kind {
			return false
		}
	}
}

func (r countedRow) place() uint64 { return uint64(r.part)<<32 | uint64(r.row) }

func (t *tally) add(j *judgement) {
	key := pairKey{j.last.category, j.last.kind, j.last.low, j.last.high}
	pair := t.pairs[key]
	if pair == nil {
		pair = &pairTally{place: math.MaxUint64}
		t.pairs[key] = pair
	}
	orders, sum, odd := ending(0), ending(0), false
	for _, given := range j.given {
		if !given.known {
			continue
		}
		score := given.ending & scoreBits
		orders, sum, odd = orders+1, sum+score, odd || score == between
		if given.place < pair.place {
			pair.place, pair.reversed = given.place, given.ending&reversedBit != 0
		}
		if given.ending&simulated != 0 {
			t.ratings[len(raterKinds)]++
		} else {
			t.ratings[j.last.kind]++
		}
	}
	if odd || sum%orders != 0 {
		pair.ended[between]++
		return
	}
	pair.ended[sum/orders]++
}

func (t *tally) merge(more *tally) {
	for key, pair := range more.pairs {
		into := t.pairs[key]
		if into == nil {
			t.pairs[key] = pair
			continue
		}
		for i, count := range pair.ended {
			into.ended[i] += count
		}
		if pair.place < into.place {
			into.place, into.reversed = pair.place, pair.reversed
		}
	}
	for key, tasks := range more.tasks {
		t.tasks[key] += tasks
	}
	for i, count := range more.ratings {
		t.ratings[i] += count
	}
}

// counts gives a tally its names, in an order that does not depend on who read first.
func (c *counter) counts(total *tally) eval.ComparisonCounts {
	counts := eval.ComparisonCounts{Clustered: c.clustered.Load(), Provenance: eval.Provenance{
		RatingsByPeople: total.ratings[0], RatingsByJudges: total.ratings[1], RatingsByChecks: total.ratings[2],
		RatingsSimulated: total.ratings[3],
	}}
	type armPair struct{ low, high uint16 }
	first := map[armPair]*pairTally{} // a pair has one direction in all groups
	for key, pair := range total.pairs {
		arms := armPair{key.low, key.high}
		if first[arms] == nil || pair.place < first[arms].place {
			first[arms] = pair
		}
	}
	groups := map[groupKey]*eval.CountedGroup{}
	for key, tasks := range total.tasks {
		groups[key] = &eval.CountedGroup{Category: audit.Category(c.names.list[key.category]), Kind: raterKinds[key.kind], Tasks: tasks}
	}
	for key, pair := range total.pairs {
		group := groups[groupKey{key.category, key.kind}]
		counted := eval.CountedPair{
			ArmA: c.names.list[key.low], ArmB: c.names.list[key.high],
			WinsA: pair.ended[lowWins], WinsB: pair.ended[highWins], Ties: pair.ended[tied], Between: pair.ended[between],
		}
		if first[armPair{key.low, key.high}].reversed {
			counted.ArmA, counted.ArmB, counted.WinsA, counted.WinsB = counted.ArmB, counted.ArmA, counted.WinsB, counted.WinsA
		}
		group.Pairs = append(group.Pairs, counted)
	}
	for _, group := range groups {
		slices.SortFunc(group.Pairs, func(x, y eval.CountedPair) int {
			return cmp.Or(strings.Compare(x.ArmA, y.ArmA), strings.Compare(x.ArmB, y.ArmB))
		})
		counts.Groups = append(counts.Groups, *group)
	}
	slices.SortFunc(counts.Groups, func(x, y eval.CountedGroup) int {
		return cmp.Or(cmp.Compare(x.Category, y.Category), cmp.Compare(x.Kind, y.Kind))
	})
	return counts
}

// kindNumber is a kind's place in raterKinds.
func kindNumber(kind eval.RaterKind) (raterKindNumber, error) {
	at := slices.Index(raterKinds[:], kind)
	if at < 0 {
		return 0, fmt.Errorf("%q is not a kind of rater", kind)
	}
	return raterKindNumber(at), nil
}
