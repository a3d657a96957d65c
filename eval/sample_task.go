package eval

import "time"

// A SampleTask is a task that can be in a batch, with what the sample is stratified by.
type SampleTask struct {
	ID       string
	Team     string    // empty where the log names none
	Cluster  string    // of tasks that belong together; empty: it stands alone
	LoggedAt time.Time // zero where the log does not say
}

// SampleKind is where the tasks of a pilot's weeks come from.
type SampleKind string

// The kinds of sample. An empty one is of the reserve.
const (
	SampleReserve SampleKind = "reserve" // every week's from the log as it is when the protocol is locked
	// SampleFresh draws each week's when the week begins: first from what was logged in the
	// seven days before and since, and what is then still missing from the reserve, which
	// is the older part of the log. A week is smaller where that has too few as well.
	SampleFresh SampleKind = "fresh"
)

// week is the length of a batch's week.
const week = 7 * 24 * time.Hour

// WeekBegins is when a week of a pilot begins that was locked first at a time; the first
// one does then.
func WeekBegins(locked time.Time, number int) time.Time {
	return locked.Add(time.Duration(number-1) * week)
}

// FreshSince is the time from which on a task is fresh in a week.
func FreshSince(locked time.Time, number int) time.Time { return WeekBegins(locked, number).Add(-week) }
