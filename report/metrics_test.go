package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"modeltrial/eval"
	"modeltrial/report"
)

func TestPrometheusReadsThePilot(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	pilot := report.Pilot{
		Protocol: eval.LockedProtocol{Version: 2, SHA256: "ab", Protocol: eval.Protocol{Name: `support "first"`}},
		Weeks: []report.ArmWeek{
			{Week: 1, Category: "coding", Arm: "now", Tasks: 10, Answered: 9, Failed: 1, CostUSD: 0.25, LastError: "a secret"},
			{Week: 1, Category: "coding", Arm: "next", Tasks: 10, Answered: 10},
		},
		SpentUSD: 1.5, BudgetUSD: 20, GivenUp: 2, GeneratedAt: now,
		Workers: []eval.WorkerProcess{{Process: "machine-1, process 7", SeenAt: now, PerMinute: 30}, {SeenAt: now.Add(-time.Hour), PerMinute: 99}},
		Raters:  []report.RaterProgress{{Name: "Ann", Kind: "human", Ratings: 3}, {Name: "Bob", Kind: "human", Ratings: 4}, {Name: "Sim", Kind: "human", Simulated: true, Ratings: 5}},
	}
	var out bytes.Buffer
	if err := report.PilotMetrics(&out, pilot); err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(out.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	if n := len(families["modeltrial_tasks_answered"].GetMetric()); n != 2 {
		t.Errorf("got %d arms, want 2", n)
	}
	for _, line := range []string{
		`modeltrial_tasks_answered{arm="now",category="coding",week="1"} 9`,
		`modeltrial_cost_usd{arm="now",category="coding",week="1"} 0.25`,
		`modeltrial_pilot_info{protocol="support \"first\"",sha256="ab",version="2"} 1`,
		`modeltrial_ratings{kind="human",simulated="false"} 7`,
		`modeltrial_ratings{kind="human",simulated="true"} 5`,
		`modeltrial_raters{kind="human",simulated="false"} 2`,
		`modeltrial_budget_usd 20`,
		`modeltrial_workers{state="working"} 1`,
		`modeltrial_workers{state="lost"} 1`,
		`modeltrial_worker_calls_per_minute 30`,
		`modeltrial_calls_given_up 2`,
	} {
		if !strings.Contains(out.String(), line+"\n") {
			t.Errorf("%s is missing in\n%s", line, out.String())
		}
	}
	for _, private := range []string{"Ann", "secret", "machine-1"} {
		if strings.Contains(out.String(), private) {
			t.Errorf("%q is told", private)
		}
	}
}
