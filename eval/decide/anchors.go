package decide

import (
	"cmp"
	"maps"
	"slices"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

const (
	againstFrozen = "frozen"
	againstPilot  = "pilot"
	checksAYear   = 12
)

// anchors are ratings that were given again beside those of the pilot.
type anchors struct {
	rounds  []string // in their order
	round   indexer  // of them, from 0
	pilot   map[anchorKey]*averaging
	again   map[anchorKey]*averaging
	kind    map[string]eval.RaterKind
	cluster map[string]string // by task
	tasks   indexer
	raters  indexer
}

// An anchorKey is a rater's word on a comparison, both orders averaged. Of the pilot it
// has neither round nor answers.
type anchorKey struct {
	useCase
	task, rater, round string
	answers            eval.Answers
}

// of is the key of other answers in the same round.
func (k anchorKey) of(answers eval.Answers) anchorKey { k.answers = answers; return k }

// before is the key of the pilot's rating.
func (k anchorKey) before() anchorKey { k.round, k.answers = "", ""; return k }

// gatherAnchors takes ratings whose arm a is the control, as they are stored.
func gatherAnchors(in CheckInput) *anchors {
	a := &anchors{
		round: indexer{}, pilot: map[anchorKey]*averaging{}, again: map[anchorKey]*averaging{},
		kind: map[string]eval.RaterKind{}, cluster: map[string]string{}, tasks: indexer{}, raters: indexer{},
	}
	add := func(to map[anchorKey]*averaging, key anchorKey, score float64) {
		if to[key] == nil {
			to[key] = &averaging{}
		}
		to[key].add(score)
	}
	seen := map[string]bool{}
	for _, r := range in.Anchors {
		key := anchorKey{useCase{r.Category, r.ArmA, r.ArmB}, r.TaskID, r.Rater, r.Round, r.Answers}
		add(a.again, key, r.Score)
		a.kind[r.Rater], a.cluster[r.TaskID], seen[r.Round] = r.Kind, r.Cluster, true
	}
	a.rounds = slices.Sorted(maps.Keys(seen))
	for _, round := range a.rounds {
		a.round.of(round)
	}
	for _, r := range in.Ratings {
		if _, anchored := a.cluster[r.TaskID]; !anchored {
			continue
		}
		add(a.pilot, anchorKey{useCase: useCase{r.Category, r.ArmA, r.ArmB}, task: r.TaskID, rater: r.Rater}, r.Score)
	}
	return a
}

// keys are those of the ratings given again, in a fixed order.
func (a *anchors) keys(keep func(anchorKey) bool) []anchorKey {
	var keys []anchorKey
	for key := range a.again {
		if keep(key) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(x, y anchorKey) int {
		return cmp.Or(cmp.Compare(x.round, y.round), cmp.Compare(x.task, y.task), cmp.Compare(x.rater, y.rater), cmp.Compare(x.candidate, y.candidate), cmp.Compare(x.answers, y.answers))
	})
	return keys
}

// changed is the change of a score since another one of the same rater; ok is false
// where there is none.
func (a *anchors) changed(key anchorKey, since *averaging) (stats.Rerated, bool) {
	if since == nil {
		return stats.Rerated{}, false
	}
	cluster := "task " + key.task
	if named := a.cluster[key.task]; named != "" {
		cluster = "cluster " + named
	}
	return stats.Rerated{Round: a.round.of(key.round) + 1, Observation: stats.Observation{
		Score: a.again[key].mean() - since.mean(), Task: a.tasks.of("task " + key.task), Cluster: a.tasks.of(cluster), Rater: a.raters.of(key.rater),
	}}, true
}

// routeDrift tests whether the candidate's lead has changed.
func (a *anchors) routeDrift(of useCase) (*eval.DriftResult, error) {
	fresh := a.keys(func(key anchorKey) bool { return key.useCase == of && key.answers == eval.FreshAnswers })
	var beside, since []stats.Rerated
	for _, key := range fresh {
		if change, ok := a.changed(key, a.again[key.of(eval.FrozenAnswers)]); ok {
			beside = append(beside, change)
		}
		if change, ok := a.changed(key, a.pilot[key.before()]); ok {
			since = append(since, change)
		}
	}
	if len(fresh) == 0 {
		return nil, &stats.MissingError{Why: "no anchor was answered and rated anew"}
	}
	result, err := a.drift(beside, againstFrozen)
	if why, failed := whyMissing(err); failed != nil || why == "" {
		return result, failed
	}
	return a.drift(since, againstPilot)
}

func (a *anchors) drift(rerated []stats.Rerated, against string) (*eval.DriftResult, error) {
	people := len(rerated) > 0
	names := make([]string, len(a.raters))
	for name, number := range a.raters {
		names[number] = name
	}
	for _, r := range rerated {
		people = people && a.kind[names[r.Rater]] == eval.Human
	}
	drift, err := stats.Drifts(rerated, stats.DriftDesign{Alpha: alpha, Looks: checksAYear, RatersSampled: people})
	if err != nil {
		return nil, err
	}
	change := interval(drift.Change)
	change.Level = drift.Level
	return &eval.DriftResult{
		Change: change, Since: a.rounds[drift.Since-1], Fallen: drift.Down, Risen: drift.Up,
		Tasks: drift.Tasks, Rounds: drift.Rounds, Against: against,
	}, nil
}

// checkRaters tests of each rater of frozen answers whether they are rated as in the
// pilot: two-sided at 5% a year, Holm-adjusted over the raters.
func (a *anchors) checkRaters() ([]eval.CheckedRater, error) {
	byRater := map[string][]stats.Rerated{}
	for _, key := range a.keys(func(key anchorKey) bool { return key.answers == eval.FrozenAnswers }) {
		changes := byRater[key.rater]
		if change, ok := a.changed(key, a.pilot[key.before()]); ok {
			changes = append(changes, change)
		}
		byRater[key.rater] = changes // who rated none of them in the pilot is told, too
	}
	raters := []eval.CheckedRater{}
	var p []float64
	var of []int
	for _, name := range slices.Sorted(maps.Keys(byRater)) {
		rater := eval.CheckedRater{Rater: name, Kind: a.kind[name], WhyMissing: map[string]string{}}
		drift, err := a.drift(byRater[name], againstPilot)
		why, failed := whyMissing(err)
		switch {
		case failed != nil:
			return nil, failed
		case len(byRater[name]) == 0:
			rater.WhyMissing["drift"] = "rated none of these comparisons in the pilot"
		case why != "":
			rater.WhyMissing["drift"] = why
		default:
			rater.Drift = drift
			p, of = append(p, min(1, 2*min(drift.Fallen, drift.Risen))), append(of, len(raters))
		}
		raters = append(raters, rater)
	}
	adjusted, err := stats.Holm(p)
	if err != nil {
		return nil, err
	}
	for k, i := range of {
		raters[i].Changed = adjusted[k] <= 2*alpha
	}
	return raters, nil
}
