package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"charm.land/huh/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"modeltrial/report"
	"modeltrial/store"
)

func newInitCmd(g *global) *cobra.Command {
	o := &initOptions{}
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "make a workspace: a commented modeltrial.yaml and an empty database",
		Long: `init writes a commented modeltrial.yaml and an empty database. On a terminal and without
any of its flags it asks what the flags say; otherwise it asks nothing. What is there
already stays as it is.

The preset specialists is the assignment of models that is widely recommended, with what
is said of it, as hypotheses: the pilot finds out which of them hold on your own work.`,
		Example: `  modeltrial init pilots/q4
  modeltrial init --preset specialists --budget 50 pilots/specialists`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				g.dir = args[0]
			}
			if err := o.check(); err != nil {
				return err
			}
			if !g.json && !o.given() && atTerminal(cmd) && !exists(g.configPath()) {
				if err := initForm(o).RunWithContext(cmd.Context()); err != nil {
					return fmt.Errorf("nothing was made: %w", err)
				}
			}
			return runInit(cmd.Context(), g, *o, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&o.preset, "preset", "blank", "what to begin with: "+presetNames())
	cmd.Flags().StringVar(&o.name, "name", "", "the pilot's name")
	cmd.Flags().StringVar(&o.weeks, "weeks", "", "weeks that the pilot is to take")
	cmd.Flags().StringVar(&o.tasksPerWeek, "tasks-per-week", "", "tasks a week and category")
	cmd.Flags().StringVar(&o.budget, "budget", "", "hard cap of all weeks together, in dollars")
	return cmd
}

// atTerminal says whether somebody can be asked.
func atTerminal(cmd *cobra.Command) bool {
	in, isFile := cmd.InOrStdin().(*os.File)
	out, shown := cmd.OutOrStdout().(*os.File)
	return isFile && shown && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd()))
}

// initForm asks what the flags of init say.
func initForm(o *initOptions) *huh.Form {
	o.weeks, o.tasksPerWeek, o.budget = "4", "30", "25"
	return huh.NewForm(huh.NewGroup(
		huh.NewSelect[string]().Title("What do you want to begin with?").Options(
			huh.NewOption("a blank plan: your current model and a candidate of your choice", "blank"),
			huh.NewOption("the specialists that are widely recommended, as hypotheses to test", "specialists"),
		).Value(&o.preset),
		huh.NewInput().Title("Name of the pilot").Placeholder("as in the file").Value(&o.name).Validate(checkName),
		huh.NewInput().Title("Weeks").Value(&o.weeks).Validate(checkNumber("the number of weeks", mostWeeks)),
		huh.NewInput().Title("Tasks a week and category").Value(&o.tasksPerWeek).Validate(checkNumber("the number of tasks", mostTasks)),
		huh.NewInput().Title("Budget of all weeks together, in dollars: never exceeded").Value(&o.budget).Validate(checkBudget),
	))
}

// runInit never overwrites: what is there already stays as it is.
func runInit(ctx context.Context, g *global, o initOptions, out io.Writer) error {
	config, err := o.config()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(g.dir, 0o755); err != nil {
		return fmt.Errorf("make workspace: %w", err)
	}
	written, err := writeNew(g.configPath(), config)
	if err != nil {
		return err
	}
	if !written && o.given() {
		return fmt.Errorf("%s is there already and stays as it is; move it away, or choose another folder", g.configPath())
	}
	target, err := g.database()
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, target)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{
			"schema": "modeltrial.init/1", "preset": o.preset, "config": g.configPath(), "config_written": written, "database": s.Name(),
		})
	}
	if written {
		fmt.Fprintf(out, "wrote %s\n", g.configPath())
	} else {
		fmt.Fprintf(out, "kept %s as it is\n", g.configPath())
	}
	fmt.Fprintf(out, "database %s is ready\n\n%s\n", s.Name(), g.next("audit import LOG.csv"))
	return nil
}

// writeNew writes a file that must not exist yet; false where it does.
func writeNew(path string, text []byte) (bool, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = file.Write(text)
	return true, errors.Join(err, file.Close())
}
