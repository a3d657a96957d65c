package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"modeltrial/report"
	"modeltrial/store"
)

//go:embed modeltrial.yaml
var configTemplate []byte

func newInitCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:     "init [DIR]",
		Short:   "make a workspace: a commented modeltrial.yaml and an empty database",
		Example: "  modeltrial init pilots/q4",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				g.dir = args[0]
			}
			return runInit(cmd.Context(), g, cmd.OutOrStdout())
		},
	}
}

// runInit never overwrites: what is there already stays as it is.
func runInit(ctx context.Context, g *global, out io.Writer) error {
	if err := os.MkdirAll(g.dir, 0o755); err != nil {
		return fmt.Errorf("make workspace: %w", err)
	}
	written, err := writeNew(g.configPath(), configTemplate)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, g.databasePath())
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{
			"schema": "modeltrial.init/1", "config": g.configPath(), "config_written": written, "database": g.databasePath(),
		})
	}
	if written {
		fmt.Fprintf(out, "wrote %s\n", g.configPath())
	} else {
		fmt.Fprintf(out, "kept %s as it is\n", g.configPath())
	}
	fmt.Fprintf(out, "database %s is ready\n\n%s\n", g.databasePath(), g.next("audit import LOG.csv"))
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
