package report

import (
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

	// Tasks, Responses and Ratings give the rows of the data sheets one by one,
	// so that a document never holds them all. Each may be nil, and passes on the
	// error that yield returns.
	Tasks     func(yield func(audit.Task) error) error
	Responses func(yield func(eval.Response) error) error
	Ratings   func(yield func(eval.Rating) error) error

	// GeneratedAt is the moment that documents state; they read no clock.
	GeneratedAt time.Time
}
