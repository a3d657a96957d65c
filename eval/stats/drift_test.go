package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

var monthly = DriftDesign{Alpha: 0.025, Looks: 12}

// changes gives each of the changes to a task of its own in one round.
func changes(round int, values ...float64) []Rerated {
	rerated := make([]Rerated, len(values))
	for i, value := range values {
		rerated[i] = Rerated{Observation{Score: value, Task: i, Cluster: i, Rater: NoRater}, round}
	}
	return rerated
}

// A year is drawn: anchors that raters score again every month, with noise of the first
// rating, of each later one, and of tasks that always come out otherwise than before.
func year(random *rand.Rand, anchors, raters, months int, change func(month int) float64) []Rerated {
	verdict := func(mean float64) float64 {
		switch u := random.Float64(); {
		case u < 0.2:
			return 0.5
		case u < 0.2+0.8*min(max(mean, 0), 1):
			return 1
		}
		return 0
	}
	var rerated []Rerated
	for task := range anchors {
		mean := min(max(0.6+0.25*random.NormFloat64(), 0.02), 0.98)
		answers := 0.1 * random.NormFloat64() // of this draw of answers, and as often against the arm as for it
		before := make([]float64, raters)
		for rater := range before {
			before[rater] = verdict(mean)
		}
		for month := 1; month <= months; month++ {
			for rater := range before {
				now := verdict(mean + answers + change(month))
				rerated = append(rerated, Rerated{Observation{Score: now - before[rater], Task: task, Cluster: task, Rater: rater}, month})
			}
		}
	}
	return rerated
}

// TestDriftsFalseAlarms draws years in which nothing changes, and years in which
// something does from the fifth month on.
func TestDriftsFalseAlarms(t *testing.T) {
	const years, anchors, raters, months = 400, 60, 2, 12
	random := rand.New(rand.NewPCG(20, 27))
	alarms := func(change func(month int) float64) (down, up, plain int) {
		for range years {
			rerated := year(random, anchors, raters, months, change)
			drift, err := Drifts(rerated, monthly)
			if err != nil {
				t.Fatal(err)
			}
			if drift.Looked != months {
				t.Fatalf("got %d looks, want %d", drift.Looked, months)
			}
			if drift.Down <= monthly.Alpha {
				down++
			}
			if drift.Up <= monthly.Alpha {
				up++
			}
			for month := 1; month <= months; month++ {
				mean, err := windowMean(within(rerated, month, month), false)
				if err != nil {
					t.Fatal(err)
				}
				if test, err := mean.TTest(0); err == nil && (test.P <= monthly.Alpha || test.P >= 1-monthly.Alpha) {
					plain++
					break
				}
			}
		}
		return down, up, plain
	}
	down, up, plain := alarms(func(int) float64 { return 0 })
	t.Logf("nothing changes: fallen in %.1f%% of years, risen in %.1f%%; an ordinary test every month says so in %.1f%%",
		100*float64(down)/years, 100*float64(up)/years, 100*float64(plain)/years)
	// Two sides at 2.5% each of 400 years: 20 expected at the most, 32 is three standard
	// deviations more.
	if down+up > 32 {
		t.Errorf("false alarms in %d of %d years, want at most 5%%", down+up, years)
	}
	if plain < 2*(down+up) || plain < years/10 {
		t.Errorf("an ordinary test every month gives %d alarms: the test shows nothing", plain)
	}
	for _, c := range []struct {
		change float64
		least  int // per cent
	}{{-0.15, 38}, {-0.3, 95}} {
		down, up, _ = alarms(func(month int) float64 {
			if month >= 5 {
				return c.change
			}
			return 0
		})
		t.Logf("%+.0f points from month 5 on: found in %.1f%% of years, the wrong way round in %.1f%%", 100*c.change, 100*float64(down)/years, 100*float64(up)/years)
		if down < years*c.least/100 || up > years/20 {
			t.Errorf("a change of %v is found in %d of %d years and %d times the wrong way round", c.change, down, years, up)
		}
	}
}

