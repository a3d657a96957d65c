// Command characteristics measures what the methods do where the truth is known and
// writes the tables of eval/stats/README.md. It takes some minutes.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"

	"modeltrial/eval"
	"modeltrial/eval/simulate"
)

// The tables stand between these lines of the document.
const (
	begin = "<!-- begin: make simulate -->\n"
	end   = "<!-- end: make simulate -->\n"
)

func main() {
	pilots := flag.Int("pilots", 5000, "pilots of each scenario")
	seed := flag.Uint64("seed", 1, "seed")
	path := flag.String("write", "eval/stats/README.md", "document to write the tables into")
	flag.Parse()
	if err := run(*pilots, *seed, *path); err != nil {
		fmt.Fprintln(os.Stderr, "characteristics:", err)
		os.Exit(1)
	}
}

func run(pilots int, seed uint64, path string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	document, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok1 := bytes.Cut(document, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no lines %q and %q", path, begin, end)
	}
	results := map[string][]eval.ScenarioResult{}
	var groups []string
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a pilot is small and soon forgotten
	list := simulate.Characteristics()
	for i, one := range list {
		fmt.Fprintf(os.Stderr, "\r%d of %d: %-70s", i+1, len(list), one.Scenario.Name)
		result, err := simulate.Run(ctx, one.Locked, []simulate.Scenario{one.Scenario}, simulate.Options{Seed: seed, MostPilots: pilots, Error: 1e-9})
		if err != nil {
			return err
		}
		if result.Interrupted {
			return context.Canceled
		}
		if results[one.Group] == nil {
			groups = append(groups, one.Group)
		}
		results[one.Group] = append(results[one.Group], result.Scenarios...)
	}
	fmt.Fprintln(os.Stderr)
	var tables bytes.Buffer
	fmt.Fprintf(&tables, "%d pilots a row, seed %d; in brackets the Monte-Carlo standard error, in points.\n", pilots, seed)
	for _, group := range groups {
		fmt.Fprintf(&tables, "\n#### %s\n\n", group)
		write(&tables, group, results[group])
	}
	return os.WriteFile(path, bytes.Join([][]byte{before, []byte(begin), tables.Bytes(), []byte(end), after}, nil), 0o644)
}

func write(out *bytes.Buffer, group string, rows []eval.ScenarioResult) {
	switch group {
	case simulate.ErrorGroup:
		out.WriteString("| pilots | false switch | false switch for cost | always-valid ever missed |\n| --- | ---: | ---: | ---: |\n")
		for _, row := range rows {
			fmt.Fprintf(out, "| %s | %s | %s | %s |\n", row.Name, share(row.FalseQuality), share(row.FalseCost), share(row.EverMissed))
		}
	case simulate.CoverageGroup:
		out.WriteString("| raters | win rate | fixed interval covers | always-valid ever missed |\n| ---: | ---: | ---: | ---: |\n")
		for _, row := range rows {
			fmt.Fprintf(out, "| %d | %.1f | %s | %s |\n", row.Raters, row.Truths[0].WinRate, share(row.Covered), share(row.EverMissed))
		}
	default:
		out.WriteString("| pilots | switched | mean weeks |\n| --- | ---: | ---: |\n")
		for _, row := range rows {
			fmt.Fprintf(out, "| %s | %s | %.1f |\n", row.Name, share(&row.Switched), row.MeanWeeks)
		}
	}
}

func share(s *eval.Share) string {
	if s == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f%% (%.1f)", 100*s.Estimate, 100*s.Error)
}
