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
	measuredOn       = "2026-11-27"
	measuredMachine  = "2 shared cores of an AMD Turin"
	measuredInFlight = 64
	scaleCommand     = "go test -run '^$' -bench '^BenchmarkScale$' -benchtime 1x ./cmd/modeltrial"
	postgresCommand  = "the same with MODELTRIAL_TEST_POSTGRES set to a server's address"
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
	Calls: 4400, JudgeCalls: 5000, Ratings: 1100,
}

// PostgreSQL was measured in the same way, version 15 on the same machine, as the tables
// lie there when a pilot ends: rows that were updated have left their old versions'
// place behind. It compresses texts of more than 2 KB.
var PostgreSQL = Database{
	Rows: []Row{
		{Table: "tasks", Fixed: 440, Text: 0.58, Index: 121},
		{Table: "batch_tasks", Fixed: 102, Index: 184},
		{Table: "calls", Fixed: 294, Index: 131},
		{Table: "responses", Fixed: 400, Text: 0.61, Index: 138},
		{Table: "response_steps", Fixed: 774, Text: 0.64, Index: 156},
		{Table: "comparisons", Fixed: 130, Index: 192},
		{Table: "comparison_queue", Fixed: 124, Index: 250},
		{Table: "comparison_checks", Fixed: 121, Index: 52},
		{Table: "presentations", Fixed: 221, Index: 401},
		{Table: "ratings", Fixed: 144, Text: 1, Index: 180},
		{Table: "judge_calls", Fixed: 388, Index: 125},
	},
	Calls: 1460, JudgeCalls: 2870, Ratings: 375,
}

// What was measured of whole processes. A worker was a pilot run of 400,000 calls, 64 at
// a time, against a server on the same machine that answers at once, so that it waited
// for nobody; memory is what was resident at most.
const (
	WorkerCalls   = 1000.0    // a second
	WorkerBytes   = 120 << 20 // whatever the number of tasks
	InFlightBytes = 140 << 10 // for each call in flight, 64 to 1,000 of them
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
	all := []eval.ScaleMeasure{of("worker", runCommand, "%.0f calls a second; %d MB, and %d kB for each call in flight", WorkerCalls, WorkerBytes>>20, InFlightBytes>>10)}
	for _, database := range []struct {
		name, command string
		of            Database
	}{{eval.SQLite, scaleCommand, SQLite}, {eval.PostgreSQL + " 15", postgresCommand, PostgreSQL}} {
		all = append(all, of(database.name, database.command, "bytes/row; %.0f calls, %.0f judge calls or %.0f ratings a second, %d at a time",
			database.of.Calls, database.of.JudgeCalls, database.of.Ratings, measuredInFlight))
	}
	return append(all, of("memory", memoryCommand, "%.0f bytes for each task to lock, %.0f for each rating to analyse", LockBytes, AnalyzeBytes))
}
