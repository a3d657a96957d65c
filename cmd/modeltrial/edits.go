package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
	"modeltrial/eval/exchange"
	"modeltrial/report"
	"modeltrial/store"
)

func newRateImportEditsCmd(g *global) *cobra.Command {
	var mapping []string
	cmd := &cobra.Command{
		Use:   "import-edits FILE",
		Short: "edits of answers made elsewhere: task_id, arm, rater, seconds, edited_text or words_kept",
		Long: `import-edits reads from CSV or JSON Lines what people made of single answers before they
sent them: task_id, arm, rater, and seconds of active editing, edited_text or words_kept
(the share, 0 to 1); where known outcome (done or unusable), timing (elapsed where the
seconds hold pauses), rounds (new answers asked for), words_before, words_after, week and
edited_at. An edited text is compared with the stored answer, word by word, where the
file does not say the share. analyze tells from them how long each arm's answers take to
edit. Importing a file again changes nothing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runImportEdits(cmd.Context(), g, s, args[0], mapping, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringArrayVar(&mapping, "map", nil, "field=column for a column under another name (repeatable)")
	return cmd
}

func runImportEdits(ctx context.Context, g *global, s *store.Store, path string, pairs []string, out, errOut io.Writer) error {
	if _, err := locked(ctx, s); err != nil {
		return err
	}
	mapping, err := parseMapping(pairs)
	if err != nil {
		return err
	}
	bar := newBytesBar(errOut, path)
	defer bar.finish()
	var file exchange.FileReport
	err = s.ImportEdits(ctx, path, timeNow(), func(take func(eval.PostEdit) (bool, error)) (store.ImportedFile, error) {
		file, err = exchange.ReadEdits(ctx, path, exchange.EditsOptions{Map: mapping, Progress: bar.set}, func(edit eval.PostEdit) (ingest.Outcome, error) {
			return outcome(take(edit))
		})
		return importedFile(file.FileReport), err
	})
	if err != nil {
		return err
	}
	bar.finish()
	return sayExchange(g, "modeltrial.rate-import-edits/1", "edits", file, out, errOut)
}

// exportEdits writes the edits that count, with their texts.
func exportEdits(ctx context.Context, s *store.Store, path string, out io.Writer) error {
	each := func(yield func(eval.PostEdit) error) error { return s.EachPostEdit(ctx, 0, yield) }
	if err := report.ReplaceFile(path, func(w io.Writer) error { return exchange.WriteEdits(w, each) }); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "wrote %s\n", path)
	return err
}

// fileEdits reads a file of edits for an analysis without a workspace. compare counts the
// words of an edited text against an answer as the answers are read.
func fileEdits(ctx context.Context, o *analyzeOptions, mapping map[string]string, data *eval.Dataset, errOut io.Writer) (compare func(eval.Response), rejected int, err error) {
	if o.edits == "" {
		return func(eval.Response) {}, 0, nil
	}
	type answer struct{ task, arm string }
	open := map[answer][]int{}
	read, err := exchange.ReadEdits(ctx, o.edits, exchange.EditsOptions{Map: mapping, Raters: o.raters}, func(edit eval.PostEdit) (ingest.Outcome, error) {
		if edit.Text != "" && edit.WordsKept == nil {
			at := answer{edit.TaskID, edit.Arm}
			open[at] = append(open[at], len(data.PostEdits))
		}
		data.PostEdits = append(data.PostEdits, edit)
		return ingest.Imported, nil
	})
	sayRejects(errOut, read.FileReport)
	return func(response eval.Response) {
		for _, i := range open[answer{response.TaskID, response.Arm}] {
			edit := &data.PostEdits[i]
			words := eval.CompareWords(response.Text, edit.Text)
			edit.WordsBefore, edit.WordsAfter, edit.WordsKept = &words.Before, &words.After, new(words.Kept())
		}
	}, read.Rejected, err
}
