package store

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
)

func TestJudgeRecords(t *testing.T) {
	s, protocol := newJudged(t)
	if records, err := s.JudgeRecords(t.Context()); err != nil || records != nil {
		t.Fatalf("without tables: %v, %v", records, err)
	}
	protocol.JudgesMayDecide = true
	protocol.Rubrics = map[audit.Category]string{audit.Coding: "1. Does it run?"}
	locked, err := s.LockProtocol(t.Context(), protocol, "with a rubric", testTime)
	must(t, err)
	measured := eval.RouteJudge{Judge: "bench", Shared: 60, Difference: &eval.Interval{Estimate: 0.01, Low: -0.05, High: 0.07}, Passes: true}
	other := eval.RouteJudge{Judge: "stranger", WhyMissing: "no task"}
	_, err = s.SaveRoutingTable(t.Context(), eval.RoutingTable{
		ProtocolSHA256: locked.SHA256, DecidedAt: testTime, Provenance: eval.Provenance{RatingsSimulated: 1},
		Routes: []eval.Route{
			{Category: audit.Coding, Decision: eval.Keep, Evidence: eval.RouteEvidence{Judges: []eval.RouteJudge{measured, other}}},
			{Category: audit.Math, Decision: eval.Keep},
		},
	})
	must(t, err)
	_, err = s.SaveRoutingTable(t.Context(), eval.RoutingTable{
		ProtocolSHA256: "of nobody", DecidedAt: testTime.Add(time.Hour),
		Routes: []eval.Route{{Category: audit.Math, Decision: eval.Keep, Evidence: eval.RouteEvidence{Judges: []eval.RouteJudge{measured}}}},
	})
	must(t, err)
	want := []eval.JudgeRecord{
		{RouteJudge: measured, Category: audit.Coding, Table: 1, DecidedAt: testTime, ProtocolSHA256: locked.SHA256, Simulated: true, Instrument: protocol.Judges[0], Rubric: "1. Does it run?"},
		{RouteJudge: other, Category: audit.Coding, Table: 1, DecidedAt: testTime, ProtocolSHA256: locked.SHA256, Simulated: true, Rubric: "1. Does it run?"},
		{RouteJudge: measured, Category: audit.Math, Table: 2, DecidedAt: testTime.Add(time.Hour), ProtocolSHA256: "of nobody"},
	}
	check := func(when string) {
		t.Helper()
		data, err := s.Dataset(t.Context(), 0)
		must(t, err)
		if diff := cmp.Diff(want, data.JudgeRecords); diff != "" {
			t.Errorf("%s, records (-want +got):\n%s", when, diff)
		}
	}
	check("before any call")
	coding := slices.DeleteFunc(open(t, s), func(j eval.Judgement) bool { return j.Category != audit.Coding })
	for i, c := range []struct {
		wording, served string
		mixed           bool
	}{{"wording", "gpt-x-1", false}, {"wording", "", false}, {"wording", "gpt-x-2", true}} {
		must(t, s.ReserveJudgement(t.Context(), coding[i], "gpt-x", c.wording, 0, 0, testTime, testTime.Add(time.Minute)))
		must(t, s.EndJudgement(t.Context(), coding[i], eval.JudgeReply{Verdict: eval.ShownTie, ModelServed: c.served}, testTime))
		want[0].Mixed = c.mixed
		check("answered by " + c.served)
	}
}
