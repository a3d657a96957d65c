package decide

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

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
	if data.Locked == nil && len(data.Ratings) == 0 {
		return eval.Analysis{}, ErrNoRatings
	}
	a := newAnalyzer(data, options)
	result := eval.Analysis{
		Schema: "modeltrial.analyze/1", Pilot: data.Pilot, Level: eval.Level,
		ThroughWeek: a.throughWeek, Weeks: a.weeks,
		Deviations: data.Deviations, Comparisons: []eval.ComparisonResult{}, Overall: []eval.ComparisonResult{},
		Raters: []eval.RaterResult{}, Judges: []eval.JudgeResult{}, Ranking: []eval.RankingResult{},
		Warnings: []string{},
	}
	if !options.DecisionsOnly {
		result.Provenance, result.Warnings = provenance(a.data), a.dataWarnings()
	}
	if data.Locked != nil {
		result.ProtocolSHA256 = data.Locked.SHA256
	}
	for _, key := range a.useCases() {
		comparison, err := a.compare(key)
		if err != nil {
			return result, fmt.Errorf("%s, %s against %s: %w", key.category, key.candidate, key.control, err)
		}
		result.Comparisons = append(result.Comparisons, comparison)
	}
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
	for _, pair := range a.pairs() {
		overall, err := a.compare(useCase{AllCategories, pair.control, pair.candidate})
		if err != nil {
			return result, fmt.Errorf("overall, %s against %s: %w", pair.candidate, pair.control, err)
		}
		for _, field := range []string{"p_value_adjusted", "non_inferiority_p_value_adjusted", "cost_p_value_adjusted"} {
			overall.WhyMissing[field] = "descriptive: no claim is made over all use cases"
		}
		overall.Decision = eval.NoDecision
		overall.Reason = "descriptive: decisions are made for each use case"
		result.Overall = append(result.Overall, overall)
	}
	result.Agreement = a.agreement(a.mainKind(a.data.Ratings))
	result.Raters, result.Judges, result.Ranking = a.raters(), a.judges(), a.ranking()
	if err := a.sensitivities(result.Comparisons, result.Raters, options); err != nil {
		return result, fmt.Errorf("sensitivity: %w", err)
	}
	return result, nil
}

// A useCase is what one comparison result is about.
type useCase struct {
	category           audit.Category
	control, candidate string
}

// analyzer holds the data of one analysis, oriented so that arm a is the control.
type analyzer struct {
	data          eval.Dataset
	decisionsOnly bool
	randomSample  bool
	weeks         int
	throughWeek   int
	plannedTasks  int
	margin        float64
	saving        float64
	maxCostRatio  *float64
	seed          uint64
	tasks         indexer // of tasks and clusters together, as the estimators want them
	raterIndex    indexer
	gathered      map[useCase]*evidence
	last          map[useCase]lastLook
	lengths       map[item]float64 // made where first asked for
}

