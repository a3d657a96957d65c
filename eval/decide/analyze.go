package decide

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// AllCategories is the category of the descriptive results over all use cases.
const AllCategories audit.Category = "all"

// Uncategorised stands for the category of tasks for which none is known.
const Uncategorised audit.Category = "uncategorised"

// Options are what an analysis takes beside the data. Zero values stand for the
// protocol's plan or, without one, for four weeks as large as the first.
type Options struct {
	ThroughWeek  int // 0: all
	Weeks        int // planned looks, where there is no protocol
	PlannedTasks int // for each use case, where there is no protocol
	// RandomSample says that the tasks people rated were chosen at random from those
	// that judges rated. It is for data without a protocol; in a pilot it is so.
	RandomSample bool
	// Explain is the category whose calculation is written step by step.
	Explain audit.Category
	// DecisionsOnly leaves out what no decision rests on: agreement, raters, position,
	// latency and the results over all use cases.
	DecisionsOnly bool
	// KeepRaters counts everybody's ratings, whatever the protocol's rule says.
	KeepRaters bool

	ratedBefore map[shownPair]int // of the analyzer, where the data lack people who rated
}

// The defaults of a protocol that does not say otherwise, also used where only
// files are analysed.
const (
	defaultWeeks  = 4
	defaultMargin = 0.05
	defaultSaving = 0.10
)

// ErrNoRatings is returned where there is nothing to analyse at all.
var ErrNoRatings = errors.New("no ratings and no responses to analyse")

// Analyze estimates every use case of the data and applies the decision rule. All
// earlier looks are recomputed from the ratings' weeks; nothing is remembered. It
// returns [ErrNoRatings] for an empty dataset without a protocol.
func Analyze(data eval.Dataset, options Options) (eval.Analysis, error) {
	return gather(data, options).Analyze(data, options)
}

// Analyze is [Analyze] of gathered ratings, which serve once; those of the dataset do not
// count, nor does the week of the options.
func (g *Ratings) Analyze(data eval.Dataset, options Options) (eval.Analysis, error) {
	a, raters, err := g.ruled(data, options)
	if err != nil {
		return eval.Analysis{}, err
	}
	return a.analyze(raters, options)
}

// ruled is the analyzer of what the protocol's rules let count, with all raters where its
// rule on them was applied. It returns [ErrNoRatings] as [Analyze] does.
func (g *Ratings) ruled(data eval.Dataset, options Options) (*analyzer, []eval.RaterResult, error) {
	if data.Locked == nil && g.Len() == 0 {
		return nil, nil, ErrNoRatings
	}
	a := g.analyzer(data, options)
	if data.Locked == nil || data.Locked.Protocol.ExcludeRaters == nil || options.KeepRaters {
		return a, nil, nil
	}
	rest, everyone, err := a.withoutExcluded(data)
	if err != nil || len(rest.Ratings) == len(data.Ratings) {
		return a, everyone, err
	}
	without := newAnalyzer(rest, options)
	out := map[string]bool{}
	for _, r := range everyone {
		out[r.Rater] = r.Excluded != ""
	}
	without.everyone, without.ratedBefore = &data, a.ratedByThose(out)
	return without, everyone, nil
}

