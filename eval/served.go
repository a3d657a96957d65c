package eval

import (
	"slices"
	"time"
)

// A ServedModel is a model that answered an arm in a week, by the name that the provider
// gave. A name such as gpt-5.5 may be served by another version from one day to the next.
type ServedModel struct {
	Arm         string
	Week        int
	Served      string
	Fingerprint string // of what served it, as the provider calls it; empty where it says none
	Answers     int
	First, Last time.Time // of them
}

// A Drift is an arm that was answered by more than one model: what is compared changed
// under its name. Fingerprints alone make none: they change with the machines that serve
// a model.
type Drift struct {
	Arm    string
	Models []ServedModel // in the order in which they first answered, one for each name, fingerprint and week
}

// FindDrift finds the arms that more than one model answered, by name.
func FindDrift(served []ServedModel) (drifts []Drift) {
	byArm := map[string][]ServedModel{}
	var arms []string
	for _, model := range served {
		if _, known := byArm[model.Arm]; !known {
			arms = append(arms, model.Arm)
		}
		byArm[model.Arm] = append(byArm[model.Arm], model)
	}
	slices.Sort(arms)
	for _, arm := range arms {
		models := byArm[arm]
		if !slices.ContainsFunc(models, func(m ServedModel) bool { return m.Served != models[0].Served }) {
			continue
		}
		slices.SortStableFunc(models, func(x, y ServedModel) int { return x.First.Compare(y.First) })
		drifts = append(drifts, Drift{arm, models})
	}
	return drifts
}