const (
	wantDriftChange = -0.25
	wantDriftSE     = 0.04055535528269064
	wantDriftLow    = -0.39443568526459694
	wantDriftHigh   = -0.10556431473540304
	wantDriftDown   = 7.613600138309593e-05
	wantDriftUp     = 1.0
)

// TestDriftsReference compares with values of an independent implementation, in Python
// 3.11's standard library: see testdata/drift.py, which prints them.
func TestDriftsReference(t *testing.T) {
	var rerated []Rerated
	for i := range 40 {
		for round := 1; round <= 3; round++ {
			value := float64((i*7+round*3)%5)/4 - 0.5 // −0.5 … 0.5
			if round == 3 {
				value -= 0.25
			}
			rerated = append(rerated, Rerated{Observation{Score: value, Task: i, Cluster: i / 2, Rater: NoRater}, round})
		}
	}
	drift, err := Drifts(rerated, monthly)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"change", drift.Change.Estimate, wantDriftChange},
		{"standard error", drift.Change.StandardError, wantDriftSE},
		{"low", drift.Change.Low, wantDriftLow},
		{"high", drift.Change.High, wantDriftHigh},
		{"p, fallen", drift.Down, wantDriftDown},
		{"p, risen", drift.Up, wantDriftUp},
	} {
		if !(math.Abs(c.got-c.want) <= 1e-6*math.Max(math.Abs(c.want), 1e-3)) {
			t.Errorf("%s: got %.10g, want %.10g", c.what, c.got, c.want)
		}
	}
	if drift.Since != 3 || drift.Rounds != 1 || drift.Tasks != 40 || drift.Looked != 3 {
		t.Errorf("got %+v, want the change since round 3", drift)
	}
}

func TestDriftsSymmetry(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	rerated := year(random, 40, 3, 4, func(int) float64 { return -0.1 })
	there, err := Drifts(rerated, monthly)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rerated {
		rerated[i].Score = -rerated[i].Score
		rerated[i].Round *= 10 // only their order counts
	}
	random.Shuffle(len(rerated), func(i, j int) { rerated[i], rerated[j] = rerated[j], rerated[i] })
	back, err := Drifts(rerated, monthly)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "down and up", there.Down, back.Up, 1e-9)
	near(t, "up and down", there.Up, back.Down, 1e-9)
	near(t, "the change", there.Change.Estimate, -back.Change.Estimate, 1e-12)
	near(t, "its limits", there.Change.Low, -back.Change.High, 1e-9)
}

func TestDriftsOfLittle(t *testing.T) {
	var missing *MissingError
	for what, rerated := range map[string][]Rerated{"none": nil, "few": changes(1, make([]float64, 19)...), "few a round": append(changes(1, make([]float64, 12)...), changes(2, make([]float64, 12)...)...)} {
		if drift, err := Drifts(rerated, monthly); !errors.As(err, &missing) {
			t.Errorf("%s: got %+v, %v, want a *MissingError", what, drift, err)
		}
	}
	same, err := Drifts(changes(1, make([]float64, 30)...), monthly)
	if err != nil || same.Down != 1 || same.Up != 1 || same.Change != (Interval{}) {
		t.Errorf("where nothing changed: got %+v, %v", same, err)
	}
	all := make([]float64, 30)
	for i := range all {
		all[i] = -0.5
	}
	fallen, err := Drifts(changes(1, all...), monthly)
	if err != nil || fallen.Down > 1e-200 || fallen.Up != 1 {
		t.Errorf("where all fell alike: got %+v, %v", fallen, err)
	}
	if _, err := Drifts(changes(0, all...), monthly); err == nil {
		t.Error("round 0 is taken")
	}
	for _, design := range []DriftDesign{{}, {Alpha: 0.025}, {Alpha: 0.5, Looks: 12}} {
		if _, err := Drifts(changes(1, all...), design); err == nil {
			t.Errorf("the design %+v is taken", design)
		}
	}
}
