package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"modeltrial/audit/ingest"
	"modeltrial/report"
)

// addCompletions tells shells the values of flags that have a list of them; cobra's own
// command completion writes the scripts that ask.
func addCompletions(root *cobra.Command, g *global) {
	for _, c := range []struct {
		command, flag string
		values        func() []string
	}{
		{"route export", "format", report.ExportFormats},
		{"audit import", "format", ingest.Formats},
		{"audit import", "category", g.completeCategories},
		{"analyze", "explain", g.completeCategories},
		{"audit classify", "method", func() []string { return []string{"local", "model"} }},
		{"analyze", "kind", raterKinds},
		{"rate import", "kind", raterKinds},
	} {
		cmd, _, err := root.Find(strings.Fields(c.command))
		if err == nil {
			err = cmd.RegisterFlagCompletionFunc(c.flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return c.values(), cobra.ShellCompDirectiveNoFileComp
			})
		}
		if err != nil {
			panic(fmt.Sprintf("completion of %s --%s: %v", c.command, c.flag, err)) // a mistake of the program
		}
	}
}

func raterKinds() []string { return []string{"human", "judge", "check"} }

// completeCategories are the workspace's categories: none where modeltrial.yaml cannot
// be read, since a shell shows no error.
func (g *global) completeCategories() []string {
	config, err := g.config()
	if err != nil {
		return nil
	}
	var names []string
	for _, name := range config.CategoryNames() {
		names = append(names, string(name))
	}
	return names
}

// newManCmd is for packagers: make man runs it.
func newManCmd() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "write the manual pages into a directory", Args: cobra.ExactArgs(1), Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			root.InitDefaultCompletionCmd()
			root.DisableAutoGenTag = true // SOURCE_DATE_EPOCH then gives the same pages on every day
			if err := doc.GenManTree(root, &doc.GenManHeader{Title: "MODELTRIAL", Section: "1", Source: "modeltrial", Manual: "modeltrial"}, args[0]); err != nil {
				return fmt.Errorf("write manual pages to %s: %w", args[0], err)
			}
			return nil
		},
	}
}
