package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

func newDoctorCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "check the configuration, the database, the protocol and the keys",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDoctor(cmd.Context(), g, cmd.OutOrStdout())
		},
	}
}

// A finding is one thing that doctor looked at.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

func runDoctor(ctx context.Context, g *global, out io.Writer) error {
	var findings []finding
	config, err := g.config()
	findings = append(findings, found("configuration", err, g.configPath()))
	if err == nil {
		findings = append(findings, checkKeys(config)...)
		findings = append(findings, checkPrices(config)...)
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
			fmt.Fprintf(out, "%-4s %s: %s\n", map[bool]string{true: "ok", false: "BAD"}[f.OK], f.Check, f.Detail)
		}
	}
	if failed > 0 {
		return errSaid
	}
	return nil
}

func found(check string, err error, detail string) finding {
	if err != nil {
		return finding{check, false, err.Error()}
	}
	return finding{check, true, detail}
}

// checkKeys says of each provider whether its key is there, and never what it is.
func checkKeys(config eval.Config) []finding {
	var findings []finding
	for _, provider := range config.Providers {
		if provider.APIKeyEnv == "" {
			continue
		}
		check := "key of provider " + provider.Name
		if os.Getenv(provider.APIKeyEnv) == "" {
			findings = append(findings, finding{check, false, provider.APIKeyEnv + " is not set; export it before modeltrial pilot run"})
			continue
		}
		findings = append(findings, finding{check, true, provider.APIKeyEnv + " is set"})
	}
	return findings
}

// checkPrices says of each arm that would be called whether its cost can be capped.
func checkPrices(config eval.Config) []finding {
	price, err := armPrice(config)
	if err != nil {
		return []finding{found("prices", err, "")}
	}
	var findings []finding
	for _, arm := range config.Pilot.Arms {
		provider, _ := config.Provider(arm.Provider)
		if provider.Kind != eval.ProviderOpenAI {
			continue
		}
		var missing error
		if _, known := price(arm); !known {
			missing = run.UnknownPrice(arm)
		}
		findings = append(findings, found("price of arm "+arm.Name, missing, arm.Model+" is priced"))
	}
	return findings
}

func checkDatabase(ctx context.Context, g *global) []finding {
	s, err := g.open(ctx)
	if err != nil {
		return []finding{{"database", false, err.Error()}}
	}
	defer func() { _ = s.Close() }() // it was only read
	findings := []finding{}
	damage, err := s.Check(ctx)
	switch {
	case err != nil:
		findings = append(findings, finding{"database", false, err.Error()})
	case len(damage) > 0:
		findings = append(findings, finding{"database", false, fmt.Sprintf("%s: %v; restore a backup", g.databasePath(), damage)})
	default:
		findings = append(findings, finding{"database", true, g.databasePath() + " is whole"})
	}
	return append(findings, checkProtocol(ctx, g, s))
}

func checkProtocol(ctx context.Context, g *global, s *store.Store) finding {
	protocol, err := s.Locked(ctx)
	if errors.Is(err, eval.ErrNotFound) {
		return finding{"protocol", true, "none is locked yet"}
	}
	if err != nil {
		return finding{"protocol", false, err.Error()}
	}
	config, err := g.config()
	if err != nil {
		return finding{"protocol", false, "cannot be compared: the configuration is wrong"}
	}
	return found("protocol", unlocked(config, protocol), "locked, "+protocol.SHA256)
}
