package stats

import (
	"math"
	"strings"
	"testing"
)

// A row of ratings.csv, with the candidate's score.
type ratingRow struct {
	task, rater    int
	score          float64
	candidateFirst bool
}

// ratingsOf are the rows of a case such as win_rate_math_judge: the category and the
// kind are parts of its id.
func ratingsOf(t *testing.T, id, kind string) []ratingRow {
	t.Helper()
	category := ""
	for _, name := range []string{"coding", "math", "creative"} {
		if strings.Contains(id, name) {
			category = name
		}
	}
	table := columns(t, "ratings.csv")
	tasks, raters := map[string]int{}, map[string]int{}
	number := func(index map[string]int, name string) int {
		if _, ok := index[name]; !ok {
			index[name] = len(index)
		}
		return index[name]
	}
	scores := map[string]float64{"a": 0, "tie": 0.5, "b": 1}
	var rows []ratingRow
	for i, name := range table["category"] {
		if name != category {
			continue
		}
		task := number(tasks, table["task_id"][i]) // the same number for every kind
		if table["kind"][i] != kind {
			continue
		}
		score, ok := scores[table["preference"][i]]
		if !ok {
			t.Fatalf("row %d has the preference %q", i, table["preference"][i])
		}
		rows = append(rows, ratingRow{task, number(raters, table["rater"][i]), score, table["first"][i] == "b"})
	}
	if len(rows) == 0 {
		t.Fatalf("no %s ratings of %q", kind, category)
	}
	return rows
}

// taskWeighted gives each task of the rows the same weight.
func taskWeighted(rows []ratingRow) []Observation {
	tasks := make([]int, len(rows))
	for i, row := range rows {
		tasks[i] = row.task
	}
	observations := make([]Observation, len(rows))
	for i, weight := range TaskWeights(tasks) {
		observations[i] = Observation{Score: rows[i].score, Weight: weight, Task: rows[i].task, Cluster: rows[i].task, Rater: rows[i].rater}
	}
	return observations
}

// evenly gives each row the same weight.
func evenly(rows []ratingRow) []Observation {
	observations := taskWeighted(rows)
	for i := range observations {
		observations[i].Weight = 1
	}
	return observations
}

// judgeScores are the means of both orders of each task.
func judgeScores(rows []ratingRow) []JudgeScore {
	position := map[int]int{}
	var scores []JudgeScore
	for _, row := range rows {
		if _, ok := position[row.task]; !ok {
			position[row.task] = len(scores)
			scores = append(scores, JudgeScore{Weight: 1, Task: row.task, Cluster: row.task})
		}
		scores[position[row.task]].Score += row.score / 2
	}
	return scores
}

