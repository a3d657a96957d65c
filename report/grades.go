package report

import (
	"fmt"
	"strconv"

	"modeltrial/eval"
)

// A gradeRow is what people's grades by one criterion showed, in words for a table.
type gradeRow struct{ UseCase, Criterion, Candidate, Control, Difference, Tasks string }

// gradeRows are those of the use cases of which something was graded.
func gradeRows(comparisons []eval.ComparisonResult) []gradeRow {
	var rows []gradeRow
	for _, c := range comparisons {
		for _, g := range c.Grades {
			rows = append(rows, gradeRow{useCaseName(c), line(g.Criterion), armGraded(g.Candidate), armGraded(g.Control), gradeDifference(g), Count(g.Tasks)})
		}
	}
	return rows
}

// armGraded is "4.1 (23)".
func armGraded(arm eval.ArmGraded) string {
	if arm.Mean == nil {
		return unknown
	}
	return fmt.Sprintf("%s (%s)", gradePoints(*arm.Mean), Count(arm.Grades))
}

func gradePoints(points float64) string { return strconv.FormatFloat(points, 'f', 1, 64) }

// gradeDifference is "+0.5 [+0.2, +0.8]", or why there is none.
func gradeDifference(g eval.GradeResult) string {
	if g.Difference == nil {
		return g.WhyMissing
	}
	signed := func(points float64) string { return minus(fmt.Sprintf("%+.1f", points)) }
	return fmt.Sprintf("%s [%s, %s]", signed(g.Difference.Estimate), signed(g.Difference.Low), signed(g.Difference.High))
}

// gradeLines say the same of one use case in sentences.
func gradeLines(c eval.ComparisonResult) []string {
	var lines []string
	for _, row := range gradeRows([]eval.ComparisonResult{c}) {
		lines = append(lines, fmt.Sprintf("graded by “%s”: candidate %s, control %s; difference %s", row.Criterion, row.Candidate, row.Control, row.Difference))
	}
	return lines
}

// gradesNote says what the figures are.
const gradesNote = "Mean grade of each arm's answers from 1, poor, to 5, excellent, with the number of grades; the difference is of tasks with both answers graded. Grading is optional: it explains a result and decides nothing."
