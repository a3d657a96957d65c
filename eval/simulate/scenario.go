package simulate

import (
	"errors"
	"fmt"
	"math"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// A Scenario is a truth under which pilots are drawn. Scores of one task and of one
// rater are correlated through normal variables behind the verdict (a probit model
// with crossed random effects), scaled so that the win rate is exact and the
// covariances of scores are those asked for at a win rate of one half.
type Scenario struct {
	Name  string
	Curve bool // one of several that differ in the win rate only
	// Truths are those of the protocol's use cases, category by category and
	// candidate by candidate.
	Truths []eval.Truth
	Ties   float64 // share of ties, 0 to under 1
	// Raters is how many people rate. With fewer than five the claims hold for
	// these people only, so that their tastes are a part of the truth and none are drawn.
	Raters  int
	RaterSD float64 // standard deviation of the raters' own win rates
	ICC     float64 // correlation of two raters' scores of one task
	Uneven  bool    // loads fall as 1, 1/2, 1/3 … of the first rater's
	// ClusterSize tasks at a time belong together, 1 where none do; ClusterICC is the
	// correlation of two such tasks' mean scores.
	ClusterSize int
	ClusterICC  float64
	// CostSpread is the coefficient of variation of a task's cost, that of latency too.
	CostSpread float64
	Judge      *Judge // nil for people only
	JudgesOnly bool
}

// A Judge is a simulated judge model, which rates every task in both orders while
// people rate a random third of them.
type Judge struct {
	Bias        float64 // in win-rate points towards the candidate
	Correlation float64 // of its verdict behind the scores with what the task's raters share, 0 to 1
	// Measured says that an earlier pilot was drawn of the same truth, in which two people
	// rated each task of a random third, and that the judge may decide as it did there.
	Measured bool
}

// Standard fills in what a scenario does not say: 6 people, 20 % ties, 0.06 and 0.15
// as in planning (design, section 9), costs that vary by 80 %.
func Standard(name string, truths ...eval.Truth) Scenario {
	return Scenario{Name: name, Truths: truths, Ties: 0.2, Raters: 6, RaterSD: 0.06, ICC: 0.15, ClusterSize: 1, CostSpread: 0.8}
}

// check says what of a scenario is impossible under a protocol.
func (s Scenario) check(protocol eval.Protocol) error {
	useCases := 0
	for _, useCase := range protocol.UseCases {
		useCases += len(useCase.Candidates)
	}
	switch {
	case protocol.Weeks < 1 || protocol.TasksPerWeek < 1:
		return errors.New("simulate: the protocol has no weeks or no tasks")
	case len(s.Truths) != useCases || useCases == 0:
		return fmt.Errorf("simulate: scenario %q has %d truths for %d use cases", s.Name, len(s.Truths), useCases)
	case s.Raters < 1 || s.ClusterSize < 1 || s.Raters < protocol.RatingsPerComparison:
		return fmt.Errorf("simulate: scenario %q needs a cluster size of 1 or more and at least as many raters as a comparison gets ratings", s.Name)
	case s.Judge != nil && s.Judge.Measured && s.Raters < earlierRatings:
		return fmt.Errorf("simulate: scenario %q needs two raters to measure a judge", s.Name)
	case !(s.Ties >= 0 && s.Ties < 1) || !(s.RaterSD >= 0) || !(s.ICC >= 0 && s.ICC <= 1) || !(s.ClusterICC >= 0 && s.ClusterICC <= 1) || !(s.CostSpread >= 0):
		return fmt.Errorf("simulate: scenario %q: shares and correlations lie between 0 and 1, spreads are not negative", s.Name)
	}
	for _, truth := range s.Truths {
		if decided := s.winShare(truth); !(decided > 0 && decided < 1) {
			return fmt.Errorf("simulate: with %.0f%% ties a win rate must lie between %.2f and %.2f, not be %v", 100*s.Ties, s.Ties/2, 1-s.Ties/2, truth.WinRate)
		}
		if !(truth.CostRatio > 0) {
			return fmt.Errorf("simulate: the cost ratio is %v; choose more than 0", truth.CostRatio)
		}
	}
	return nil
}

// winShare is the candidate's share of the verdicts that are no ties.
func (s Scenario) winShare(truth eval.Truth) float64 {
	return 0.5 + (truth.WinRate-0.5)/(1-s.Ties)
}

// correlations are those of the normal variables behind two scores of the same
// cluster, of the same task, and of the same rater.
type correlations struct{ cluster, task, rater float64 }

// behind turns covariances of scores into correlations of the normal variables
// behind them. At a win rate of one half two indicators with correlation r behind
// them have covariance asin(r)/2π (Sheppard 1899); ties thin both out.
func (s Scenario) behind(ratings int) correlations {
	decided := 1 - s.Ties
	score := decided / 4
	r := func(covariance float64) float64 {
		return math.Sin(min(2*math.Pi*covariance/(decided*decided), math.Pi/2))
	}
	var c correlations
	if s.ClusterSize > 1 {
		c.cluster = r(s.ClusterICC * score * (s.ICC + (1-s.ICC)/float64(max(1, ratings))))
	}
	c.task = max(0, r(s.ICC*score)-c.cluster)
	if s.Raters >= stats.MinRaters {
		c.rater = r(s.RaterSD * s.RaterSD)
	}
	if total := c.cluster + c.task + c.rater; total > 1 { // leave nothing to chance, and no more
		c.cluster, c.task, c.rater = c.cluster/total, c.task/total, c.rater/total
	}
	return c
}