func (a *analyzer) analyze(raters []eval.RaterResult, options Options) (eval.Analysis, error) {
	result := emptyAnalysis(a.data.Pilot)
	result.ThroughWeek, result.Weeks = a.throughWeek, a.weeks
	result.Deviations = append(result.Deviations, a.data.Deviations...)
	if !options.DecisionsOnly {
		result.Provenance, result.Warnings = a.provenance(), a.dataWarnings()
		formatting, err := a.formatting(options.ThroughWeek)
		if err != nil {
			return result, fmt.Errorf("formatting: %w", err)
		}
		result.Formatting = formatting
		result.Masking, result.Warnings = a.masking(options.ThroughWeek), append(result.Warnings, a.flaggedWarnings(options.ThroughWeek)...)
	}
	if a.data.Locked != nil {
		result.ProtocolSHA256 = a.data.Locked.SHA256
	}
	comparisons, err := a.compareAll(a.useCases())
	if err != nil {
		return result, err
	}
	result.Comparisons = comparisons
	if err := adjust(result.Comparisons); err != nil {
		return result, err
	}
	for i := range result.Comparisons {
		a.decide(&result.Comparisons[i])
	}
	for i := range result.Comparisons {
		if options.Explain != "" && result.Comparisons[i].Category == options.Explain {
			result.Comparisons[i].Explain = a.explain(&result.Comparisons[i], result.Comparisons)
		}
	}
	if options.DecisionsOnly {
		return result, nil
	}
	if result.Raters = raters; raters == nil {
		if result.Raters, err = a.raters(); err != nil {
			return result, err
		}
	}
	result.Warnings = append(result.Warnings, excludedWarnings(result.Raters)...)
	others := a.analyzeVariants(result.Raters, options) // at the same time as what follows
	if result.Overall, err = a.compareAll(a.pairs()); err != nil {
		return result, err
	}
	for i := range result.Overall {
		overall := &result.Overall[i]
		for _, field := range []string{"p_value_adjusted", "non_inferiority_p_value_adjusted", "cost_p_value_adjusted"} {
			overall.WhyMissing[field] = "descriptive: no claim is made over all use cases"
		}
		overall.Decision = eval.NoDecision
		overall.Reason = "descriptive: decisions are made for each use case"
	}
	result.Agreement = a.agreement(a.mainKind(a.ratings))
	result.Judges, result.Ranking = a.judges(), a.ranking()
	result.Pipelines, result.Repeats = a.pipelineSteps(), a.repeats()
	result.Claims = a.claims(result.Comparisons)
	blinding, err := a.blinding()
	if err != nil {
		return result, fmt.Errorf("blinding: %w", err)
	}
	result.Blinding, result.Warnings = blinding, append(result.Warnings, append(blindingWarnings(blinding), formattingWarnings(result.Formatting)...)...)
	result.Warnings = append(result.Warnings, a.familyWarnings()...)
	if err := a.sensitivities(result.Comparisons, <-others); err != nil {
		return result, fmt.Errorf("sensitivity: %w", err)
	}
	return result, nil
}

// emptyAnalysis is an analysis of which nothing is known yet.
func emptyAnalysis(pilot string) eval.Analysis {
	return eval.Analysis{
		Schema: "modeltrial.analyze/1", Pilot: pilot, Level: eval.Level,
		Comparisons: []eval.ComparisonResult{}, Overall: []eval.ComparisonResult{}, Raters: []eval.RaterResult{}, Judges: []eval.JudgeResult{},
		Ranking: []eval.RankingResult{}, Blinding: []eval.BlindingResult{}, Masking: []eval.MaskingResult{}, Formatting: []eval.FormattingResult{},
		Pipelines: []eval.PipelineStep{}, Repeats: []eval.RepeatResult{}, Claims: []eval.ClaimResult{},
		Deviations: []string{}, Warnings: []string{},
	}
}

// compareAll estimates use cases, several at a time.
func (a *analyzer) compareAll(keys []useCase) ([]eval.ComparisonResult, error) {
	results := make([]eval.ComparisonResult, len(keys))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, key := range keys {
		group.Go(func() (err error) {
			if results[i], err = a.compare(key); err != nil {
				return fmt.Errorf("%s, %s against %s: %w", key.category, key.candidate, key.control, err)
			}
			return nil
		})
	}
	return results, group.Wait()
}

// A useCase is what one comparison result is about.
type useCase struct {
	category           audit.Category
	control, candidate string
}

