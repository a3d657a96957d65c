package stats

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
)

// The values in testdata/expected.json come from scipy 1.10.1, statsmodels 0.13.5,
// scikit-learn 1.2.1, R 4.2.2, fast-krippendorff and GrowthBook's gbstats; each
// case names the call that made them. All inputs are random numbers.
type referenceCase struct {
	ID        string          `json:"id"`
	Input     json.RawMessage `json:"input"`
	Call      string          `json:"call"`
	Expected  json.RawMessage `json:"expected"`
	Tolerance float64         `json:"tolerance"`
}

var references = map[string]func(*testing.T, referenceCase){
	"win_rate_coding_human":          testWinRateOfPeople,
	"win_rate_math_human":            testWinRateOfPeople,
	"win_rate_creative_human":        testWinRateOfPeople,
	"win_rate_coding_judge":          testWinRateOfJudge,
	"win_rate_math_judge":            testWinRateOfJudge,
	"win_rate_creative_judge":        testWinRateOfJudge,
	"position_coding_human":          testPosition,
	"position_math_human":            testPosition,
	"position_creative_human":        testPosition,
	"krippendorff_coding":            testKrippendorff,
	"krippendorff_math":              testKrippendorff,
	"krippendorff_creative":          testKrippendorff,
	"ppi_creative":                   testCombined,
	"length_controlled":              testLengthControlled,
	"variance_components_coding":     testVarianceComponents,
	"variance_components_math":       testVarianceComponents,
	"variance_components_creative":   testVarianceComponents,
	"wilcoxon_sign_grade":            testWilcoxonSign,
	"mcnemar_correct":                testMcNemar,
	"noninferiority_grade":           testNonInferiority,
	"cost_ratio_bootstrap":           testCostBootstrap,
	"bradley_terry":                  testBradleyTerry,
	"kappa_panel":                    testKappa,
	"paired_t_grade":                 testPairedT,
	"clustered_grade":                testClustered,
	"fieller_cost_ratio":             testFieller,
	"latency_ratio":                  testLatency,
	"latency_quantile_ratios":        testQuantiles,
	"wilson":                         testWilson,
	"multiplicity":                   testMultiplicity,
	"power":                          testPower,
	"lan_demets_obf":                 testBoundaries,
	"asymptotic_confidence_sequence": testSequence,
	"repeated_p_value":               testRepeatedP,
}

