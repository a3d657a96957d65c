//go:build !race

package store

// bulkScale divides the rows of the bulk tests: without the race detector it need not.
const bulkScale = 1
