package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

func newDoctorCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "check the configuration, the database, the protocol, the keys and that the providers answer",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDoctor(cmd.Context(), g, cmd.OutOrStdout())
		},
	}
}

// A finding is one thing that doctor looked at.
type finding struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	// Warning says that what is all right should be looked at.
	Warning bool   `json:"warning,omitempty"`
	Detail  string `json:"detail"`
}

func runDoctor(ctx context.Context, g *global, out io.Writer) error {
	var findings []finding
	config, err := g.config()
	findings = append(findings, found("configuration", err, g.configPath()))
	if err == nil {
		findings = append(findings, checkKeys(config)...)
		findings = append(findings, checkReach(ctx, config)...)
		findings = append(findings, g.checkArmPrices(ctx, config)...)
	}
	findings = append(findings, checkDatabase(ctx, g)...)
	failed := 0
	for _, f := range findings {
		if !f.OK {
			failed++
		}
	}
	if g.json {
		if err := report.JSON(out, map[string]any{"schema": "modeltrial.doctor/1", "findings": findings}); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			fmt.Fprintf(out, "%-4s %s: %s\n", f.word(), f.Check, f.Detail)
		}
	}
	if failed > 0 {
		return errSaid
	}
	return nil
}

func (f finding) word() string {
	switch {
	case !f.OK:
		return "BAD"
	case f.Warning:
		return "!"
	}
	return "ok"
}

func found(check string, err error, detail string) finding {
	if err != nil {
		return finding{Check: check, OK: false, Detail: err.Error()}
	}
	return finding{Check: check, OK: true, Detail: detail}
}

// checkKeys says of each provider whether its key is there, and never what it is.
func checkKeys(config eval.Config) []finding {
	var findings []finding
	for _, known := range config.Providers {
		if known.APIKeyEnv == "" {
			continue
		}
		check := "key of provider " + known.Name
		if os.Getenv(known.APIKeyEnv) == "" {
			findings = append(findings, finding{Check: check, OK: false, Detail: known.APIKeyEnv + " is not set; export it before modeltrial pilot run"})
			continue
		}
		findings = append(findings, finding{Check: check, OK: true, Detail: known.APIKeyEnv + " is set"})
	}
	return findings
}

// checkReach asks the endpoints whose keys are there, all at once, whether they answer
// and take the key. That costs nothing.
func checkReach(ctx context.Context, config eval.Config) []finding {
	var called []eval.Provider
	for _, known := range config.Providers {
		if known.Kind.Called() && (known.APIKeyEnv == "" || os.Getenv(known.APIKeyEnv) != "") {
			called = append(called, known)
		}
	}
	findings := make([]finding, len(called))
	var group sync.WaitGroup
	for i, known := range called {
		group.Go(func() {
			detail, err := provider.Reach(ctx, known, os.Getenv)
			findings[i] = found("endpoint of provider "+known.Name, err, detail)
		})
	}
	group.Wait()
	return findings
}

// checkArmPrices is checkPrices with the prices of the database, where it can be opened.
func (g *global) checkArmPrices(ctx context.Context, config eval.Config) []finding {
	s, err := g.open(ctx)
	if err != nil {
		return checkPrices(ctx, nil, config) // what is wrong with the database is said by its own check
	}
	defer func() { _ = s.Close() }() // it was only read
	return checkPrices(ctx, s, config)
}

// checkPrices says of each arm and judge that would be called whether its cost can be capped, and
// whether its price should be looked up anew.
func checkPrices(ctx context.Context, s *store.Store, config eval.Config) []finding {
	price, err := armPrice(ctx, s, config)
	if err != nil {
		return []finding{found("prices", err, "")}
	}
	var findings []finding
	for i, arm := range slices.Concat(config.Pilot.Arms, config.Pilot.Judges) {
		what := "arm"
		if i >= len(config.Pilot.Arms) {
			what = "judge"
		}
		for _, call := range arm.Calls() {
			if called, _ := config.Provider(call.Provider); called.Kind.Called() {
				findings = append(findings, checkPrice(what, call, price))
			}
		}
	}
	return findings
}

// checkPrice says it of one call of an arm or judge.
func checkPrice(what string, arm eval.Arm, price func(eval.Arm) (audit.Price, bool)) finding {
	known, ok := price(arm)
	check := "price of " + what + " " + arm.Name
	switch now := time.Now(); {
	case !ok:
		return found(check, run.UnknownPrice(arm), "")
	case known.Stale(now):
		return finding{Check: check, OK: true, Warning: true, Detail: fmt.Sprintf(
			"%s %s: the price of %s is from a list of %s, %.0f days ago; look it up and put it into %s, or import a newer list with modeltrial prices import",
			what, arm.Name, arm.Model, known.Listed().Format(time.DateOnly), now.Sub(known.Listed()).Hours()/24, configName)}
	}
	return found(check, nil, arm.Model+" is priced")
}

func checkDatabase(ctx context.Context, g *global) []finding {
	s, err := g.open(ctx)
	if err != nil {
		return []finding{{Check: "database", OK: false, Detail: err.Error()}}
	}
	defer func() { _ = s.Close() }() // it was only read
	findings := []finding{}
	damage, err := s.Check(ctx)
	switch {
	case err != nil:
		findings = append(findings, finding{Check: "database", OK: false, Detail: err.Error()})
	case len(damage) > 0:
		findings = append(findings, finding{Check: "database", OK: false, Detail: fmt.Sprintf("%s: %v; restore a backup", s.Name(), damage)})
	default:
		findings = append(findings, finding{Check: "database", OK: true, Detail: s.Name() + " is whole"})
	}
	return append(findings, checkProtocol(ctx, g, s))
}

func checkProtocol(ctx context.Context, g *global, s *store.Store) finding {
	protocol, err := s.Locked(ctx)
	if errors.Is(err, eval.ErrNotFound) {
		return finding{Check: "protocol", OK: true, Detail: "none is locked yet"}
	}
	if err != nil {
		return finding{Check: "protocol", OK: false, Detail: err.Error()}
	}
	config, err := g.config()
	if err != nil {
		return finding{Check: "protocol", OK: false, Detail: "cannot be compared: the configuration is wrong"}
	}
	return found("protocol", unlocked(config, protocol), "locked, "+protocol.SHA256)
}
