package stats

// WithKnown returns the mean over all tasks where some tasks' scores are known without
// a rating, such as those that one arm did not answer, and the mean of the others was
// estimated from a part of them chosen at random: by people, or people and judges
// together. Known tasks count with their share of all tasks. Put beside the rated ones
// alone they would count as often as if the others had been fewer: with a third of the
// tasks rated, three times too much.
//
// With weights w over the known and the other tasks together, q the share of the known
// ones and θ̂ the mean of the others,
//
//	estimate = θ̂ + Σ w_t u_t,  u_t = score − θ̂ for a known task, 0 for another
//	V = (1−q)²·V(θ̂) + V(u)
//
// where V(u) is the variance by sampling cluster of [Mean]; degrees of freedom by
// Satterthwaite. Where all other tasks were rated once, by instruments, that is nearly
// the [Mean] of all of them. What known and rated tasks of one cluster have in common is
// not counted.
//
// known and others hold each task once, with its weight, task and cluster; others are
// all further tasks that were assigned, rated or not, and their scores are not used.
// Without a known task the mean is returned as it is. No other task gives a
// [*MissingError], numbers refused by [Mean] an error.
func WithKnown(rated WeightedMean, known, others []Observation) (WeightedMean, error) {
	if len(known) == 0 {
		return rated, nil
	}
	if len(others) == 0 {
		return WeightedMean{}, missing("no task beside those that an arm did not answer")
	}
	all := make([]Observation, 0, len(known)+len(others))
	knownWeight, otherWeight := 0.0, 0.0
	for _, o := range known {
		o.Score -= rated.Estimate
		all = append(all, o)
		knownWeight += o.Weight
	}
	for _, o := range others {
		o.Score = 0
		all = append(all, o)
		otherWeight += o.Weight
	}
	moved, err := Mean(all, false)
	if err != nil {
		return WeightedMean{}, err
	}
	other := otherWeight / (knownWeight + otherWeight)
	m := rated
	m.Estimate += moved.Estimate
	m.VarianceTask = other*other*rated.VarianceTask + moved.Variance
	m.VarianceRater, m.VarianceCell = other*other*rated.VarianceRater, other*other*rated.VarianceCell
	first := other * other * rated.Variance
	m.Variance = first + moved.Variance
	if m.Variance > 0 {
		share := first / m.Variance
		m.DF = max(1/(share*share/rated.DF+(1-share)*(1-share)/moved.DF), leastDF)
	}
	m.Tasks, m.Clusters, m.Observations = m.Tasks+len(known), m.Clusters+len(known), m.Observations+len(known)
	if !finite(m.Estimate, m.Variance, m.DF) {
		return WeightedMean{}, missing("the numbers are too large for a variance")
	}
	return m, nil
}