func newAnalyzer(data eval.Dataset, options Options) *analyzer {
	a := &analyzer{
		data: data, decisionsOnly: options.DecisionsOnly, randomSample: options.RandomSample, weeks: cmp.Or(options.Weeks, defaultWeeks), plannedTasks: options.PlannedTasks,
		margin: defaultMargin, saving: defaultSaving, seed: 1,
		tasks: indexer{}, raterIndex: indexer{}, gathered: map[useCase]*evidence{}, last: map[useCase]lastLook{},
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
	a.data.Ratings = a.orient(latest(within(data.Ratings, options.ThroughWeek)))
	a.data.Responses = a.fill(responsesWithin(data.Responses, options.ThroughWeek))
	a.data.Assigned = slices.DeleteFunc(slices.Clone(data.Assigned), func(task eval.AssignedTask) bool {
		return options.ThroughWeek > 0 && task.Week > options.ThroughWeek
	})
	for _, rating := range a.data.Ratings {
		a.throughWeek = max(a.throughWeek, rating.Week)
	}
	if a.throughWeek == 0 && data.Locked == nil { // no weeks: one look, at the end
		a.weeks = 1
		for i := range a.data.Responses {
			a.data.Responses[i].Week = 0
		}
	}
	return a
}

// within keeps the ratings of the weeks up to one; 0 keeps all, as for the look of
// data that know no weeks.
func within(ratings []eval.Rating, week int) []eval.Rating {
	if week == 0 {
		return ratings
	}
	kept := make([]eval.Rating, 0, len(ratings))
	for _, rating := range ratings {
		if rating.Week <= week {
			kept = append(kept, rating)
		}
	}
	return kept
}

func responsesWithin(responses []eval.ResponseRow, week int) []eval.ResponseRow {
	if week == 0 {
		return slices.Clone(responses)
	}
	kept := make([]eval.ResponseRow, 0, len(responses))
	for _, response := range responses {
		if response.Week <= week {
			kept = append(kept, response)
		}
	}
	return kept
}

// latest keeps of several ratings by one rater of one comparison in one
// presentation order the last: a row given again is a correction, not new
// evidence, also where it names the arms the other way round. Where the order is
// not known, a row the other way round is taken for the other order.
func latest(ratings []eval.Rating) []eval.Rating {
	type shown struct {
		task, armA, armB, rater string
		first                   eval.Side
	}
	position := make(map[shown]int, len(ratings))
	kept := make([]eval.Rating, 0, len(ratings))
	for _, rating := range ratings {
		as := rating
		if as.First != eval.SideUnknown && as.ArmA > as.ArmB {
			as = as.Flipped()
		}
		key := shown{as.TaskID, as.ArmA, as.ArmB, as.Rater, as.First}
		if at, seen := position[key]; seen {
			kept[at] = rating
			continue
		}
		position[key] = len(kept)
		kept = append(kept, rating)
	}
	return kept
}

// orient turns every rating so that arm a is the protocol's control or, without
// a protocol, so that a pair of arms has one direction: that of its first rating.
func (a *analyzer) orient(ratings []eval.Rating) []eval.Rating {
	type pair struct{ armA, armB string }
	direction := map[pair]bool{}
	for i := range ratings {
		rating := &ratings[i]
		if rating.Category == "" {
			rating.Category = Uncategorised
		}
		if a.data.Locked != nil {
			if rating.ArmB == a.data.Locked.Protocol.Control {
				*rating = rating.Flipped()
			}
			continue
		}
		if direction[pair{rating.ArmB, rating.ArmA}] {
			*rating = rating.Flipped()
			continue
		}
		direction[pair{rating.ArmA, rating.ArmB}] = true
	}
	return ratings
}

// fill gives responses from a file that does not say the category, the cluster or
// the week those of the ratings of the same task.
func (a *analyzer) fill(responses []eval.ResponseRow) []eval.ResponseRow {
	known := map[string]eval.Rating{}
	for _, rating := range a.data.Ratings {
		if _, seen := known[rating.TaskID]; !seen {
			known[rating.TaskID] = rating
		}
	}
	for i := range responses {
		response, rating := &responses[i], known[responses[i].TaskID]
		response.Category = cmp.Or(response.Category, rating.Category, Uncategorised)
		response.Cluster = cmp.Or(response.Cluster, rating.Cluster)
		response.Week = cmp.Or(response.Week, rating.Week)
	}
	return responses
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
	for _, rating := range a.data.Ratings {
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

// interval gives an estimate of eval/stats the shape of a document.
func interval(from stats.Interval) *eval.Interval {
	return &eval.Interval{
		Estimate: from.Estimate, StandardError: from.StandardError,
		Low: from.Low, High: from.High, Level: eval.Level,
	}
}

func provenance(data eval.Dataset) eval.Provenance {
	var p eval.Provenance
	for _, response := range data.Responses {
		switch response.Origin {
		case eval.Measured:
			p.ResponsesMeasured++
		case eval.Recorded:
			p.ResponsesRecorded++
		case eval.Simulated:
			p.ResponsesSimulated++
		}
	}
	for _, rating := range data.Ratings {
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
