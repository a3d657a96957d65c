package audit

// A Guess is a category with the probability that a categoriser gives it.
type Guess struct {
	Category    Category
	Probability float64 // 0 to 1
}
