package report

import (
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// Input is what a workbook or a page is made of. A part that does not exist yet
// is its zero value: the document then says what is missing and why.
type Input struct {
	Analysis eval.Analysis
	Routing  eval.RoutingTable
	Audit    audit.Report
	Protocol eval.LockedProtocol // as locked; zero before a lock
	Prices   []audit.Price
	Progress Progress
	Replay   *eval.Replay // of the audited log under Routing; nil where there is none
	// ArmsSpent and JudgesSpent are what the pilot's own calls of arms and of judge
	// models cost; imported answers were paid for elsewhere.
	ArmsSpent, JudgesSpent audit.NanoUSD

	// Tasks, Responses and Ratings give the rows of the data sheets one by one,
	// so that a document never holds them all. Each may be nil, and passes on the
	// error that yield returns.
	Tasks     func(yield func(audit.Task) error) error
	Responses func(yield func(eval.Response) error) error
	Ratings   func(yield func(eval.Rating) error) error

	// Nav leads to the other pages of modeltrial serve; a file has none.
	Nav []Link

	// GeneratedAt is the moment that documents state; they read no clock.
	GeneratedAt time.Time
}

// Progress is how far people are with a pilot's comparisons.
type Progress struct {
	Comparisons int // that there are
	RatedOnce   int // by at least one person
	Rated       int // by as many people as the protocol asks
	PeopleAsked int // for each comparison
}

// String says it in words, the same in every document.
func (p Progress) String() string {
	return Count(p.RatedOnce) + " " + p.afterCount()
}

// afterCount is what stands after the number of comparisons rated.
func (p Progress) afterCount() string {
	text := "of " + counted(p.Comparisons, "comparison", "comparisons") + " rated"
	if p.PeopleAsked > 1 {
		text += fmt.Sprintf(", %s of them by all %d raters asked for", Count(p.Rated), p.PeopleAsked)
	}
	return text
}