func TestReferenceValues(t *testing.T) {
	text, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Cases []referenceCase `json:"cases"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for _, c := range document.Cases {
		t.Run(c.ID, func(t *testing.T) {
			if test, ok := references[c.ID]; ok {
				test(t, c)
				return
			}
			t.Errorf("case %s has no test", c.ID)
		})
	}
}

func (c referenceCase) decode(t *testing.T, input, expected any) {
	t.Helper()
	if input != nil {
		if err := json.Unmarshal(c.Input, input); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(c.Expected, expected); err != nil {
		t.Fatal(err)
	}
}

func (c referenceCase) near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !scalar.EqualWithinAbs(got, want, c.Tolerance) {
		t.Errorf("%s: got %.12g, want %.12g (%s)", what, got, want, c.Call)
	}
}

// columns reads a table of testdata by column.
func columns(t *testing.T, name string) map[string][]string {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	table := map[string][]string{}
	for i, column := range rows[0] {
		for _, row := range rows[1:] {
			table[column] = append(table[column], row[i])
		}
	}
	return table
}

func numbers(t *testing.T, texts []string) []float64 {
	t.Helper()
	values := make([]float64, len(texts))
	for i, text := range texts {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		values[i] = value
	}
	return values
}

// pairsOf are the paired measures of paired.csv, each task its own cluster.
func pairsOf(t *testing.T, measure string) []Pair {
	t.Helper()
	table := columns(t, "paired.csv")
	control, candidate := numbers(t, table["control_"+measure]), numbers(t, table["candidate_"+measure])
	pairs := make([]Pair, len(control))
	for i := range pairs {
		pairs[i] = Pair{Control: control[i], Candidate: candidate[i], Weight: 1, Task: i, Cluster: i}
	}
	return pairs
}

func gradeDifferences(t *testing.T, clustered bool) []Observation {
	t.Helper()
	clusters := map[string]int{}
	names := columns(t, "paired.csv")["cluster"]
	pairs := pairsOf(t, "grade")
	observations := make([]Observation, len(pairs))
	for i, pair := range pairs {
		observations[i] = Observation{Score: pair.Candidate - pair.Control, Weight: 1, Task: i, Cluster: i}
		if clustered {
			if _, ok := clusters[names[i]]; !ok {
				clusters[names[i]] = len(clusters)
			}
			observations[i].Cluster = clusters[names[i]]
		}
	}
	return observations
}

func testKappa(t *testing.T, c referenceCase) {
	var want struct {
		Fleiss    float64 `json:"fleiss"`
		Cohen     float64 `json:"cohen_r1_r2"`
		Linear    float64 `json:"cohen_linear_r1_r2"`
		Quadratic float64 `json:"cohen_quadratic_r1_r2"`
		Nominal   float64 `json:"alpha_nominal"`
		Ordinal   float64 `json:"alpha_ordinal"`
		Raw       float64 `json:"raw_agreement_r1_r2"`
	}
	c.decode(t, nil, &want)
	index := map[string]int{"a": 0, "tie": 1, "b": 2}
	panel := columns(t, "panel.csv")
	counts := make([][]int, len(panel["r1"]))
	for i := range counts {
		counts[i] = make([]int, len(index))
		for _, rater := range []string{"r1", "r2", "r3", "r4"} {
			counts[i][index[panel[rater][i]]]++
		}
	}
	table := [][]int{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}
	for i, verdict := range panel["r1"] {
		table[index[verdict]][index[panel["r2"][i]]]++
	}
	kappa, err := CohenKappa(table)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "kappa", kappa.Kappa, want.Cohen)
	c.near(t, "raw agreement", kappa.Agreement, want.Raw)
	for weights, value := range map[KappaWeights]float64{Unweighted: want.Cohen, Linear: want.Linear, Quadratic: want.Quadratic} {
		weighted, err := WeightedKappa(table, weights)
		if err != nil {
			t.Fatal(err)
		}
		c.near(t, "weighted kappa", weighted.Kappa, value)
	}
	fleiss, err := FleissKappa(counts)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "Fleiss' kappa", fleiss, want.Fleiss)
	for metric, alpha := range map[Metric]float64{Nominal: want.Nominal, Ordinal: want.Ordinal} {
		got, err := Alpha(counts, metric)
		if err != nil {
			t.Fatal(err)
		}
		c.near(t, "alpha", got, alpha)
	}
}

func testPairedT(t *testing.T, c referenceCase) {
	var want struct {
		Mean, SE, T, P float64
		CI             [2]float64
	}
	c.decode(t, nil, &want)
	mean, err := Mean(gradeDifferences(t, false), false)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "mean", mean.Estimate, want.Mean)
	c.near(t, "standard error", mean.StandardError(), want.SE)
	interval, err := mean.TInterval(ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "low", interval.Low, want.CI[0])
	c.near(t, "high", interval.High, want.CI[1])
	p, err := mean.TwoSidedP(0)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "p", p, want.P)
	test, err := mean.TTest(0)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "t", test.Statistic, want.T)
}

func testClustered(t *testing.T, c referenceCase) {
	var want struct {
		Clusters  float64    `json:"clusters"`
		Effective float64    `json:"effective_clusters"`
		SE        float64    `json:"spec_se"`
		CI        [2]float64 `json:"spec_ci"`
		CR1       float64    `json:"se_cr1"`
		CR2       float64    `json:"cr2_se"`
		CR2DF     float64    `json:"cr2_df"`
	}
	c.decode(t, nil, &want)
	mean, err := Mean(gradeDifferences(t, true), false)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "clusters", float64(mean.Clusters), want.Clusters)
	c.near(t, "effective clusters", mean.EffectiveClusters, want.Effective)
	c.near(t, "CR1", math.Sqrt(library(mean.Variance, mean.EffectiveClusters, mean.Clusters)), want.CR1)
	if !scalar.EqualWithinRel(mean.StandardError(), want.CR2, 0.03) || !scalar.EqualWithinAbs(mean.DF, want.CR2DF, 0.1) {
		t.Errorf("standard error %v with df %v, want the neighbours %v and %v", mean.StandardError(), mean.DF, want.CR2, want.CR2DF)
	}
	c.near(t, "standard error", mean.StandardError(), want.SE)
	interval, err := mean.TInterval(ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "low", interval.Low, want.CI[0])
	c.near(t, "high", interval.High, want.CI[1])
}

func testFieller(t *testing.T, c referenceCase) {
	var want struct {
		Ratio float64
		CI    [2]float64
		P     float64 `json:"p_ratio_below_0.9"`
	}
	c.decode(t, nil, &want)
	pairs := pairsOf(t, "cost_usd")
	ratio, err := Ratio(pairs)
	if err != nil {
		t.Fatal(err)
	}
	interval, err := ratio.FiellerInterval(ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "ratio", interval.Estimate, want.Ratio)
	c.near(t, "low", interval.Low, want.CI[0])
	c.near(t, "high", interval.High, want.CI[1])
	test, err := RatioTest(pairs, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "p", test.P, want.P)
}

func testLatency(t *testing.T, c referenceCase) {
	var want struct {
		Ratio float64    `json:"geometric_mean_ratio"`
		SE    float64    `json:"log_se"`
		CI    [2]float64 `json:"ci"`
		HL    float64    `json:"hodges_lehmann"`
		HLCI  [2]float64 `json:"hl_ci"`
		P     float64    `json:"wilcoxon_p"`
	}
	c.decode(t, nil, &want)
	pairs := pairsOf(t, "latency_ms")
	interval, err := GeometricMeanRatio(pairs, ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "ratio", interval.Estimate, want.Ratio)
	c.near(t, "log standard error", interval.StandardError, want.SE)
	c.near(t, "low", interval.Low, want.CI[0])
	c.near(t, "high", interval.High, want.CI[1])
	hl, err := HodgesLehmannRatio(pairs)
	if err != nil {
		t.Fatal(err)
	}
	if !scalar.EqualWithinAbs(hl, want.HL, 1e-4) { // R searches its root to 1e-4
		t.Errorf("Hodges-Lehmann: got %v, want %v", hl, want.HL)
	}
	logs, err := logRatios(pairs)
	if err != nil {
		t.Fatal(err)
	}
	rank, err := Wilcoxon(logs)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "Wilcoxon p", rank.P, want.P)
	// R's limits of Hodges and Lehmann are those that the test just rejects no more.
	for _, limit := range want.HLCI {
		shifted := make([]float64, len(logs))
		for i, v := range logs {
			shifted[i] = v - math.Log(limit)
		}
		at, err := Wilcoxon(shifted)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(at.P-0.05) > 1e-3 {
			t.Errorf("p-value at R's limit %v: got %v, want 0.05 but for a rank", limit, at.P)
		}
	}
}

func testQuantiles(t *testing.T, c referenceCase) {
	var want struct {
		Median   float64    `json:"median_ratio"`
		MedianCI [2]float64 `json:"median_ci_percentile"`
		P95      float64    `json:"p95_ratio"`
		P95CI    [2]float64 `json:"p95_ci_percentile"`
	}
	c.decode(t, nil, &want)
	random := rand.New(rand.NewPCG(1, 2))
	median, err := QuantileRatio(pairsOf(t, "latency_ms"), 0.5, 2000, 0.95, random)
	if err != nil {
		t.Fatal(err)
	}
	p95, err := QuantileRatio(pairsOf(t, "latency_ms"), 0.95, 2000, 0.95, random)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(median.Estimate-want.Median) > 1e-12 || math.Abs(p95.Estimate-want.P95) > 1e-12 {
		t.Errorf("got %v and %v, want %v and %v", median.Estimate, p95.Estimate, want.Median, want.P95)
	}
	c.near(t, "median low", median.Low, want.MedianCI[0])
	c.near(t, "median high", median.High, want.MedianCI[1])
	c.near(t, "95th percentile low", p95.Low, want.P95CI[0])
	c.near(t, "95th percentile high", p95.High, want.P95CI[1])
}

func testWilson(t *testing.T, c referenceCase) {
	var input struct {
		Counts [][2]float64 `json:"count_nobs"`
	}
	var want struct {
		Wilson [][2]float64
		Exact  [][2]float64 `json:"clopper_pearson"`
	}
	c.decode(t, &input, &want)
	for i, counts := range input.Counts {
		low, high := WilsonInterval(counts[0]/counts[1], counts[1], ZForLevel(0.95))
		c.near(t, "low", low, want.Wilson[i][0])
		c.near(t, "high", high, want.Wilson[i][1])
		low, high, err := ClopperPearson(int(counts[0]), int(counts[1]), 0.95)
		if err != nil {
			t.Fatal(err)
		}
		c.near(t, "exact low", low, want.Exact[i][0])
		c.near(t, "exact high", high, want.Exact[i][1])
	}
}

func testMultiplicity(t *testing.T, c referenceCase) {
	var input struct {
		Superiority    []float64 `json:"p_superiority"`
		NonInferiority []float64 `json:"p_noninferiority"`
	}
	var want struct {
		Holm       []float64 `json:"holm"`
		Closed     []float64 `json:"holm_closed_noninferiority"`
		BH         []float64 `json:"bh"`
		BY         []float64 `json:"by"`
		Bonferroni []float64 `json:"bonferroni"`
	}
	c.decode(t, &input, &want)
	holm, err := Holm(input.Superiority)
	if err != nil {
		t.Fatal(err)
	}
	closed, err := HolmNonInferiority(input.Superiority, input.NonInferiority)
	if err != nil {
		t.Fatal(err)
	}
	harmonic := 0.0
	for k := range input.Superiority {
		harmonic += 1 / float64(k+1)
	}
	for i := range holm {
		c.near(t, "Holm", holm[i], want.Holm[i])
		c.near(t, "closed", closed[i], want.Closed[i])
		// With the e-values 1/p, which hold where p-values are independent, e-BH is the
		// procedure of Benjamini and Hochberg, and with 1/(p·Σ1/k) that of Benjamini and
		// Yekutieli: each rejects from its adjusted p-value on.
		for adjusted, factor := range map[float64]float64{want.BH[i]: 1, want.BY[i]: harmonic} {
			for shift, rejects := range map[float64]bool{-c.Tolerance: false, c.Tolerance: true} {
				if got := eBHOfP(t, input.Superiority, factor, adjusted+shift)[i]; got != rejects {
					t.Errorf("hypothesis %d at %v: rejected %v, want %v", i, adjusted+shift, got, rejects)
				}
			}
		}
		// Bonferroni is Holm's first step: the other hypotheses at 1.
		alone := make([]float64, len(holm))
		for k := range alone {
			alone[k] = 1
		}
		alone[i] = input.Superiority[i]
		first, err := Holm(alone)
		if err != nil {
			t.Fatal(err)
		}
		c.near(t, "Bonferroni", first[i], want.Bonferroni[i])
	}
}

func eBHOfP(t *testing.T, p []float64, factor, alpha float64) []bool {
	t.Helper()
	e := make([]float64, len(p))
	for i, v := range p {
		e[i] = 1 / (v * factor)
	}
	rejected, err := EBH(e, alpha)
	if err != nil {
		t.Fatal(err)
	}
	return rejected
}

// testPower compares with the paired t test's sample size: score SD 1 and effect d
// are a plan with one rating of each task, no ties and no rater effect, whose score
// variance is scaled to d.
func testPower(t *testing.T, c referenceCase) {
	var input struct {
		Effects     [][2]float64 `json:"paired_effect_power"`
		Proportions [][3]float64 `json:"one_proportion"`
	}
	var want struct {
		N          []float64 `json:"n_paired_t"`
		Normal     []float64 `json:"n_normal"`
		Proportion []float64 `json:"n_one_proportion"`
	}
	c.decode(t, &input, &want)
	for i, effect := range input.Effects {
		// σ² = 1/4 − δ², so that δ/σ = d gives δ = d/(2√(1+d²)).
		delta := effect[0] / (2 * math.Sqrt(1+effect[0]*effect[0]))
		plan := Plan{
			WinRate: 0.5 + delta, Null: 0.5, Alpha: 0.025, UseCases: 1, Power: effect[1],
			RatingsPerTask: 1, ClusterSize: 1, SequentialFactor: 1,
		}
		solved, err := plan.Solve()
		if err != nil {
			t.Fatal(err)
		}
		if solved.Tasks != int(math.Ceil(want.N[i])) {
			t.Errorf("d = %v: got %d tasks, want %v rounded up", effect[0], solved.Tasks, want.N[i])
		}
		low, high := float64(MinTasks), 10_000.0
		for range 60 {
			if middle := (low + high) / 2; plan.PowerAt(middle) < effect[1] {
				low = middle
			} else {
				high = middle
			}
		}
		c.near(t, "tasks", low, want.N[i])
		normal, err := NormalSampleSize(effect[0], 0.025, effect[1])
		if err != nil {
			t.Fatal(err)
		}
		c.near(t, "normal sample size", normal, want.Normal[i])
	}
	for i, p := range input.Proportions {
		// Cohen's effect of two proportions, whose variance does not depend on them.
		h := 2*math.Asin(math.Sqrt(p[0])) - 2*math.Asin(math.Sqrt(p[1]))
		n, err := NormalSampleSize(h, 0.025, p[2])
		if err != nil {
			t.Fatal(err)
		}
		c.near(t, "sample size of a proportion", n, want.Proportion[i])
	}
}

func testBoundaries(t *testing.T, c referenceCase) {
	var input struct {
		Fractions [][]float64 `json:"information_fractions"`
		Alpha     []float64   `json:"one_sided_alpha"`
	}
	var want struct{ Z [][][]float64 }
	c.decode(t, &input, &want)
	for i, fractions := range input.Fractions {
		for j, alpha := range input.Alpha {
			boundaries, err := Boundaries(fractions, alpha)
			if err != nil {
				t.Fatal(err)
			}
			for k, boundary := range boundaries {
				c.near(t, "boundary", boundary, want.Z[i][j][k])
			}
		}
	}
}

func testSequence(t *testing.T, c referenceCase) {
	var input struct {
		N       []float64 `json:"n"`
		Planned float64   `json:"n_planned"`
		Alpha   float64   `json:"one_sided_alpha"`
	}
	var want struct {
		Rho        float64   `json:"rho"`
		Multiplier []float64 `json:"multiplier"`
	}
	c.decode(t, &input, &want)
	c.near(t, "rho", MixtureRho(input.Alpha, input.Planned), want.Rho)
	for i, n := range input.N {
		c.near(t, "multiplier", SequenceMultiplier(n, input.Planned, input.Alpha), want.Multiplier[i])
		// The p-value at the multiplier is the error rate itself.
		c.near(t, "p-value", SequenceP(want.Multiplier[i], n, input.Planned, input.Alpha), input.Alpha)
	}
}

func testRepeatedP(t *testing.T, c referenceCase) {
	var input struct {
		Z         []float64 `json:"z"`
		Fractions []float64 `json:"information_fractions"`
	}
	var want struct{ P []float64 }
	c.decode(t, &input, &want)
	for k := range input.Z {
		p, err := RepeatedP(input.Fractions[:k+1], input.Z[k])
		if err != nil {
			t.Fatal(err)
		}
		if !scalar.EqualWithinRel(p, want.P[k], c.Tolerance) {
			t.Errorf("look %d: got %v, want %v", k+1, p, want.P[k])
		}
	}
}
