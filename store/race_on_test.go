//go:build race

package store

// bulkScale divides the rows of the bulk tests, and with them how many let an import
// leave the index: what the race detector adds to every step of SQLite would make
// minutes of them, and none of it depends on the size.
const bulkScale = 8

func init() { leaveIndexAfter /= bulkScale }
