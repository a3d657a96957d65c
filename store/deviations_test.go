package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

func served(cost audit.NanoUSD, model string) eval.Response {
	response := measured(cost)
	response.ModelServed = model
	return response
}

func TestDeviationsAreToldWithTheirReason(t *testing.T) {
	s, _ := newChain(t)
	changed, err := s.Locked(t.Context())
	must(t, err)
	changed.Protocol.Weeks, changed.Protocol.BudgetUSD = 3, "2"
	_, err = s.LockProtocol(t.Context(), changed.Protocol, "more money", testTime)
	must(t, err)
	must(t, s.Deviate(t.Context(), eval.Deviation{Kind: eval.StoppedEarly, Reason: "it leaks", RecordedAt: testTime}))
	if err := s.Deviate(t.Context(), eval.Deviation{Kind: eval.OtherDeviation, RecordedAt: testTime}); err == nil {
		t.Error("a deviation without a reason was recorded")
	}
	got, err := s.Deviations(t.Context())
	must(t, err)
	want := []string{"2026-03-02: protocol version 2 (weeks 2 → 3; budget_usd \"1\" → \"2\"): more money", "2026-03-02: early stop: it leaks"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if stop, err := s.Stopped(t.Context()); err != nil || stop == nil || stop.Reason != "it leaks" {
		t.Errorf("stopped: got %+v, %v", stop, err)
	}
	must(t, s.Deviate(t.Context(), eval.Deviation{Kind: eval.Resumed, Reason: "mended", RecordedAt: testTime}))
	if stop, err := s.Stopped(t.Context()); err != nil || stop != nil {
		t.Errorf("resumed: still stopped, %v", err)
	}
}

// TestReplacedModelsNeedAReason: a model that served none of the earlier answers.
func TestReplacedModelsNeedAReason(t *testing.T) {
	s := newTest(t)
	ids := addTasks(t, s, audit.Math, 4)
	_, err := s.LockProtocol(t.Context(), testProtocol, "", testTime)
	must(t, err)
	must(t, s.CreateBatch(t.Context(), 1, map[audit.Category][]string{audit.Math: ids}, testTime))
	answer := func(task int, arm, model string, hours int) {
		t.Helper()
		cell := eval.Cell{TaskID: ids[task], Category: audit.Math, Arm: arm, Week: 1}
		must(t, s.SaveResponse(t.Context(), cell, served(1, model), 0, testTime.Add(time.Duration(hours)*time.Hour)))
	}
	answer(0, "next", "forge-1", 0)
	answer(1, "next", "forge-1", 1)
	answer(0, "now", "atlas-1", 1)
	answer(1, "now", "", 2) // not said
	if unexplained, err := s.UnexplainedDeviations(t.Context()); err != nil || len(unexplained) != 0 {
		t.Fatalf("got %v, %v before anything changed", unexplained, err)
	}
	answer(2, "next", "forge-2", 24)
	answer(3, "next", "forge-1", 25) // served in turn
	unexplained, err := s.UnexplainedDeviations(t.Context())
	must(t, err)
	if len(unexplained) != 1 || unexplained[0].Subject != "next" || !strings.Contains(unexplained[0].Changes, "served by forge-2, before by forge-1") || unexplained[0].RecordedAt.Day() != 3 {
		t.Fatalf("got %v, want the change of next", unexplained)
	}
	words, err := s.Deviations(t.Context())
	must(t, err)
	if len(words) != 1 || !strings.Contains(words[0], "no reason is given") {
		t.Errorf("got %q, want that there is no reason", words)
	}
	must(t, s.Deviate(t.Context(), eval.Deviation{Kind: eval.ModelReplaced, Subject: "next", Reason: "retired", RecordedAt: testTime.Add(48 * time.Hour)}))
	if unexplained, err := s.UnexplainedDeviations(t.Context()); err != nil || len(unexplained) != 0 {
		t.Errorf("got %v, %v after the reason", unexplained, err)
	}
}

func TestSkippedWeeksNeedAReason(t *testing.T) {
	s := newTest(t)
	ids := addTasks(t, s, audit.Math, 3)
	_, err := s.LockProtocol(t.Context(), testProtocol, "", testTime)
	must(t, err)
	for week, id := range ids {
		must(t, s.CreateBatch(t.Context(), week+1, map[audit.Category][]string{audit.Math: {id}}, testTime))
	}
	if unexplained, err := s.UnexplainedDeviations(t.Context()); err != nil || len(unexplained) != 0 {
		t.Fatalf("got %v, %v at the start", unexplained, err)
	}
	must(t, s.SaveResponse(t.Context(), eval.Cell{TaskID: ids[0], Arm: "now"}, served(1, "a"), 0, testTime))
	must(t, s.SaveResponse(t.Context(), eval.Cell{TaskID: ids[2], Arm: "now"}, served(1, "a"), 0, testTime))
	unexplained, err := s.UnexplainedDeviations(t.Context())
	must(t, err)
	if len(unexplained) != 1 || unexplained[0].Subject != "week 2" || unexplained[0].Kind != eval.WeekSkipped {
		t.Fatalf("got %v, want week 2", unexplained)
	}
	must(t, s.Deviate(t.Context(), eval.Deviation{Kind: eval.WeekSkipped, Subject: "week 2", Reason: "holidays", RecordedAt: testTime}))
	if unexplained, err := s.UnexplainedDeviations(t.Context()); err != nil || len(unexplained) != 0 {
		t.Errorf("got %v, %v after the reason", unexplained, err)
	}
}