func testWinRateOfPeople(t *testing.T, c referenceCase) {
	var want struct {
		Tasks, Raters, Ratings int
		Estimate               float64
		SETask                 float64 `json:"se_task_clustered"`
		VarTask                float64 `json:"var_task"`
		VarRater               float64 `json:"var_rater"`
		VarCell                float64 `json:"var_cell"`
		TwoWay                 float64 `json:"var_two_way"`
		EffectiveRaters        float64 `json:"effective_raters"`
		Variance               float64 `json:"spec_variance"`
		SE                     float64 `json:"spec_standard_error"`
		DF                     float64 `json:"spec_df"`
		Low                    float64 `json:"spec_low"`
		High                   float64 `json:"spec_high"`
		PanelLow               float64 `json:"panel_low"`
		PanelHigh              float64 `json:"panel_high"`
		Superiority            float64 `json:"p_superiority_0.5"`
		NonInferiority         float64 `json:"p_noninferiority_0.45"`
	}
	c.decode(t, nil, &want)
	rows := ratingsOf(t, c.ID, "human")
	mean, err := Mean(taskWeighted(rows), true)
	if err != nil {
		t.Fatal(err)
	}
	if mean.Tasks != want.Tasks || mean.Raters != want.Raters || mean.Observations != want.Ratings {
		t.Errorf("got %d tasks, %d raters, %d ratings, want %d, %d, %d", mean.Tasks, mean.Raters, mean.Observations, want.Tasks, want.Raters, want.Ratings)
	}
	c.near(t, "estimate", mean.Estimate, want.Estimate)
	c.near(t, "effective raters", mean.EffectiveRaters, want.EffectiveRaters)
	c.near(t, "variance", mean.Variance, want.Variance)
	c.near(t, "standard error", mean.StandardError(), want.SE)
	c.near(t, "df", mean.DF, want.DF)
	// The library's factor is G/(G−1), ours 1/(1−ΣW²): equal where clusters weigh the
	// same.
	task := library(mean.VarianceTask, mean.EffectiveClusters, mean.Tasks)
	rater := library(mean.VarianceRater, mean.EffectiveRaters, mean.Raters)
	cell := mean.VarianceCell * (1 - cellSquares(taskWeighted(rows))) / (1 - 1/float64(len(rows)))
	c.near(t, "task variance", task, want.VarTask)
	c.near(t, "task standard error", math.Sqrt(task), want.SETask)
	c.near(t, "rater variance", rater, want.VarRater)
	c.near(t, "cell variance", cell, want.VarCell)
	c.near(t, "two-way variance", task+rater-cell, want.TwoWay)
	checkWinRate(t, c, mean, want.Low, want.High)
	for null, p := range map[float64]float64{0.5: want.Superiority, 0.45: want.NonInferiority} {
		test, err := mean.WinRateTest(null)
		if err != nil {
			t.Fatal(err)
		}
		c.near(t, "p-value", test.P, p)
	}
	panel, err := Mean(taskWeighted(rows), false)
	if err != nil {
		t.Fatal(err)
	}
	checkWinRate(t, c, panel, want.PanelLow, want.PanelHigh)
}

// library brings a variance with the factor 1/(1−1/G*) to the factor G/(G−1).
func library(variance, effective float64, groups int) float64 {
	return variance * (1 - 1/effective) / (1 - 1/float64(groups))
}

func cellSquares(observations []Observation) float64 {
	sum := 0.0
	for _, o := range observations {
		sum += o.Weight * o.Weight
	}
	return sum
}

func checkWinRate(t *testing.T, c referenceCase, mean WeightedMean, low, high float64) {
	t.Helper()
	interval, err := mean.WinRateInterval(ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "low", interval.Low, low)
	c.near(t, "high", interval.High, high)
}

func testWinRateOfJudge(t *testing.T, c referenceCase) {
	var want struct {
		Tasks       int
		Estimate    float64
		SE          float64    `json:"standard_error"`
		T           [2]float64 `json:"t_ci"`
		Spec        [2]float64 `json:"spec_ci"`
		Consistency float64    `json:"position_consistency"`
	}
	c.decode(t, nil, &want)
	rows := ratingsOf(t, c.ID, "judge")
	scores := judgeScores(rows)
	observations := make([]Observation, len(scores))
	for i, s := range scores {
		observations[i] = Observation{Score: s.Score, Weight: 1, Task: s.Task, Cluster: s.Cluster}
	}
	mean, err := Mean(observations, false)
	if err != nil {
		t.Fatal(err)
	}
	if mean.Tasks != want.Tasks {
		t.Errorf("got %d tasks, want %d", mean.Tasks, want.Tasks)
	}
	c.near(t, "estimate", mean.Estimate, want.Estimate)
	c.near(t, "standard error", mean.StandardError(), want.SE)
	interval, err := mean.TInterval(ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "t low", interval.Low, want.T[0])
	c.near(t, "t high", interval.High, want.T[1])
	checkWinRate(t, c, mean, want.Spec[0], want.Spec[1])

	pairs := make([]OrderPair, len(scores))
	for i, s := range scores {
		pairs[i] = OrderPair{Weight: 1, Task: s.Task, Cluster: s.Cluster}
	}
	for _, row := range rows { // tasks are numbered in order, each rated twice
		if row.candidateFirst {
			pairs[row.task].CandidateFirst = row.score
		} else {
			pairs[row.task].ControlFirst = row.score
		}
	}
	consistency, err := PositionConsistency(pairs, ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "position consistency", consistency.Estimate, want.Consistency)
	if !(consistency.Low < want.Consistency && want.Consistency < consistency.High) {
		t.Errorf("consistency %v lies outside its interval", consistency)
	}
}

