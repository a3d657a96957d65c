package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// comparisonsOf are the comparisons of arms.csv; the arms are numbered in the order
// control, cand-a, cand-b, cand-c.
func comparisonsOf(t *testing.T) []Comparison {
	t.Helper()
	arms := map[string]int{"control": 0, "cand-a": 1, "cand-b": 2, "cand-c": 3}
	scores := map[string]float64{"a": 0, "tie": 0.5, "b": 1}
	table := columns(t, "arms.csv")
	tasks, raters := newNames(), newNames()
	comparisons := make([]Comparison, len(table["task_id"]))
	for i, name := range table["task_id"] {
		task := tasks.of(name)
		comparisons[i] = Comparison{
			A: arms[table["arm_a"][i]], B: arms[table["arm_b"][i]],
			Observation: Observation{Score: scores[table["preference"][i]], Weight: 1, Task: task, Cluster: task, Rater: raters.of(table["rater"][i])},
		}
	}
	return comparisons
}

// names numbers texts in order of appearance.
type names map[string]int

func newNames() names { return names{} }

func (n names) of(name string) int {
	if _, ok := n[name]; !ok {
		n[name] = len(n)
	}
	return n[name]
}

func testBradleyTerry(t *testing.T, c referenceCase) {
	var want struct {
		LogOdds    []float64   `json:"log_odds"`
		SE         []float64   `json:"se_task_clustered"`
		Covariance [][]float64 `json:"cov_task_clustered"`
		HC0        []float64   `json:"se_hc0"`
		Sklearn    []float64   `json:"sklearn"`
		Wins       []float64   `json:"win_probability_vs_control"`
		Clusters   int         `json:"clusters"`
	}
	c.decode(t, nil, &want)
	comparisons := comparisonsOf(t)
	got, err := BradleyTerry(4, comparisons, false, ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	observations := make([]Observation, len(comparisons))
	alone := make([]Comparison, len(comparisons))
	for i, comparison := range comparisons {
		observations[i] = comparison.Observation
		alone[i] = comparison
		alone[i].Cluster = i // HC0: each comparison its own cluster
	}
	mean, err := Mean(observations, false)
	if err != nil {
		t.Fatal(err)
	}
	if mean.Clusters != want.Clusters {
		t.Errorf("got %d clusters, want %d", mean.Clusters, want.Clusters)
	}
	cells, err := BradleyTerry(4, alone, false, ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	// statsmodels multiplies by G/(G−1)·(n−1)/(n−k), and HC0 by nothing.
	n := float64(len(comparisons))
	factor := library(1, mean.EffectiveClusters, mean.Clusters) * (n - 1) / (n - 3)
	for i := range want.LogOdds {
		arm := got.Arms[i+1]
		c.near(t, "log-odds", arm.LogOdds.Estimate, want.LogOdds[i])
		if math.Abs(arm.LogOdds.Estimate-want.Sklearn[i]) > 1e-4 {
			t.Errorf("log-odds %v differ from scikit-learn's %v", arm.LogOdds.Estimate, want.Sklearn[i])
		}
		c.near(t, "win probability", arm.WinProbability.Estimate, want.Wins[i])
		c.near(t, "standard error", arm.LogOdds.StandardError*math.Sqrt(factor), want.SE[i])
		c.near(t, "HC0 standard error", cells.Arms[i+1].LogOdds.StandardError*math.Sqrt(1-1/n), want.HC0[i])
		for j := range want.LogOdds {
			c.near(t, "covariance", got.Covariance[i][j]*factor, want.Covariance[i][j])
		}
	}
}

func testWilcoxonSign(t *testing.T, c referenceCase) {
	var want struct {
		W, P      float64
		Positives int
		Nonzero   int
		SignP     float64 `json:"sign_p"`
	}
	c.decode(t, nil, &want)
	var differences []float64
	for _, pair := range pairsOf(t, "grade") {
		differences = append(differences, pair.Candidate-pair.Control)
	}
	rank, err := Wilcoxon(differences)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "W", rank.W, want.W)
	c.near(t, "p", rank.P, want.P)
	sign, err := SignTest(differences)
	if err != nil {
		t.Fatal(err)
	}
	if sign.Positive != want.Positives || sign.Nonzero != want.Nonzero || rank.Nonzero != want.Nonzero {
		t.Errorf("got %+v and %+v, want %d positive of %d", sign, rank, want.Positives, want.Nonzero)
	}
	c.near(t, "sign p", sign.P, want.SignP)
}

func testMcNemar(t *testing.T, c referenceCase) {
	var want struct {
		Table [2][2]int
		Exact float64 `json:"p_exact"`
		Chi2  float64 `json:"p_chi2"`
	}
	c.decode(t, nil, &want)
	got, err := PairedAccuracy(pairsOf(t, "correct"), ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	if table := [2][2]int{{got.NeitherPass, got.OnlyCandidate}, {got.OnlyControl, got.BothPass}}; table != want.Table {
		t.Errorf("got the table %v, want %v", table, want.Table)
	}
	c.near(t, "exact p", got.McNemar.Exact, want.Exact)
	c.near(t, "chi-square p", got.McNemar.ChiSquare, want.Chi2)
	// By hand: the exact p less the probability of 5 of 16, 4368/2¹⁶.
	c.near(t, "mid p", got.McNemar.MidP, want.Exact-4368.0/65536)
	c.near(t, "difference", got.Difference.Estimate, 6.0/60)
}

func testNonInferiority(t *testing.T, c referenceCase) {
	var want struct {
		P     float64    `json:"tost_p"`
		Lower [2]float64 `json:"tost_lower"`
		Upper [2]float64 `json:"tost_upper"`
		NI    float64    `json:"ni_p"`
	}
	c.decode(t, nil, &want)
	mean, err := Mean(gradeDifferences(t, false), false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := mean.Equivalence(-0.3, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "p", got.P, want.P)
	c.near(t, "lower t", got.Lower.Statistic, want.Lower[0])
	c.near(t, "lower p", got.Lower.P, want.Lower[1])
	c.near(t, "upper t", -got.Upper.Statistic, want.Upper[0]) // ours speaks against mean ≥ 0.3 where large
	c.near(t, "upper p", got.Upper.P, want.Upper[1])
	test, err := mean.TTest(-0.3)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "non-inferiority p", test.P, want.NI)
}

func testCostBootstrap(t *testing.T, c referenceCase) {
	var want struct {
		CI [2]float64 `json:"ci_percentile"`
	}
	c.decode(t, nil, &want)
	pairs := pairsOf(t, "cost_usd")
	got, err := BootstrapRatio(pairs, 9999, 0.95, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "low", got.Low, want.CI[0])
	c.near(t, "high", got.High, want.CI[1])
	ratio, err := Ratio(pairs)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Estimate-ratio.Ratio) > 1e-12 {
		t.Errorf("estimate: got %v, want %v", got.Estimate, ratio.Ratio)
	}
}

func testVarianceComponents(t *testing.T, c referenceCase) {
	var want struct {
		Task, Rater float64
		Residual    float64
	}
	c.decode(t, nil, &want)
	got, err := VarianceComponents(evenly(ratingsOf(t, c.ID, "human")))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "task", got.Task, want.Task)
	c.near(t, "rater", got.Rater, want.Rater)
	c.near(t, "residual", got.Residual, want.Residual)
}
