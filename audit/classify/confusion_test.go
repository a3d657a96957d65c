package classify

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

// filled makes a matrix of the categories a, b, c … with these counts.
func filled(counts [][]int) *Confusion {
	names := []audit.Category{"a", "b", "c", "d", "e"}
	c := NewConfusion(names[:len(counts)])
	c.counts = counts
	return c
}

func TestCorrectIsRoganGladen(t *testing.T) {
	// 80 reviewed tasks: sensitivity 36/40, specificity 32/40; 300 of 1000 sorted as a:
	// (0.3 + 0.8 − 1)/(0.9 + 0.8 − 1) = 1/7.
	got := filled([][]int{{36, 4}, {8, 32}}).Correct(map[audit.Category]int{"a": 300, "b": 700})
	const want = 1.0 / 7
	if a := got["a"].Share; a == nil || math.Abs(a.Estimate-want) > 1e-12 {
		t.Fatalf("share of a: %+v", got["a"])
	}
	// The variance by hand, with each row smoothed by a quarter of a task spread 44:36.
	spread := 44.0 / 80
	se, sp := (36+spread/4)/40.25, (32+(1-spread)/4)/40.25
	variance := (want*want*(1.0/40-1/(1000*want))*se*(1-se) + (1-want)*(1-want)*(1.0/40-1/(1000*(1-want)))*sp*(1-sp)) / (0.7 * 0.7)
	for _, category := range []audit.Category{"a", "b"} {
		s := got[category].Share
		if math.Abs(s.StandardError-math.Sqrt(variance)) > 1e-12 {
			t.Errorf("standard error of %s %v, want %v", category, s.StandardError, math.Sqrt(variance))
		}
	}
	if a, b := got["a"].Share, got["b"].Share; math.Abs(a.Estimate+b.Estimate-1) > 1e-12 || math.Abs(a.High+b.Low-1) > 1e-12 {
		t.Errorf("shares do not mirror each other: %+v, %+v", a, b)
	}
}

func TestCorrectByHand(t *testing.T) {
	// M = (.8 .1 .1; .2 .6 .2; 0 .1 .9) and π = (.5 .3 .2) give q = Mᵀπ = (.46 .25 .29).
	c := filled([][]int{{80, 10, 10}, {20, 60, 20}, {0, 10, 90}})
	got := c.Correct(map[audit.Category]int{"a": 4600, "b": 2500, "c": 2900})
	for category, want := range map[audit.Category]float64{"a": 0.5, "b": 0.3, "c": 0.2} {
		if s := got[category].Share; s == nil || math.Abs(s.Estimate-want) > 1e-12 || !(s.Low < want && want < s.High) {
			t.Errorf("%s: %+v, want %v", category, s, want)
		}
	}
	if r := c.Rate("b", "a"); math.Abs(r.Estimate-0.1) > 1e-12 || c.Rate("z", "a") != nil {
		t.Errorf("P(b | a) is %+v", r)
	}
	if a := c.Accuracy(); math.Abs(a.Estimate-230.0/300) > 1e-12 {
		t.Errorf("accuracy %+v", a)
	}
	want := map[audit.Category]map[audit.Category]int{"a": {"a": 80, "b": 10, "c": 10}, "b": {"a": 20, "b": 60, "c": 20}, "c": {"b": 10, "c": 90}}
	if diff := cmp.Diff(want, c.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	// 10,000 tasks more of which the log says a: (0.5 + 1)/2.
	given := c.CorrectWithGiven(map[audit.Category]int{"a": 4600, "b": 2500, "c": 2900}, map[audit.Category]int{"a": 10000})
	for category, want := range map[audit.Category]float64{"a": 0.75, "b": 0.15, "c": 0.1} {
		s, alone := given[category].Share, got[category].Share
		if math.Abs(s.Estimate-want) > 1e-12 || math.Abs(s.StandardError-alone.StandardError/2) > 1e-12 || math.Abs((s.High-s.Low)-(alone.High-alone.Low)/2) > 1e-12 {
			t.Errorf("%s with given ones: %+v, want %v", category, s, want)
		}
	}
}

func TestCorrectEverythingReviewed(t *testing.T) {
	// Where the sample is the whole, its truths are the answer, without uncertainty.
	got := filled([][]int{{50, 10}, {20, 120}}).Correct(map[audit.Category]int{"a": 70, "b": 130})
	if s := got["a"].Share; math.Abs(s.Estimate-0.3) > 1e-12 || s.StandardError > 1e-9 {
		t.Errorf("share of a: %+v, want exactly 0.3", s)
	}
}

func TestCorrectCannot(t *testing.T) {
	counted := map[audit.Category]int{"a": 500, "b": 300, "c": 200}
	for _, c := range []struct {
		name   string
		counts [][]int
		why    string
	}{
		{"few", [][]int{{20, 0, 0}, {0, 20, 0}, {0, 0, 9}}, "49 tasks of a random sample are reviewed, a correction needs 50"},
		{"alike", [][]int{{10, 10, 10}, {10, 10, 10}, {0, 0, 30}}, "cannot be inverted"},
		{"almost alike", [][]int{{51, 49, 0}, {50, 50, 0}, {0, 0, 30}}, "cannot be inverted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for category, got := range filled(c.counts).Correct(counted) {
				if got.Share != nil || !strings.Contains(got.WhyMissing, c.why) {
					t.Errorf("%s: %+v", category, got)
				}
			}
		})
	}
	if got := filled([][]int{{50, 0}, {0, 50}}).Correct(nil); got["a"].Share != nil || got["a"].WhyMissing == "" {
		t.Errorf("of no task: %+v", got["a"])
	}
	// A category that the sample does not have is missing alone.
	got := filled([][]int{{40, 10, 1}, {5, 44, 0}, {0, 0, 0}}).Correct(map[audit.Category]int{"a": 500, "b": 490, "c": 10})
	if got["c"].Share != nil || !strings.Contains(got["c"].WhyMissing, "none of the 100 reviewed tasks is c") {
		t.Errorf("c: %+v", got["c"])
	}
	if a, b := got["a"].Share, got["b"].Share; a == nil || b == nil || math.Abs(a.Estimate+b.Estimate-1) > 1e-12 {
		t.Errorf("a: %+v, b: %+v", got["a"], got["b"])
	}
	if err := NewConfusion([]audit.Category{"a", "b"}).Add("a", "x"); err == nil {
		t.Error("an unknown category was counted")
	}
}