func testPosition(t *testing.T, c referenceCase) {
	var want struct {
		Estimate, P float64
		SE          float64    `json:"standard_error"`
		PValue      float64    `json:"p_value"`
		CI          [2]float64 `json:"ci"`
		Adjusted    float64    `json:"adjusted_win_rate"`
		AdjustedSE  float64    `json:"adjusted_se"`
	}
	c.decode(t, nil, &want)
	rows := ratingsOf(t, c.ID, "human")
	effect, first := evenly(rows), make([]bool, len(rows))
	for i, row := range rows {
		first[i] = row.candidateFirst
		if !row.candidateFirst {
			effect[i].Score = 1 - row.score
		}
		effect[i].Score -= 0.5
	}
	mean, err := Mean(effect, false)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "effect", mean.Estimate, want.Estimate)
	// statsmodels multiplies by G/(G−1)·(n−1)/(n−k) and takes G−1 degrees of freedom.
	n := float64(len(rows))
	variance := library(mean.Variance, mean.EffectiveClusters, mean.Tasks)
	c.near(t, "standard error", math.Sqrt(variance), want.SE)
	mean.Variance, mean.DF = variance, float64(mean.Tasks-1)
	p, err := mean.TwoSidedP(0)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "p-value", p, want.PValue)
	interval, err := mean.TInterval(ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "low", interval.Low, want.CI[0])
	c.near(t, "high", interval.High, want.CI[1])

	adjusted, err := PositionAdjusted(evenly(rows), first, false, ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "adjusted win rate", adjusted.WinRate.Estimate, want.Adjusted)
	variance = library(adjusted.Intercept.Variance, adjusted.Intercept.EffectiveClusters, mean.Tasks) * (n - 1) / (n - 2)
	c.near(t, "adjusted standard error", math.Sqrt(variance), want.AdjustedSE)
}

func testKrippendorff(t *testing.T, c referenceCase) {
	var want struct{ Nominal, Ordinal, Interval float64 }
	c.decode(t, nil, &want)
	counts := map[int][]int{}
	var table [][]int
	for _, row := range ratingsOf(t, c.ID, "human") {
		if counts[row.task] == nil {
			counts[row.task] = make([]int, 3)
			table = append(table, counts[row.task])
		}
		counts[row.task][int(2*row.score)]++
	}
	for metric, alpha := range map[Metric]float64{Nominal: want.Nominal, Ordinal: want.Ordinal, IntervalScale: want.Interval} {
		got, err := Alpha(table, metric)
		if err != nil {
			t.Fatal(err)
		}
		c.near(t, "alpha", got, alpha)
	}
}

