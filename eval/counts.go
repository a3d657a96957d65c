package eval

import "modeltrial/audit"

// ComparisonCounts are the ratings of a file counted by how they ended: all that a
// ranking of independent comparisons needs of millions of them.
//
// A comparison is one rater's judgement of two arms' answers to one task. A rating that
// was given again counts as its correction, and ratings of both orders of presentation
// are averaged: one half where they contradict each other.
type ComparisonCounts struct {
	// Groups are ordered by category and kind.
	Groups     []CountedGroup
	Provenance Provenance
	// Clustered reports whether the file says which tasks belong together.
	Clustered bool
}

// A CountedGroup holds the comparisons of a category by raters of a kind.
type CountedGroup struct {
	Category audit.Category // empty where not known
	Kind     RaterKind
	Tasks    int // different ones
	Pairs    []CountedPair
}

// A CountedPair says how the comparisons of two arms ended. Arm a is the one that the
// pair's first rating names first.
type CountedPair struct {
	ArmA, ArmB         string
	WinsA, WinsB, Ties int
	// Between counts comparisons with any other score, as of a rater who preferred an
	// arm in one order of presentation and neither in the other.
	Between int
}

// Comparisons is the number of all.
func (p CountedPair) Comparisons() int { return p.WinsA + p.WinsB + p.Ties + p.Between }

// Between counts the comparisons of all pairs whose scores are none of 0, ½ and 1.
func (c ComparisonCounts) Between() int {
	count := 0
	for _, group := range c.Groups {
		for _, pair := range group.Pairs {
			count += pair.Between
		}
	}
	return count
}