// analyzer holds the data of one analysis, oriented so that arm a is the control.
type analyzer struct {
	data          eval.Dataset // without ratings and responses
	ratings       []rated
	flagged       []eval.Rating // left out by the rule on flagged answers
	excluded      map[shownPair]bool
	everyone      *eval.Dataset     // with the people whom the rule leaves out; nil where it leaves out nobody
	ratedBefore   map[shownPair]int // how many people who do not count have rated a comparison
	answers       []answer
	edits         []editedAnswer
	bothOrders    bool // a rater rated a comparison in several orders of presentation
	armPairs      map[armPair]int32
	items         int // the number of different rated.item
	decisionsOnly bool
	randomSample  bool
	weeks         int
	throughWeek   int
	plannedTasks  int
	margin        float64
	saving        float64
	maxCostRatio  *float64
	seed          uint64
	tasks         indexer  // of tasks and clusters together, as the estimators want them
	names         []string // by number in tasks
	raterIndex    indexer
	// mutex guards what the use cases keep, which are estimated several at a time.
	mutex    sync.Mutex
	gathered map[useCase]*evidence
	last     map[useCase]lastLook
	lengths  []float64 // by item, made where first asked for
}

func newAnalyzer(data eval.Dataset, options Options) *analyzer {
	return gather(data, options).analyzer(data, options)
}

// gather takes the ratings of a dataset.
func gather(data eval.Dataset, options Options) *Ratings {
	g := &Ratings{ThroughWeek: options.ThroughWeek}
	g.Grow(len(data.Ratings))
	g.excluded = flaggedPairs(data)
	for i := range data.Ratings {
		r := &data.Ratings[i]
		switch {
		case !g.excluded[pairOf(r.TaskID, r.ArmA, r.ArmB)]:
			g.Add(r)
		case g.counts(r):
			g.flagged = append(g.flagged, *r)
		}
	}
	return g
}

func (g *Ratings) analyzer(data eval.Dataset, options Options) *analyzer {
	g.prepare()
	options.ThroughWeek = g.ThroughWeek
	a := &analyzer{
		data: data, decisionsOnly: options.DecisionsOnly, randomSample: options.RandomSample, weeks: cmp.Or(options.Weeks, defaultWeeks), plannedTasks: options.PlannedTasks,
		margin: defaultMargin, saving: defaultSaving, seed: 1,
		tasks: g.tasks, raterIndex: g.raters, armPairs: map[armPair]int32{}, gathered: map[useCase]*evidence{}, last: map[useCase]lastLook{},
		ratedBefore: options.ratedBefore,
	}
	if data.Locked != nil {
		protocol := data.Locked.Protocol
		a.weeks, a.plannedTasks = protocol.Weeks, protocol.Weeks*protocol.TasksPerWeek
		a.margin, a.saving = protocol.Margin, protocol.Saving
		a.maxCostRatio = protocol.MaxCostRatio
		if sum, err := hex.DecodeString(data.Locked.SHA256); err == nil && len(sum) >= 8 {
			a.seed = binary.BigEndian.Uint64(sum)
		}
	}
	a.excluded, a.flagged = g.excluded, g.flagged
	a.leaveOutFlagged()
	a.data.Ratings, a.data.Responses = nil, nil // a.ratings and a.answers are what counts
	a.take(g)
	a.answer(data.Responses, options.ThroughWeek)
	if !options.DecisionsOnly {
		a.edit(data.PostEdits, options.ThroughWeek)
	}
	if options.ThroughWeek > 0 {
		a.data.Assigned = slices.DeleteFunc(slices.Clone(data.Assigned), func(task eval.AssignedTask) bool { return task.Week > options.ThroughWeek })
		a.data.Guesses = slices.DeleteFunc(slices.Clone(a.data.Guesses), func(guess eval.Guess) bool { return guess.Week > options.ThroughWeek })
		a.data.Refused = slices.DeleteFunc(slices.Clone(data.Refused), func(cell eval.Cell) bool { return cell.Week > options.ThroughWeek })
		a.data.Steps = slices.DeleteFunc(slices.Clone(data.Steps), func(row eval.StepRow) bool { return row.Week > options.ThroughWeek })
		a.data.RaterChecks = slices.DeleteFunc(slices.Clone(data.RaterChecks), func(check eval.RaterCheckRating) bool { return check.Week > options.ThroughWeek })
	}
	for _, task := range a.data.Assigned { // so that all tasks and clusters have a number
		a.tasks.of(task.TaskID)
		a.cluster(task.TaskID, task.Cluster)
	}
	a.nameTasks()
	for i := range a.ratings {
		a.throughWeek = max(a.throughWeek, int(a.ratings[i].Week))
	}
	if a.throughWeek == 0 && data.Locked == nil { // no weeks: one look, at the end
		a.weeks = 1
		for i := range a.answers {
			a.answers[i].Week = 0
		}
	}
	return a
}

