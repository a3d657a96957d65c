// Command modeltrial finds out, on an organisation's own work, which model should
// do which kind of task.
//
// This package parses flags, wires the others together and prints. It holds no
// trial logic, no SQL and no statistics.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"modeltrial/audit/ingest"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and gives the exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	g := &global{}
	root := newRootCmd(g)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if late := g.observing.stop(); late != nil {
		fmt.Fprintf(stderr, "! %v\n", late)
	}
	if err == nil {
		return exitOK
	}
	var usage *usageError
	var mapping *ingest.MapError
	switch {
	case errors.As(err, &usage), errors.As(err, &mapping), isCobraUsage(err):
		fmt.Fprintf(stderr, "modeltrial: %v\nsee: modeltrial --help\n", err)
		return exitUsage
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "modeltrial: interrupted; what was finished is kept\n")
		return exitInterrupted
	}
	if !errors.Is(err, errSaid) {
		fmt.Fprintf(stderr, "modeltrial: %v\n", err)
	}
	return exitFailure
}

// errSaid ends a command with exit code 1 where everything has been said already.
var errSaid = errors.New("failed as said above")

// A usageError is a command line that cannot be meant.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// isCobraUsage recognises the errors that cobra itself makes of a command line;
// it gives them no type.
func isCobraUsage(err error) bool {
	for _, start := range []string{"unknown command", "unknown flag", "unknown shorthand", "flag needs", "invalid argument", "accepts ", "requires at least", "required flag"} {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}

// global are the flags that every command has.
type global struct {
	dir     string
	db      string
	json    bool
	noColor bool

	observing observing
}

func newRootCmd(g *global) *cobra.Command {
	root := &cobra.Command{
		Use:   "modeltrial",
		Short: "find out, on your own work, which AI model should do which kind of task",
		Long: `modeltrial runs a pilot like a clinical trial: it audits the task log, runs each
task through the current model and candidates, has people compare the answers
without knowing which model wrote which, and turns the ratings into a routing
table with intervals that stay right when someone looks every week.

Start with: modeltrial demo

Exit status: 0 ok, 1 failure, 2 usage.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return g.observing.start(cmd.Context(), cmd.ErrOrStderr())
		},
	}
	g.observing.add(root)
	root.PersistentFlags().StringVarP(&g.dir, "dir", "C", ".", "workspace: the directory of modeltrial.yaml and modeltrial.db")
	root.PersistentFlags().StringVar(&g.db, "db", "", "database: a file, or postgres://USER@HOST/NAME; instead of modeltrial.db in the workspace")
	root.PersistentFlags().BoolVar(&g.json, "json", false, "print the result as JSON")
	root.PersistentFlags().BoolVar(&g.noColor, "no-color", false, "no colours, as with NO_COLOR in the environment")
	root.AddCommand(
		newDemoCmd(g), newInitCmd(g), newDoctorCmd(g), newBackupCmd(g), newDBCmd(g),
		newAuditCmd(g), newPricesCmd(g), newPilotCmd(g), newWorkerCmd(g), newRateCmd(g), newJudgeCmd(g),
		newAnalyzeCmd(g), newSimulateCmd(g), newRouteCmd(g), newReportCmd(g), newServeCmd(g), newManCmd(),
	)
	addCompletions(root, g)
	return root
}

// group is a command that only has commands under it.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usagef("%s needs one of its commands", cmd.CommandPath())
		},
	}
	cmd.AddCommand(children...)
	return cmd
}
