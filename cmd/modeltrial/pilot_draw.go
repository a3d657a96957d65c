package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

// drawWeeks samples the weeks of every use case that have no sample yet: all of them, or
// where the protocol asks for fresh tasks those that have begun.
func drawWeeks(ctx context.Context, s *store.Store, config eval.Config, now time.Time) error {
	locked, err := s.FirstLocked(ctx)
	if err != nil {
		return err
	}
	for _, useCase := range config.Pilot.UseCases {
		if err := draw(ctx, s, config, useCase, locked, now); err != nil {
			return err
		}
	}
	return nil
}

// draw samples the open weeks of a use case, from the tasks that are in no batch.
func draw(ctx context.Context, s *store.Store, config eval.Config, useCase eval.UseCase, locked, now time.Time) error {
	sampled, err := s.SampledWeeks(ctx, useCase.Category)
	if err != nil {
		return err
	}
	pilot := config.Pilot
	var weeks []int
	for week := 1; week <= pilot.Weeks; week++ {
		begun := pilot.Sample != eval.SampleFresh || !eval.WeekBegins(locked, week).After(now)
		if begun && !slices.Contains(sampled, week) {
			weeks = append(weeks, week)
		}
	}
	if len(weeks) == 0 {
		return nil
	}
	tasks, err := s.SampleTasks(ctx, useCase.Category, recordedArms(config, useCase))
	if err != nil {
		return err
	}
	inBatches, err := s.BatchTaskIDs(ctx, 0, useCase.Category)
	if err != nil {
		return err
	}
	drawn := map[string]bool{}
	for _, id := range inBatches {
		drawn[id] = true
	}
	// A week that is drawn late leaves the log of the weeks after it to them.
	free := func(before time.Time) []eval.SampleTask {
		return slices.DeleteFunc(slices.Clone(tasks), func(t eval.SampleTask) bool {
			return drawn[t.ID] || !before.IsZero() && !t.LoggedAt.Before(before)
		})
	}
	var samples [][]string
	if pilot.Sample == eval.SampleFresh {
		for _, week := range weeks {
			ids, _ := run.DrawWeek(free(eval.WeekBegins(locked, week+1)), eval.FreshSince(locked, week), pilot.TasksPerWeek, pilot.Seed, string(useCase.Category), week)
			for _, id := range ids {
				drawn[id] = true
			}
			samples = append(samples, ids)
		}
	} else {
		samples = run.SampleWeeks(free(time.Time{}), len(weeks), pilot.TasksPerWeek, pilot.Seed, string(useCase.Category))
	}
	for i, ids := range samples {
		if len(ids) == 0 {
			continue // answers made elsewhere bring their tasks with them
		}
		if err := s.CreateBatch(ctx, weeks[i], map[audit.Category][]string{useCase.Category: ids}, now); err != nil {
			return err
		}
	}
	return nil
}

// nextWeek says when the next week of a protocol with fresh tasks begins; empty where
// every week has.
func nextWeek(ctx context.Context, s *store.Store, protocol eval.Protocol, now time.Time) (string, error) {
	if protocol.Sample != eval.SampleFresh {
		return "", nil
	}
	locked, err := s.FirstLocked(ctx)
	if err != nil {
		return "", err
	}
	for week := 2; week <= protocol.Weeks; week++ {
		if begins := eval.WeekBegins(locked, week); begins.After(now) {
			return fmt.Sprintf("week %d of %s is drawn and due from %s on; import the log of the days before it first", week, report.Count(protocol.Weeks), begins.Format("2006-01-02 15:04 UTC")), nil
		}
	}
	return "", nil
}
