package main

import (
	"testing"
	"time"

	"modeltrial/eval"
)

// TestAWorkerLooksAtAnsweredTasksNowAndThen holds a worker to what it may leave out.
func TestAWorkerLooksAtAnsweredTasksNowAndThen(t *testing.T) {
	var jobs openJobs
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	first := eval.Cell{Week: 2, Category: "coding", TaskID: "t7"}
	look := func(what string, givenUp int, at time.Time, want eval.Cell) {
		t.Helper()
		if got := jobs.from(givenUp, at); got != want {
			t.Errorf("%s it begins at %+v, want %+v", what, got, want)
		}
		jobs.begins(first)
	}
	look("at first", 0, now, eval.Cell{})
	look("a moment later", 0, now.Add(time.Second), first)
	look("when a call was given up", 1, now.Add(2*time.Second), first)
	look("when a call was asked for again", 0, now.Add(3*time.Second), eval.Cell{})
	look("after a while", 0, now.Add(4*time.Second+fromStartPause), eval.Cell{})
}
