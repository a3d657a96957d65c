package rate

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"modeltrial/eval"
)

// A gradedCriterion is a criterion with what the rater gives each answer by it.
type gradedCriterion struct {
	Name    string
	Answers []gradedAnswer
}

// A gradedAnswer is one answer's choice of points.
type gradedAnswer struct {
	Number int
	Field  string // of the form
	Points []pointButton
}

// A pointButton is one choice; 0 points: not graded.
type pointButton struct {
	Points  int
	Label   string
	Checked bool
}

// gradeField is the form's field of an answer's grade. It has the criterion's words and no
// number: a page that was open while the protocol changed must not grade something else.
func gradeField(answer int, criterion string) string { return strconv.Itoa(answer) + ":" + criterion }

// gradedCriteria are the criteria of a presentation's rubric with what was given before.
func (s *site) gradedCriteria(p eval.Presentation) []gradedCriterion {
	var given []eval.ShownGrade
	if p.Last != nil {
		given = p.Last.Grades
	}
	var all []gradedCriterion
	for _, criterion := range s.criteria[p.Category] {
		graded := gradedCriterion{Name: criterion}
		for number := 1; number <= 2; number++ {
			answer := gradedAnswer{Number: number, Field: gradeField(number, criterion)}
			chosen := 0
			if i := slices.IndexFunc(given, func(g eval.ShownGrade) bool { return g.Criterion == criterion && g.Answer == number }); i >= 0 {
				chosen = given[i].Points
			}
			for points := range eval.MaxGrade + 1 {
				button := pointButton{points, strconv.Itoa(points), points == chosen}
				if points == 0 {
					button.Label = "–"
				}
				answer.Points = append(answer.Points, button)
			}
			graded.Answers = append(graded.Answers, answer)
		}
		all = append(all, graded)
	}
	return all
}

// givenGrades are the grades that a form sends by the criteria of a presentation's rubric.
func (s *site) givenGrades(r *http.Request, p eval.Presentation) (grades []eval.ShownGrade, err error) {
	for _, criterion := range s.criteria[p.Category] {
		for answer := 1; answer <= 2; answer++ {
			text := r.PostForm.Get(gradeField(answer, criterion))
			if text == "" || text == "0" {
				continue
			}
			points, err := strconv.Atoi(text)
			if err != nil || points < 1 || points > eval.MaxGrade {
				return nil, fmt.Errorf("the grade %q is none from 1 to %d", text, eval.MaxGrade)
			}
			grades = append(grades, eval.ShownGrade{Criterion: criterion, Answer: answer, Points: points})
		}
	}
	return grades, nil
}
