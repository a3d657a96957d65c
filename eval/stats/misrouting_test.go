package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func known(value float64) Estimated { return Estimated{Value: value, DF: math.Inf(1)} }

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.10g, want %.10g", what, got, want)
	}
}

// TestRoutedTotalByHand follows a 2×2 case by hand: 1000 of coding, of which the router
// is right on 45 of 50 reviewed tasks, saves 40% where it is coding and 10% where it is
// general; 500 of general, right on 27 of 30, stays.
func TestRoutedTotalByHand(t *testing.T) {
	routed := []Routed{
		{
			Amount: Estimated{Value: 1000, Variance: 400, DF: 9}, Reviewed: []int{45, 5},
			Gain: []Estimated{{Value: 0.4, Variance: 0.0009, DF: 60}, {Value: 0.1, Variance: 0.0016, DF: 80}},
		},
		{Amount: Estimated{Value: 500, Variance: 100, DF: 9}, Reviewed: []int{3, 27}, Gain: []Estimated{known(0), known(0)}},
	}
	total, parts, err := RoutedTotal(routed)
	if err != nil {
		t.Fatal(err)
	}
	// 1000·(0.9·0.4 + 0.1·0.1) = 370
	near(t, "the saving", total.Value, 370, 1e-9)
	// The row: 45 + 2·48/80 and 5 + 2·32/80 of 52.
	p := (45 + 2*0.6) / 52
	q := (5 + 2*0.4) / 52
	row := (p*0.16 + q*0.01 - (p*0.4+q*0.1)*(p*0.4+q*0.1)) / 50
	e1, e2 := 0.9*0.03, 0.1*0.04
	want := 0.37*0.37*400 + 1e6*row + 400*(row+e1*e1+e2*e2) + 1e6*(e1*e1+e2*e2)
	near(t, "its variance", total.Variance, want, 1e-9*want)
	near(t, "the degrees of freedom", total.DF, 9, 0)
	near(t, "the first part", parts[0].Variance, want, 1e-9*want)
	near(t, "the second part", parts[1].Value, 0, 0)
	near(t, "the second part's variance", parts[1].Variance, 0, 0)
}

// TestRoutedTotalOfAPerfectRouter is the plain saving, estimate and variance, as the
// sample grows.
func TestRoutedTotalOfAPerfectRouter(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 1))
	for range 50 {
		var routed []Routed
		var plain []Estimated
		for c := range 3 {
			spend := Estimated{Value: 100 + 900*random.Float64(), DF: 5 + 10*random.Float64()}
			spend.Variance = math.Pow(spend.Value*0.05, 2)
			ratio := Estimated{Value: 0.3 + random.Float64(), Variance: 0.001 * random.Float64(), DF: 40 + 50*random.Float64()}
			r := Routed{Amount: spend, Reviewed: make([]int, 3), Gain: make([]Estimated, 3)}
			for truth := range 3 {
				r.Gain[truth] = Estimated{Value: random.NormFloat64(), Variance: 0.01, DF: 3} // never met
			}
			r.Reviewed[c] = 1_000_000_000
			r.Gain[c] = Estimated{Value: 1 - ratio.Value, Variance: ratio.Variance, DF: ratio.DF}
			routed, plain = append(routed, r), append(plain, Saving(spend, ratio))
		}
		total, parts, err := RoutedTotal(routed)
		if err != nil {
			t.Fatal(err)
		}
		want := Sum(plain...)
		near(t, "the saving", total.Value, want.Value, 1e-9*math.Abs(want.Value))
		near(t, "its variance", total.Variance, want.Variance, 1e-5*want.Variance)
		near(t, "the degrees of freedom", total.DF, want.DF, 0)
		for i := range parts {
			near(t, "a part's variance", parts[i].Variance, plain[i].Variance, 1e-5*plain[i].Variance)
		}
	}
}

// TestRoutedTotalSharesAnArm: the ratio of one arm in one category is one number, also
// where two rows meet it, so that its error does not average out.
func TestRoutedTotalSharesAnArm(t *testing.T) {
	gain := Estimated{Value: 0.5, Variance: 0.01, DF: 30}
	row := Routed{Amount: Estimated{Value: 10, DF: 8}, Reviewed: []int{1_000_000_000, 0}, Gain: []Estimated{gain, known(0)}}
	total, _, err := RoutedTotal([]Routed{row, row})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the variance", total.Variance, 20*20*0.01, 1e-6)
	row.From = []int{1, 0}
	other := row
	other.From = nil
	if total, _, err = RoutedTotal([]Routed{row, other}); err != nil {
		t.Fatal(err)
	}
	near(t, "the variance on data of two categories", total.Variance, 2*10*10*0.01, 1e-6)
}

