package scale

import (
	"fmt"

	"modeltrial/eval"
)

// A Row is what a row of a table takes in a database, in bytes, page by page as it lies
// on the disk.
type Row struct {
	Table string
	Fixed float64 // without its texts
	Text  float64 // for each byte of its texts
	Index float64 // in all indexes of the table
}

// A Database is what was measured of a database. Rates are of whole operations, each of
// them durable when it ends, [measuredInFlight] at a time.
type Database struct {
	Rows       []Row
	Calls      float64 // a second: a call is reserved, and its answer stored
	JudgeCalls float64 // a second: one is reserved, and its verdict stored
	Ratings    float64 // a second: a comparison is drawn and shown, and its verdict stored
}

// The conditions of all constants below. Another machine has other rates; sizes are the
// same everywhere, and a test measures them anew.
const (
	measuredOn       = "2026-11-26"
	measuredMachine  = "2 shared cores of an Intel Xeon"
	measuredInFlight = 64
	scaleCommand     = "go test -run '^$' -bench '^BenchmarkScale$' -benchtime 1x ./cmd/modeltrial"
	runCommand       = "make bench-run"
)

// SQLite was measured through package store, with tasks whose ids are UUIDs and texts of
// all lengths.
var SQLite = Database{
	Rows: []Row{
		{Table: "tasks", Fixed: 170, Text: 1.12, Index: 70},
		{Table: "batch_tasks", Fixed: 62, Index: 112},
		{Table: "calls", Fixed: 82, Index: 65},
		{Table: "responses", Fixed: 230, Text: 1.12, Index: 78},
		{Table: "response_steps", Fixed: 230, Text: 1.12, Index: 69},
		{Table: "comparisons", Fixed: 99, Index: 120},
		{Table: "comparison_queue", Fixed: 48, Index: 39},
		{Table: "comparison_checks", Fixed: 60, Index: 40},
		{Table: "presentations", Fixed: 85, Index: 126},
		{Table: "ratings", Fixed: 95, Text: 1, Index: 103},
		{Table: "judge_calls", Fixed: 202, Index: 42},
	},
	Calls: 5000, JudgeCalls: 520, Ratings: 1400,
}

// PostgreSQL is what was measured of PostgreSQL; nil: nothing yet. Its constants come in
// here once package store keeps a pilot there and BenchmarkScale has filled one.
var PostgreSQL *Database

// What was measured of whole processes. A worker was a pilot run of 400,000 calls, 64 at
// a time, against a server on the same machine that answers at once, so that it waited
// for nobody; memory is what was resident at most.
const (
	WorkerCalls   = 1000.0    // a second
	WorkerBytes   = 130 << 20 // whatever the number of tasks
	programBytes  = 90 << 20  // of pilot lock and analyze without the following
	LockBytes     = 580.0     // for each logged task, while the sample is drawn
	AnalyzeBytes  = 1000.0    // for each rating, of people and judges
	memoryCommand = "pilot lock and analyze with 100,000 and with 300,000 tasks, each with a rating"
)

// measures say where the constants come from.
func measures() []eval.ScaleMeasure {
	of := func(what, command, format string, arguments ...any) eval.ScaleMeasure {
		return eval.ScaleMeasure{What: what, Figure: fmt.Sprintf(format, arguments...), Date: measuredOn, Machine: measuredMachine, Command: command}
	}
	all := []eval.ScaleMeasure{of("worker", runCommand, "%.0f calls a second, %d MB", WorkerCalls, WorkerBytes>>20)}
	for _, database := range []struct {
		name string
		of   *Database
	}{{eval.SQLite, &SQLite}, {eval.PostgreSQL, PostgreSQL}} {
		if database.of == nil {
			all = append(all, eval.ScaleMeasure{What: database.name, Figure: notMeasured, Command: scaleCommand})
			continue
		}
		all = append(all, of(database.name, scaleCommand, "bytes/row; %.0f calls, %.0f judge calls or %.0f ratings a second, %d at a time",
			database.of.Calls, database.of.JudgeCalls, database.of.Ratings, measuredInFlight))
	}
	return append(all, of("memory", memoryCommand, "%.0f bytes for each task to lock, %.0f for each rating to analyse", LockBytes, AnalyzeBytes))
}
