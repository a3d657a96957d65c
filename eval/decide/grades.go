package decide

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// grades fills in what people's grades by each criterion say: how many and what mean of
// each arm, and by those who graded both answers the mean difference with a plain t
// interval at [eval.Level], clustered as the win rate is. Of one person's grades of a
// comparison in several orders the mean counts once, and tasks count equally.
func (a *analyzer) grades(result *eval.ComparisonResult, key useCase) error {
	result.Grades = []eval.GradeResult{}
	by := map[string]*gradedBy{}
	for _, rating := range ofKind(a.ratingsOf(key), eval.Human) {
		if rating.grades == nil {
			continue
		}
		for _, grade := range *rating.grades {
			g := by[grade.Criterion]
			if g == nil {
				g = &gradedBy{criterion: grade.Criterion, raters: map[int32]bool{}, cells: map[[2]int32]*gradedCell{}}
				by[grade.Criterion] = g
			}
			g.add(&rating, grade)
		}
	}
	for _, g := range by {
		graded, err := a.gradeResult(key, g)
		if err != nil {
			return fmt.Errorf("grades by %q: %w", g.criterion, err)
		}
		result.Grades = append(result.Grades, graded)
	}
	slices.SortFunc(result.Grades, func(x, y eval.GradeResult) int {
		return cmp.Or(cmp.Compare(y.Control.Grades+y.Candidate.Grades, x.Control.Grades+x.Candidate.Grades), strings.Compare(x.Criterion, y.Criterion))
	})
	return nil
}

// A gradedBy are the grades by one criterion.
type gradedBy struct {
	criterion          string
	control, candidate averaging
	raters             map[int32]bool
	cells              map[[2]int32]*gradedCell // by task and rater
	order              []*gradedCell            // as they came
}

// A gradedCell is what one person gave to one task's answers.
type gradedCell struct {
	control, candidate averaging
	task, rater        int32
	cluster            int32
	category           audit.Category
}

func (g *gradedBy) add(rating *rated, grade eval.Grade) {
	g.raters[rating.rater] = true
	key := [2]int32{rating.task, rating.rater}
	cell := g.cells[key]
	if cell == nil {
		cell = &gradedCell{task: rating.task, rater: rating.rater, cluster: rating.cluster, category: rating.Category}
		g.cells[key] = cell
		g.order = append(g.order, cell)
	}
	if points := float64(grade.Points); grade.Side == eval.SideA {
		g.control.add(points)
		cell.control.add(points)
	} else {
		g.candidate.add(points)
		cell.candidate.add(points)
	}
}

func (a *analyzer) gradeResult(key useCase, g *gradedBy) (eval.GradeResult, error) {
	result := eval.GradeResult{Criterion: g.criterion, Control: armGraded(&g.control), Candidate: armGraded(&g.candidate), Raters: len(g.raters)}
	var observations []stats.Observation
	var tasks []int
	var categories []audit.Category
	for _, cell := range g.order {
		if cell.control.count == 0 || cell.candidate.count == 0 {
			continue
		}
		observations = append(observations, stats.Observation{
			Score: cell.candidate.mean() - cell.control.mean(), Task: int(cell.task), Cluster: int(cell.cluster), Rater: int(cell.rater),
		})
		tasks, categories = append(tasks, int(cell.task)), append(categories, cell.category)
	}
	result.Tasks = a.countTasks(observations)
	if result.Tasks < stats.MinTasks {
		result.WhyMissing = fmt.Sprintf("tasks with both answers graded: %d, at least %d are needed", result.Tasks, stats.MinTasks)
		return result, nil
	}
	weights, err := a.weights(key, tasks, categories)
	if err != nil {
		return result, err
	}
	for i := range observations {
		observations[i].Weight = weights[i]
	}
	mean, err := stats.Mean(observations, true)
	if err == nil {
		err = mean.Enough()
	}
	if err != nil {
		result.WhyMissing, err = whyMissing(err)
		return result, err
	}
	if mean.Variance == 0 {
		result.WhyMissing = "the difference does not vary"
		return result, nil
	}
	half := stats.TCritical(fixedZ, mean.DF) * mean.StandardError()
	const most = eval.MaxGrade - 1
	result.Difference = interval(stats.Interval{
		Estimate: mean.Estimate, StandardError: mean.StandardError(), Low: max(mean.Estimate-half, -most), High: min(mean.Estimate+half, most),
	})
	return result, nil
}

func armGraded(points *averaging) eval.ArmGraded {
	graded := eval.ArmGraded{Grades: points.count}
	if points.count > 0 {
		graded.Mean = new(points.mean())
	}
	return graded
}
