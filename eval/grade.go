package eval

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// MaxGrade is the best grade of an answer by a criterion; the worst is 1.
const MaxGrade = 5

// A Grade is what a rater says of one arm's answer by one criterion of the rubric. Raters
// need not grade, and not both answers.
type Grade struct {
	Criterion string // the rubric's own words
	Side      Side   // whose answer
	Points    int    // 1 to [MaxGrade]
}

// Valid says whether the grade has a criterion, an arm and points that there are.
func (g Grade) Valid() bool {
	return g.Criterion != "" && (g.Side == SideA || g.Side == SideB) && g.Points >= 1 && g.Points <= MaxGrade
}

// A ShownGrade is a grade in a rater's terms, who knows sides and not arms.
type ShownGrade struct {
	Criterion string
	Answer    int // 1: the left one, 2: the right one
	Points    int // 1 to [MaxGrade]
}

// ArmGrades turns what was said of sides into what it says of arms, first being the arm
// that was shown on the left.
func ArmGrades(shown []ShownGrade, first Side) []Grade {
	var grades []Grade
	for _, s := range shown {
		side := first
		if s.Answer == 2 {
			side = first.Flipped()
		}
		grades = append(grades, Grade{s.Criterion, side, s.Points})
	}
	return SortedGrades(grades)
}

// ShownGrades is what [ArmGrades] was made of, in order of criterion and answer.
func ShownGrades(grades []Grade, first Side) []ShownGrade {
	var shown []ShownGrade
	for _, g := range grades {
		answer := 1
		if g.Side != first {
			answer = 2
		}
		shown = append(shown, ShownGrade{g.Criterion, answer, g.Points})
	}
	slices.SortFunc(shown, func(x, y ShownGrade) int {
		return cmp.Or(strings.Compare(x.Criterion, y.Criterion), cmp.Compare(x.Answer, y.Answer))
	})
	return shown
}

// SortedGrades puts grades in order of criterion and arm.
func SortedGrades(grades []Grade) []Grade {
	slices.SortFunc(grades, func(x, y Grade) int {
		return cmp.Or(strings.Compare(x.Criterion, y.Criterion), strings.Compare(string(x.Side), string(y.Side)))
	})
	return grades
}

// FlippedGrades are the same grades with the arms exchanged.
func FlippedGrades(grades []Grade) []Grade {
	flipped := slices.Clone(grades)
	for i := range flipped {
		flipped[i].Side = flipped[i].Side.Flipped()
	}
	return SortedGrades(flipped)
}

// GradesJSON writes grades as a JSON object of criteria, each an object of the arms a and
// b that were graded: {"Is it right?":{"a":4,"b":2}}. It is the form of the store and of
// ratings files; [ParseGrades] reads it.
func GradesJSON(grades []Grade) (string, error) {
	if len(grades) == 0 {
		return "{}", nil
	}
	by := map[string]map[Side]int{}
	for _, g := range grades {
		if !g.Valid() {
			return "", fmt.Errorf("grade %d of %q by %q is not known", g.Points, g.Side, g.Criterion)
		}
		if by[g.Criterion] == nil {
			by[g.Criterion] = map[Side]int{}
		}
		by[g.Criterion][g.Side] = g.Points
	}
	text, err := json.Marshal(by)
	if err != nil {
		return "", fmt.Errorf("write grades: %w", err)
	}
	return string(text), nil
}

// ParseGrades reads what [GradesJSON] writes, in order of criterion and arm; nil where
// nothing was graded. The error says which grade is none.
func ParseGrades(text string) ([]Grade, error) {
	if text == "" || text == "{}" {
		return nil, nil
	}
	var by map[string]map[Side]int
	if err := json.Unmarshal([]byte(text), &by); err != nil {
		return nil, fmt.Errorf("grades are no JSON object of criteria with the arms a and b: %w", err)
	}
	var grades []Grade
	for criterion, sides := range by {
		for side, points := range sides {
			g := Grade{criterion, side, points}
			if !g.Valid() {
				return nil, fmt.Errorf("the grade %d of arm %q by %q is none from 1 to %d of arm a or b", points, side, criterion, MaxGrade)
			}
			grades = append(grades, g)
		}
	}
	return SortedGrades(grades), nil
}

// A GradeResult is what people's grades by one criterion say of a use case. Grading is
// optional, so that it speaks for those comparisons alone that somebody graded: it
// explains a result and decides nothing.
type GradeResult struct {
	Criterion string    `json:"criterion"`
	Control   ArmGraded `json:"control"`
	Candidate ArmGraded `json:"candidate"`
	// Tasks are those of which somebody graded both answers: those of the difference.
	Tasks  int `json:"tasks"`
	Raters int `json:"raters"`
	// Difference is the mean over tasks of the candidate's grade less the control's, in
	// points from 1 to 5, by those who graded both answers.
	Difference *Interval `json:"difference"`
	// WhyMissing says why there is no difference.
	WhyMissing string `json:"why_missing,omitempty"`
}

// ArmGraded are the grades of one arm.
type ArmGraded struct {
	Grades int      `json:"grades"`
	Mean   *float64 `json:"mean"` // of all grades; nil without one
}
