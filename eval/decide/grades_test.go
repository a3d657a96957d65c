package decide

import (
	"slices"
	"testing"

	"modeltrial/eval"
)

// gradedRatings are of n tasks: the control always gets 3, the candidate alternately 4
// and 5.
func gradedRatings(n int) eval.Dataset {
	data := compared()
	for i := range n {
		data.Ratings[i].Grades = []eval.Grade{{Criterion: "right", Side: eval.SideA, Points: 3}, {Criterion: "right", Side: eval.SideB, Points: 4 + i%2}}
	}
	return data
}

// TestGradesByHand: 20 tasks with differences 1 and 2 in turn: mean 1.5 with variance
// 20·0.25/(20·19) = 1/76, t = 2.0930 on 19 degrees of freedom: ±0.24008.
func TestGradesByHand(t *testing.T) {
	data := gradedRatings(20)
	data.Ratings[30].Grades = []eval.Grade{{Criterion: "right", Side: eval.SideB, Points: 1}, {Criterion: "clear", Side: eval.SideA, Points: 2}}
	got := analysed(t, data, Options{}).Grades
	if len(got) != 2 || got[0].Criterion != "right" || got[1].Criterion != "clear" {
		t.Fatalf("grades %+v", got)
	}
	right, clear := got[0], got[1]
	if right.Difference == nil || !near(right.Difference.Estimate, 1.5) || !near(right.Difference.StandardError*right.Difference.StandardError, 1.0/76) {
		t.Fatalf("difference %+v (%s)", right.Difference, right.WhyMissing)
	}
	const half = 2.093024054408263 * 0.1147078669352809 // t(0.975, 19) / √76
	if d := right.Difference; !near(d.High, 1.5+half) || !near(d.Low, 1.5-half) {
		t.Errorf("interval [%v, %v], want 1.5 ± %v", d.Low, d.High, half)
	}
	if right.Tasks != 20 || right.Raters != 1 || right.Control.Grades != 20 || *right.Control.Mean != 3 || right.Candidate.Grades != 21 || !near(*right.Candidate.Mean, 91.0/21) {
		t.Errorf("grades %+v", right)
	}
	if clear.Difference != nil || clear.WhyMissing == "" || clear.Candidate.Mean != nil || *clear.Control.Mean != 2 {
		t.Errorf("grades %+v, want no difference and why", clear)
	}
}

// TestGradesOfOneAnswerTwice: grades of the arms named the other way round and of
// corrections count as what they are, those of judges not at all.
func TestGradesOfOneAnswerTwice(t *testing.T) {
	data := gradedRatings(20)
	want := *analysed(t, data, Options{}).Grades[0].Difference
	var superseded, judged []eval.Rating
	for i := range 20 {
		data.Ratings[i].First = eval.SideA // where it is not known, the other way round is the other order
		other := data.Ratings[i]
		other.Grades = []eval.Grade{{Criterion: "right", Side: eval.SideB, Points: 1}}
		superseded = append(superseded, other)
		other.Rater, other.Kind = "judge", eval.Judge
		judged = append(judged, other)
		if i > 0 { // the first row gives the direction
			data.Ratings[i] = data.Ratings[i].Flipped()
		}
	}
	data.Ratings = slices.Concat(superseded, data.Ratings, judged)
	if got := analysed(t, data, Options{}).Grades[0]; got.Control.Grades != 20 || !near(got.Difference.Estimate, want.Estimate) || !near(got.Difference.Low, want.Low) {
		t.Errorf("got %+v of %+v, want %+v", got.Difference, got, want)
	}
}