func TestCorrectStaysInRange(t *testing.T) {
	// Fewer are sorted as a than errors alone would give: the inverse is negative.
	got := filled([][]int{{45, 5}, {10, 40}}).Correct(map[audit.Category]int{"a": 100, "b": 900})
	if a := got["a"].Share; a.Estimate != 0 || a.Low != 0 || a.High < 0 {
		t.Errorf("a: %+v", a)
	}
	if b := got["b"].Share; b.Estimate != 1 || b.High != 1 {
		t.Errorf("b: %+v", b)
	}
}

// TestCorrectCoverage draws logs and reviewed samples, and counts how often the
// limits enclose the log's true shares.
func TestCorrectCoverage(t *testing.T) {
	shares := []float64{0.15, 0.25, 0.10, 0.10, 0.40}
	rates := [][]float64{
		{0.72, 0.02, 0.02, 0.04, 0.20},
		{0.01, 0.93, 0.01, 0.01, 0.04},
		{0.08, 0.02, 0.84, 0.00, 0.06},
		{0.03, 0.01, 0.00, 0.76, 0.20},
		{0.03, 0.03, 0.01, 0.03, 0.90},
	}
	const log, draws = 5000, 2000
	for _, c := range []struct {
		reviewed  int
		low, high float64 // of the coverage, over all categories
	}{{100, 0.95, 0.997}, {200, 0.945, 0.98}, {600, 0.94, 0.97}} {
		random := rand.New(rand.NewPCG(7, uint64(c.reviewed)))
		covered := make([]int, len(shares))
		computed, bias := 0, make([]float64, len(shares))
		for range draws {
			confusion, counted, truth := drawLog(random, shares, rates, log, c.reviewed)
			got := confusion.Correct(counted)
			if got["e"].Share == nil {
				continue
			}
			computed++
			for i, category := range confusion.Categories() {
				s := got[category].Share
				if s == nil { // not in the sample
					covered[i]++
					continue
				}
				bias[i] += s.Estimate - truth[i]
				if s.Low <= truth[i] && truth[i] <= s.High {
					covered[i]++
				}
			}
		}
		if computed < draws*99/100 {
			t.Errorf("%d reviewed: only %d of %d could be computed", c.reviewed, computed, draws)
		}
		for i := range shares {
			coverage := float64(covered[i]) / float64(computed)
			mean := bias[i] / float64(computed)
			t.Logf("%d reviewed, share %.2f: coverage %.3f, bias %+.4f", c.reviewed, shares[i], coverage, mean)
			if coverage < c.low || coverage > c.high {
				t.Errorf("%d reviewed, share %.2f: coverage %.3f, want %.3f to %.3f", c.reviewed, shares[i], coverage, c.low, c.high)
			}
			if math.Abs(mean) > 0.01 {
				t.Errorf("%d reviewed, share %.2f: bias %+.4f", c.reviewed, shares[i], mean)
			}
		}
	}
}

// drawLog draws a log and reviews the first of its tasks, which are as random as any.
func drawLog(random *rand.Rand, shares []float64, rates [][]float64, log, reviewed int) (*Confusion, map[audit.Category]int, []float64) {
	confusion := filled([][]int{make([]int, 5), make([]int, 5), make([]int, 5), make([]int, 5), make([]int, 5)})
	counted, truth := map[audit.Category]int{}, make([]float64, len(shares))
	pick := func(weights []float64) int {
		u := random.Float64()
		for i, w := range weights {
			if u -= w; u < 0 {
				return i
			}
		}
		return len(weights) - 1
	}
	for task := range log {
		i := pick(shares)
		j := pick(rates[i])
		truth[i] += 1 / float64(log)
		counted[confusion.categories[j]]++
		if task < reviewed {
			confusion.counts[i][j]++
		}
	}
	return confusion, counted, truth
}
