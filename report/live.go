package report

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A Link leads from a page of modeltrial serve to another. Files have none.
type Link struct {
	Href, Title string
	Current     bool // it is the page's own
}

// A Pilot is how far a pilot is, for its owner.
type Pilot struct {
	Nav           []Link
	Protocol      eval.LockedProtocol
	Weeks         []ArmWeek
	Progress      Progress
	SpentUSD      float64
	SetAsideUSD   float64 // for calls under way, or that may have been billed without an answer
	BudgetUSD     float64
	Workers       []eval.WorkerProcess
	GivenUp       int // calls that workers have given up
	Raters        []RaterProgress
	OpenJudgement int    // comparisons that judges have yet to rate
	Due           string // the command that comes next
	Deviations    []string
	GeneratedAt   time.Time
}

// An ArmWeek is how far one arm is with the tasks of a week.
type ArmWeek struct {
	Week                    int
	Category, Arm           string
	Tasks, Answered, Failed int
	CostUSD                 float64
	LastError               string
}

// A RaterProgress is what a person, judge or check has rated.
type RaterProgress struct {
	Name, Kind string
	Simulated  bool
	Ratings    int
}

// PilotPage writes how far a pilot is, as one self-contained page without a script.
func PilotPage(w io.Writer, p Pilot) error {
	return writePage(w, "pilot.html", struct {
		Pilot
		Title, Answer, Simulated string
	}{p, "How far the pilot is", pilotSentence(p), simulatedRaters(p.Raters)})
}

// pilotSentence is what an owner has to know first.
func pilotSentence(p Pilot) string {
	tasks, answered := 0, 0
	for _, row := range p.Weeks {
		tasks, answered = tasks+row.Tasks, answered+row.Answered
	}
	switch {
	case tasks == 0:
		return "No task has been drawn yet."
	case answered < tasks:
		return fmt.Sprintf("%s of %s are there; %s.", Count(answered), counted(tasks, "answer", "answers"), p.Progress)
	}
	return fmt.Sprintf("All %s are there; %s.", counted(tasks, "answer", "answers"), p.Progress)
}

func simulatedRaters(raters []RaterProgress) string {
	simulated, all := 0, 0
	for _, rater := range raters {
		all += rater.Ratings
		if rater.Simulated {
			simulated += rater.Ratings
		}
	}
	if simulated == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %s are simulated.", Count(simulated), counted(all, "rating", "ratings"))
}

// A tableChange is a stored routing table beside the one before.
type tableChange struct {
	eval.RoutingTable
	Head, Notice, Saving string
	Rows                 []routeChange
	Changes              int
}

// A routeChange is a route with what it was before, where that was another.
type routeChange struct {
	eval.Route
	Before string // empty where arm and decision are the same, or there was no table
}

// HistoryPage writes the routing tables that were stored, the oldest first given and the
// newest first shown. differences are what each but the first changed.
func HistoryPage(w io.Writer, nav []Link, tables []eval.StoredTable, differences []eval.RoutingDiff, generatedAt time.Time) error {
	changes := make([]tableChange, len(tables))
	for i, stored := range tables {
		table := stored.Table
		before := map[audit.Category]string{}
		change := tableChange{RoutingTable: table, Head: routingHead(table), Notice: provenance(table.Provenance), Saving: savingSentence(table.Total)}
		if i > 0 {
			change.Changes = differences[i-1].Changed()
			for _, r := range differences[i-1].Routes {
				before[r.Category] = routeBefore(r)
			}
		}
		for _, r := range table.Routes {
			change.Rows = append(change.Rows, routeChange{r, before[r.Category]})
		}
		changes[len(tables)-1-i] = change
	}
	return writePage(w, "history.html", struct {
		Nav         []Link
		Title       string
		Tables      []tableChange
		GeneratedAt time.Time
	}{nav, "Routing tables so far", changes, generatedAt})
}

// routeBefore is what a category's route was, empty where it is the same.
func routeBefore(r eval.RouteDiff) string {
	switch r.Change {
	case eval.RouteAdded:
		return "no route"
	case eval.RouteArm, eval.RouteDecided:
		return routeSummary(r.From)
	case eval.RouteRemoved, eval.RouteNewEvidence, eval.RouteUnchanged:
	}
	return ""
}

// A Message is a page that says why there is nothing else, and what to do.
type Message struct {
	Nav               []Link
	Title, Text, Next string
}

// MessagePage writes a message as a page.
func MessagePage(w io.Writer, m Message) error { return writePage(w, "message.html", m) }

// writePage makes a page in memory first, so that w gets the whole page or nothing.
func writePage(w io.Writer, template string, data any) error {
	var buffer bytes.Buffer
	if err := pages().ExecuteTemplate(&buffer, template, data); err != nil {
		return fmt.Errorf("page %s: %w", template, err)
	}
	_, err := w.Write(buffer.Bytes())
	return err
}