func testCombined(t *testing.T, c referenceCase) {
	var want struct {
		Labelled  int        `json:"n"`
		JudgeOnly int        `json:"N"`
		Lambda    float64    `json:"lambda_hat"`
		Tuned     float64    `json:"estimate_tuned"`
		TunedCI   [2]float64 `json:"ci_tuned"`
		Lam1      float64    `json:"estimate_lam1"`
		Lam1CI    [2]float64 `json:"ci_lam1"`
		People    float64    `json:"human_only"`
	}
	c.decode(t, nil, &want)
	people := taskWeighted(ratingsOf(t, c.ID, "human"))
	judge := judgeScores(ratingsOf(t, c.ID, "judge"))
	combined, err := Combine(people, judge, true)
	if err != nil {
		t.Fatal(err)
	}
	if combined.Labelled != want.Labelled || combined.JudgeOnlyTasks != want.JudgeOnly {
		t.Errorf("got %d and %d tasks, want %d and %d", combined.Labelled, combined.JudgeOnlyTasks, want.Labelled, want.JudgeOnly)
	}
	c.near(t, "people alone", combined.PeopleMean, want.People)
	// ppi_py divides by n where the design divides by n−1.
	if math.Abs(combined.Lambda-want.Lambda) > 0.03*want.Lambda {
		t.Errorf("lambda: got %v, want %v within 3 %%", combined.Lambda, want.Lambda)
	}
	at := func(lambda float64) float64 {
		return combined.PeopleMean + lambda*(combined.JudgeOnlyMean-combined.JudgeMean)
	}
	c.near(t, "estimate", combined.Estimate, at(combined.Lambda))
	c.near(t, "estimate at lambda", at(want.Lambda), want.Tuned)
	c.near(t, "estimate at 1", at(1), want.Lam1)

	// Without the raters, on the scale of ppi_py (normal quantile, divisor n), the
	// interval is that of ppi_py. The divisors are those of 64 and 136 tasks.
	alone, err := Combine(people, judge, false)
	if err != nil {
		t.Fatal(err)
	}
	n, m := float64(want.Labelled), float64(want.JudgeOnly)
	variance := alone.VarianceTask*(n-1)/n + alone.VarianceJudge*(m-1)/m
	half := (want.TunedCI[1] - want.TunedCI[0]) / 2
	if got := ZForLevel(0.95) * math.Sqrt(variance); math.Abs(got-half) > 1e-4 { // λ̂ is flat at its best
		t.Errorf("half width: got %v, want %v", got, half)
	}
	if alone.Variance != alone.VarianceTask+alone.VarianceJudge {
		t.Errorf("variance %v is not the sum of %v and %v", alone.Variance, alone.VarianceTask, alone.VarianceJudge)
	}
	if got := alone.judgeHalf(want.Lam1CI, people, judge); math.Abs(got) > 1e-6 {
		t.Errorf("half width at lambda 1 differs by %v", got)
	}
}

// judgeHalf returns by how much the half width at λ = 1, computed from the parts at λ̂
// and 0, differs from ppi_py's. Var(Y−λf) is a parabola in λ.
func (c Combined) judgeHalf(want [2]float64, people []Observation, judge []JudgeScore) float64 {
	j, err := newJudged(people, judge)
	if err != nil {
		return math.NaN()
	}
	differences := make([]Observation, len(j.labelled))
	for t, o := range j.labelled {
		differences[t] = o
		differences[t].Score = j.means[t] - o.Score
	}
	first, err1 := Mean(differences, false)
	second, err2 := Mean(j.judgeOnly, false)
	if err1 != nil || err2 != nil {
		return math.NaN()
	}
	n, m := float64(first.Tasks), float64(second.Tasks)
	half := ZForLevel(0.95) * math.Sqrt(first.Variance*(n-1)/n+second.Variance*(m-1)/m)
	return half - (want[1]-want[0])/2
}

func testLengthControlled(t *testing.T, c referenceCase) {
	var want struct {
		Intercept, Slope float64
		SE               [2]float64 `json:"se"`
		WinRate          float64    `json:"win_rate"`
		Controlled       float64    `json:"length_controlled_win_rate"`
	}
	c.decode(t, nil, &want)
	table := columns(t, "length.csv")
	scores := numbers(t, table["score"])
	observations := make([]Observation, len(scores))
	for i, score := range scores {
		observations[i] = Observation{Score: score, Weight: 1, Task: i, Cluster: i}
	}
	got, err := LengthControlled(observations, numbers(t, table["length_difference"]), false, ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	mean, err := Mean(observations, false)
	if err != nil {
		t.Fatal(err)
	}
	c.near(t, "intercept", got.Intercept.Estimate, want.Intercept)
	c.near(t, "slope", got.Slope.Estimate, want.Slope)
	// HC0 has no factor n/(n−1).
	without := math.Sqrt(1 - 1/float64(len(scores)))
	c.near(t, "standard error", without*got.Intercept.StandardError(), want.SE[0])
	c.near(t, "standard error of the slope", without*got.Slope.StandardError(), want.SE[1])
	c.near(t, "win rate", mean.Estimate, want.WinRate)
	c.near(t, "length-controlled win rate", got.WinRate.Estimate, want.Controlled)
}