func TestRoutedTotalRefuses(t *testing.T) {
	few := Routed{Amount: known(1), Reviewed: []int{4, 5}, Gain: []Estimated{known(0.5), known(0)}}
	_, _, err := RoutedTotal([]Routed{few})
	if _, ok := errors.AsType[*MissingError](err); !ok {
		t.Errorf("nine reviewed tasks gave %v, want a reason why it is missing", err)
	}
	few.Gain = []Estimated{known(0), known(0)}
	if total, _, err := RoutedTotal([]Routed{few}); err != nil || total.Value != 0 || total.Variance != 0 {
		t.Errorf("a kept category gave %+v, %v, want exactly 0 whatever was reviewed", total, err)
	}
	for name, r := range map[string]Routed{
		"lengths":  {Amount: known(1), Reviewed: []int{20}, Gain: []Estimated{known(0), known(1)}},
		"negative": {Amount: known(1), Reviewed: []int{20, -1}, Gain: []Estimated{known(0), known(1)}},
		"NaN":      {Amount: known(math.NaN()), Reviewed: []int{20, 0}, Gain: []Estimated{known(0), known(1)}},
		"gain":     {Amount: known(1), Reviewed: []int{20, 0}, Gain: []Estimated{known(0), known(math.Inf(1))}},
		"from":     {Amount: known(1), Reviewed: []int{20, 0}, Gain: []Estimated{known(0), known(1)}, From: []int{0, 2}},
		"nothing":  {Amount: known(1)},
	} {
		if _, _, err := RoutedTotal([]Routed{r}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestRoutedTotalCoversTheTruth draws matrices, reviewed samples, spend and ratios and
// counts how often the interval holds the true saving, with few and with many reviewed
// tasks.
func TestRoutedTotalCoversTheTruth(t *testing.T) {
	const rounds = 1500
	for _, reviewed := range []int{100, 300} {
		for _, certain := range []bool{true, false} { // only the matrix is drawn, or all
			random := rand.New(rand.NewPCG(uint64(reviewed), 5))
			hits := 0
			for range rounds {
				total, truth, err := drawnRouter(random, reviewed, certain)
				for err != nil { // a row with too few reviewed tasks has no interval
					total, truth, err = drawnRouter(random, reviewed, certain)
				}
				interval, err := total.Interval(ZForLevel(0.95))
				if err != nil {
					t.Fatal(err)
				}
				if interval.Low <= truth && truth <= interval.High {
					hits++
				}
			}
			share := float64(hits) / rounds
			t.Logf("%d reviewed, spend and ratios certain %v: %.3f", reviewed, certain, share)
			if share < 0.94 || share > 0.98 {
				t.Errorf("%d reviewed, spend and ratios certain %v: the interval held the truth in %.3f of rounds, want 0.95 or a little more", reviewed, certain, share)
			}
		}
	}
}

// drawnRouter draws a router with 70 to 95% accuracy in each of four categories, two of
// them switched, and gives the estimate and what is true.
func drawnRouter(random *rand.Rand, reviewed int, certain bool) (total Estimated, truth float64, err error) {
	const k = 4
	value := func(mean, se float64) (drawn Estimated) {
		if certain {
			return Estimated{Value: mean, DF: 1e6}
		}
		return Estimated{Value: mean + se*random.NormFloat64(), Variance: se * se, DF: 1e6}
	}
	shares, rows := make([]float64, k), make([][]float64, k)
	ratios, routed := make([][2]Estimated, k), make([]Routed, k)
	gains := make([][2]float64, k)
	for c := range k {
		shares[c] = 0.15 + 0.1*random.Float64()
		right := 0.7 + 0.25*random.Float64()
		rows[c] = make([]float64, k)
		for to := range k {
			rows[c][to] = (1 - right) / (k - 1)
		}
		rows[c][c] = right
		gains[c] = [2]float64{0.2 + 0.5*random.Float64(), 0.6 * random.Float64()}
		for arm := range 2 {
			ratios[c][arm] = value(gains[c][arm], 0.03)
		}
		routed[c] = Routed{Reviewed: make([]int, k), Gain: make([]Estimated, k)}
	}
	for range reviewed {
		c := draw(random, shares)
		routed[c].Reviewed[draw(random, rows[c])]++
	}
	for c := range k {
		amount := 500 + 1000*random.Float64()
		routed[c].Amount = value(amount, 0.05*amount)
		for to := range k {
			routed[c].Gain[to] = known(0)
			if c < 2 { // two arms, each for a category
				routed[c].Gain[to] = ratios[to][c]
				truth += amount * rows[c][to] * gains[to][c]
			}
		}
	}
	total, _, err = RoutedTotal(routed)
	return total, truth, err
}

// draw draws an index in proportion to shares.
func draw(random *rand.Rand, shares []float64) int {
	sum := 0.0
	for _, s := range shares {
		sum += s
	}
	u := sum * random.Float64()
	for i, s := range shares {
		if u -= s; u < 0 {
			return i
		}
	}
	return len(shares) - 1
}
