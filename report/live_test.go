package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/decide"
)

func TestHistoryPageShowsWhatChanged(t *testing.T) {
	before, after := fixtureRouting(), fixtureRouting()
	before.Routes = before.Routes[1:] // coding is new
	before.DecidedAt = before.DecidedAt.AddDate(0, -1, 0)
	before.Routes[0].Arm = hostile
	var out bytes.Buffer
	tables := []eval.StoredTable{{ID: 1, Table: before}, {ID: 2, Table: after}}
	nav := []Link{{Href: "/", Title: "Pilot"}, {Href: "/history", Title: "History", Current: true}}
	if err := HistoryPage(&out, nav, tables, decide.Changes(tables), before.DecidedAt); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{
		"2 stored", "2 changed since the table before", "before: no route", "before: =cmd|", "&lt;script&gt;", `<a href="/history" aria-current="page">History</a>`, `<a href="/">Pilot</a>`,
		"480 of 480 ratings are simulated",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if newest, oldest := strings.Index(page, "2026-10-30"), strings.Index(page, "<h2>2026-09-30"); newest < 0 || oldest < newest {
		t.Errorf("the newest table is at %d, the oldest at %d", newest, oldest)
	}
	checkPage(t, page)
	out.Reset()
	if err := HistoryPage(&out, nil, nil, nil, time.Time{}); err != nil || !strings.Contains(out.String(), "run modeltrial route recommend") {
		t.Errorf("without a table: %v\n%s", err, out.String())
	}
}

// checkPage holds a page to what every page of ours keeps: no script, nothing from
// elsewhere, hostile text as text.
func checkPage(t *testing.T, page string) {
	t.Helper()
	for _, never := range []string{"<script", "http://", "https://", " src=", "\x1b", "\u202e"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %q", never)
		}
	}
}

func TestPilotPage(t *testing.T) {
	pilot := Pilot{Protocol: eval.LockedProtocol{SHA256: fixtureHash}, Progress: Progress{Comparisons: 180, RatedOnce: 38, PeopleAsked: 1}}
	pilot.Protocol.Protocol.Name = hostile
	write := func() string {
		t.Helper()
		var out bytes.Buffer
		if err := PilotPage(&out, pilot); err != nil {
			t.Fatal(err)
		}
		checkPage(t, out.String())
		return out.String()
	}
	for _, want := range []string{"No task has been drawn yet.", "Nobody has been invited yet", "allows no call that costs money"} {
		if page := write(); !strings.Contains(page, want) {
			t.Errorf("at the beginning: no %q", want)
		}
	}
	pilot.Weeks = []ArmWeek{{Week: 1, Category: hostile, Arm: hostile, Tasks: 30, Answered: 28, Failed: 2, CostUSD: 1.5, LastError: hostile}}
	pilot.Raters = []RaterProgress{{Name: hostile, Kind: "human", Simulated: true, Ratings: 20}, {Name: "ana", Kind: "human", Ratings: 18}}
	pilot.SpentUSD, pilot.SetAsideUSD, pilot.BudgetUSD, pilot.OpenJudgement, pilot.Due = 12.5, 0.5, 50, 7, "modeltrial pilot run"
	pilot.Deviations = []string{hostile}
	pilot.GeneratedAt, pilot.GivenUp = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), 3
	pilot.Workers = []eval.WorkerProcess{
		{Process: hostile, SeenAt: pilot.GeneratedAt, Answered: 12, PerMinute: 34.6}, {Process: "b, process 2", SeenAt: pilot.GeneratedAt.Add(-time.Hour), PerMinute: 99},
	}
	for _, want := range []string{
		"28 of 30 answers are there; 38 of 180 comparisons rated.", "20 of 38 ratings are simulated.", "12.5 USD of 50.0 USD", "0.500 USD are set aside",
		"7 comparisons yet to rate", "<code>modeltrial pilot run</code>", "last error: =cmd|", "(simulated)", "Deviations from the protocol",
		"3 calls were given up", ">working<", ">35<", ">lost<",
	} {
		if page := write(); !strings.Contains(page, want) {
			t.Errorf("under way: no %q in\n%s", want, page)
		}
	}
	pilot.Weeks[0].Answered = 30
	if page := write(); !strings.Contains(page, "All 30 answers are there; 38 of 180 comparisons rated.") {
		t.Error("it does not say that all answers are there")
	}
}
