package eval

import (
	"time"

	"modeltrial/audit"
)

// A JudgeRecord says how a judge did beside people in one category of a pilot, as the
// routing table that was stored of it has it.
type JudgeRecord struct {
	RouteJudge

	Category       audit.Category
	Table          int64 // the routing table's number
	DecidedAt      time.Time
	ProtocolSHA256 string // of that pilot
	Simulated      bool   // ratings of that pilot were made up
	// Instrument is the judge as that pilot's protocol had it, and Rubric what it went by
	// in the category, empty for the built-in one. The instrument has no name where the
	// protocol did not name the judge.
	Instrument Arm
	Rubric     string
	// Mixed says that the judge's calls in the category up to now went by more than one
	// instruction, or were answered by more than one model.
	Mixed bool
}

// JudgeRecords are what the table says of judges, without what only the workspace knows:
// the instrument, the rubric and whether it is mixed.
func (t StoredTable) JudgeRecords() []JudgeRecord {
	var records []JudgeRecord
	for _, route := range t.Table.Routes {
		for _, judge := range route.Evidence.Judges {
			records = append(records, JudgeRecord{
				RouteJudge: judge, Category: route.Category, Table: t.ID, DecidedAt: t.Table.DecidedAt,
				ProtocolSHA256: t.Table.ProtocolSHA256, Simulated: t.Table.Provenance.RatingsSimulated > 0,
			})
		}
	}
	return records
}