// useCases lists what is compared: the protocol's use cases in its order or,
// without one, every category and pair of arms that was rated.
func (a *analyzer) useCases() []useCase {
	var keys []useCase
	if a.data.Locked != nil {
		protocol := a.data.Locked.Protocol
		for _, planned := range protocol.UseCases {
			for _, candidate := range planned.Candidates {
				keys = append(keys, useCase{planned.Category, protocol.Control, candidate})
			}
		}
		return keys
	}
	seen := map[useCase]bool{}
	for _, rating := range a.ratings {
		key := useCase{rating.Category, rating.ArmA, rating.ArmB}
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	slices.SortStableFunc(keys, func(x, y useCase) int { return cmp.Compare(x.category, y.category) })
	return keys
}

// pairs lists each control and candidate once.
func (a *analyzer) pairs() []useCase {
	var pairs []useCase
	seen := map[useCase]bool{}
	for _, key := range a.useCases() {
		key.category = AllCategories
		if !seen[key] {
			seen[key] = true
			pairs = append(pairs, key)
		}
	}
	return pairs
}

// random gives the generator of one use case's resampling: the same protocol and
// use case always resample alike.
func (a *analyzer) random(key useCase) *rand.Rand {
	stream := uint64(14695981039346656037) // FNV-1a, to tell the use cases apart
	for _, b := range []byte(string(key.category) + "\x00" + key.control + "\x00" + key.candidate) {
		stream = (stream ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(a.seed, stream))
}

// An indexer numbers names in the order of their appearance.
type indexer map[string]int

func (x indexer) of(name string) int {
	index, ok := x[name]
	if !ok {
		index = len(x)
		x[name] = index
	}
	return index
}

// clusterPrefix tells the names of clusters from those of tasks.
const clusterPrefix = "\x00cluster\x00"

// ofCluster numbers the unit of sampling of a task: the named cluster, else the task.
func (x indexer) ofCluster(task int, cluster string) int {
	if cluster == "" {
		return task
	}
	return x.of(clusterPrefix + cluster)
}

// nameTasks finds the names of all tasks and clusters that have a number by now.
func (a *analyzer) nameTasks() {
	if len(a.names) == len(a.tasks) {
		return
	}
	a.names = make([]string, len(a.tasks))
	for name, number := range a.tasks {
		a.names[number] = name
	}
}

// interval gives an estimate of eval/stats the shape of a document.
func interval(from stats.Interval) *eval.Interval {
	return &eval.Interval{
		Estimate: from.Estimate, StandardError: from.StandardError,
		Low: from.Low, High: from.High, Level: eval.Level,
	}
}

func (a *analyzer) provenance() eval.Provenance {
	var p eval.Provenance
	for i := range a.answers {
		switch a.answers[i].Origin {
		case eval.Measured:
			p.ResponsesMeasured++
		case eval.Recorded:
			p.ResponsesRecorded++
		case eval.Simulated:
			p.ResponsesSimulated++
		}
	}
	for _, rating := range a.ratings {
		switch {
		case rating.Simulated:
			p.RatingsSimulated++
		case rating.Kind == eval.Human:
			p.RatingsByPeople++
		case rating.Kind == eval.Judge:
			p.RatingsByJudges++
		case rating.Kind == eval.Check:
			p.RatingsByChecks++
		}
	}
	return p
}
