package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"modeltrial/eval"
)

func TestCommandRunsAreKept(t *testing.T) {
	s := newAnswered(t, 1, 1)
	run := eval.CommandRun{Key: strings.Repeat("a", 64), Check: "tests", Passes: true, Confined: true}
	if got, err := s.CommandRun(t.Context(), run.Key); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("before it ran: %+v, %v", got, err)
	}
	must(t, s.SaveCommandRun(t.Context(), run, testTime))
	again := run
	again.Passes, again.Detail = false, "exit code 1"
	must(t, s.SaveCommandRun(t.Context(), again, testTime.Add(time.Hour)))
	if got, err := s.CommandRun(t.Context(), run.Key); err != nil || got != run {
		t.Errorf("got %+v, %v, want the first, %+v", got, err, run)
	}
}
