package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/decide"
	"modeltrial/report"
	"modeltrial/report/owner"
	"modeltrial/store"
)

// pagesFresh is how long a page is shown again before it is made anew.
const pagesFresh = 5 * time.Second

// metricsTokenEnv names the variable with the bearer token that opens /metrics.
const metricsTokenEnv = "MODELTRIAL_METRICS_TOKEN"

func runServePages(ctx context.Context, g *global, s *store.Store, listen string, errOut io.Writer) error {
	token, _, err := blind.NewToken(rand.Reader)
	if err != nil {
		return err
	}
	listener, err := listenOn(ctx, listen)
	if err != nil {
		return err
	}
	handler := owner.New(owner.Options{
		Token: token, Session: blind.NewID(), Pages: ownerPages(g, s), Fresh: pagesFresh,
		Metrics: pilotMetrics(g, s), MetricsToken: os.Getenv(metricsTokenEnv),
		Logger: slog.Default(),
	})
	fmt.Fprintf(errOut, "open\n  http://%s/enter/%s\nThe link is a key to all results, and is not printed again. Ctrl-C ends it.\n", listener.Addr(), token)
	const longest = 2 * time.Minute // an analysis may be large
	return serveHTTP(ctx, listener, monitored(handler, s.Ready), longest)
}

// ownerPages are the documents of the workspace as they are when they are asked for.
func ownerPages(g *global, s *store.Store) []owner.Page {
	return []owner.Page{
		{Path: "/", Title: "Pilot", Render: func(ctx context.Context, w io.Writer, nav []report.Link) error {
			pilot, err := pilotPage(ctx, g, s)
			if notLocked(err) {
				return sayNotLocked(w, nav)
			}
			if err != nil {
				return err
			}
			pilot.Nav = nav
			return report.PilotPage(w, pilot)
		}},
		{Path: "/results", Title: "Results", Render: func(ctx context.Context, w io.Writer, nav []report.Link) error {
			if _, err := s.Locked(ctx); notLocked(err) {
				return sayNotLocked(w, nav)
			}
			input, err := storedInput(ctx, g, s, timeNow())
			if err != nil {
				return err
			}
			input.Nav = nav
			return report.HTML(w, input)
		}},
		{Path: "/audit", Title: "Audit", Render: func(ctx context.Context, w io.Writer, nav []report.Link) error {
			document, err := auditReport(ctx, g, s)
			if err != nil {
				return err
			}
			return report.AuditPage(w, document, timeNow(), nav...)
		}},
		{Path: "/history", Title: "History", Render: func(ctx context.Context, w io.Writer, nav []report.Link) error {
			tables, err := s.RoutingTables(ctx)
			if err != nil {
				return err
			}
			return report.HistoryPage(w, nav, tables, decide.Changes(tables), timeNow())
		}},
	}
}

// pilotMetrics writes how far the pilot is for Prometheus; nothing where none is locked.
func pilotMetrics(g *global, s *store.Store) func(context.Context, io.Writer) error {
	return func(ctx context.Context, w io.Writer) error {
		pilot, err := pilotPage(ctx, g, s)
		if notLocked(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return report.PilotMetrics(w, pilot)
	}
}

func notLocked(err error) bool { return errors.Is(err, eval.ErrNotFound) }

func sayNotLocked(w io.Writer, nav []report.Link) error {
	return report.MessagePage(w, report.Message{
		Nav: nav, Title: "No pilot yet", Text: "No protocol is locked, so that there is nothing to show.",
		Next: "Plan the pilot in modeltrial.yaml, then run modeltrial pilot plan and modeltrial pilot lock. The audit is there already.",
	})
}

// pilotPage gathers how far the pilot is; eval.ErrNotFound where none is locked.
func pilotPage(ctx context.Context, g *global, s *store.Store) (report.Pilot, error) {
	pilot := report.Pilot{GeneratedAt: timeNow()}
	var err error
	if pilot.Protocol, err = s.Locked(ctx); err != nil {
		return pilot, err
	}
	status, err := s.PilotStatus(ctx)
	if err != nil {
		return pilot, err
	}
	pilot.Progress = progress(status, pilot.Protocol.Protocol)
	for _, row := range status.Arms {
		pilot.Weeks = append(pilot.Weeks, report.ArmWeek{
			Week: row.Week, Category: string(row.Category), Arm: row.Arm, Tasks: row.Tasks,
			Answered: row.Answered, Failed: row.Failed, CostUSD: row.CostNano.Dollars(), LastError: row.LastFail,
		})
	}
	raters, err := s.Raters(ctx)
	if err != nil {
		return pilot, err
	}
	for _, rater := range raters {
		pilot.Raters = append(pilot.Raters, report.RaterProgress{Name: rater.Name, Kind: string(rater.Kind), Simulated: rater.Simulated, Ratings: rater.Ratings})
	}
	if err := pilotMoney(ctx, s, &pilot); err != nil {
		return pilot, err
	}
	if _, pilot.OpenJudgement, err = judgeStatus(ctx, s, pilot.Protocol.Protocol); err != nil {
		return pilot, err
	}
	stop, err := s.Stopped(ctx)
	if err != nil {
		return pilot, err
	}
	cells, err := s.OpenCells(ctx, 0)
	if err != nil {
		return pilot, err
	}
	if pilot.Workers, err = s.Workers(ctx, pilot.GeneratedAt); err != nil {
		return pilot, err
	}
	waiting, err := s.WaitingCalls(ctx)
	if err != nil {
		return pilot, err
	}
	pilot.GivenUp = len(waiting)
	pilot.Due = g.dueCommand(stop != nil, atWork(pilot.Workers, pilot.GeneratedAt), len(cells), pilot.OpenJudgement, status)
	pilot.Deviations, err = s.Deviations(ctx)
	return pilot, err
}

func pilotMoney(ctx context.Context, s *store.Store, pilot *report.Pilot) error {
	spent, err := s.Spent(ctx)
	if err != nil {
		return err
	}
	committed, err := s.Committed(ctx)
	if err != nil {
		return err
	}
	budget, err := pilot.Protocol.Protocol.Budget()
	pilot.SpentUSD, pilot.SetAsideUSD, pilot.BudgetUSD = spent.Dollars(), (committed - spent).Dollars(), budget.Dollars()
	return err
}
