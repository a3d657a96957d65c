package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/report"
	"modeltrial/store"
)

type classifyOptions struct {
	again      bool
	review     string
	unsure     string
	sample     int
	sampleFile string
	seed       uint64
	method     string
	maxCost    string
	yes        bool
}

func newAuditClassifyCmd(g *global) *cobra.Command {
	o := &classifyOptions{}
	cmd := &cobra.Command{
		Use:   "classify",
		Short: "put tasks into categories, locally and without network",
		Long: `classify gives every task without a category one, on this machine and without
network. Where modeltrial.yaml lists categories of its own, it learns them from their
descriptions and examples. From 200 tasks on it learns the wording of the log, where each
category is among them: tasks whose category is plain tell of others that are worded like
them. It does so again when the log has doubled, and sorts all of it by that.

A person corrects in two ways. --unsure FILE writes the tasks that the categoriser is
unsure of, with its guesses: each correction teaches it something. --sample N writes a
random sample without any guess: who sees the machine's answer tends to agree with it.
The sample measures the categoriser, and audit report corrects its shares by it, so it
is not learned from. Fill in the column category of either file and hand it back with
--review FILE. A person's word is never overwritten.

--method model asks the model under categoriser in modeltrial.yaml about the tasks that
the local categoriser is unsure of. That costs money: the estimate is printed first, and
nothing is sent without --max-cost, or --yes for the most that the estimate allows.`,
		Example: `  modeltrial audit classify
  modeltrial audit classify --unsure unsure.csv
  modeltrial audit classify --sample 200
  modeltrial audit classify --review unsure.csv
  modeltrial audit classify --method model --max-cost 2`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return runClassify(cmd.Context(), g, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.again, "again", false, "categorise again what was categorised locally before")
	flags.StringVar(&o.review, "review", "", "file of a person's corrections: id,category")
	flags.StringVar(&o.unsure, "unsure", "", "CSV to write the unsure tasks to, with the categoriser's guesses, to be corrected")
	flags.IntVar(&o.sample, "sample", 0, "draw so many tasks at random and write them to be categorised blind")
	flags.StringVar(&o.sampleFile, "sample-file", "review-sample.csv", "CSV to write the random sample to")
	flags.Uint64Var(&o.seed, "seed", 1, "of the random sample")
	flags.StringVar(&o.method, "method", "local", "local, or model to ask a model about the unsure tasks")
	flags.StringVar(&o.maxCost, "max-cost", "", "with --method model: the most that this run may spend, in dollars")
	flags.BoolVar(&o.yes, "yes", false, "replace a file that exists; with --method model: spend up to the estimate")
	return cmd
}

// check refuses flags that cannot be meant.
func (o *classifyOptions) check() error {
	switch {
	case o.method != "local" && o.method != "model":
		return usagef("--method is %q; choose local or model", o.method)
	case o.sample < 0:
		return usagef("--sample is %d; choose 1 or more, 200 is usual", o.sample)
	case o.method != "model" && o.maxCost != "":
		return usagef("--max-cost goes with --method model: the local categoriser costs nothing")
	case o.review != "" && (o.unsure != "" || o.sample > 0 || o.method == "model"):
		return usagef("--review takes corrections in; write the next files by a command of its own afterwards")
	}
	for _, file := range o.files() {
		if _, err := os.Stat(file); err == nil && !o.yes {
			return fmt.Errorf("%s is there already and may hold somebody's corrections; choose another name, or replace it with --yes", file)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// files are those that will be written.
func (o *classifyOptions) files() (files []string) {
	if o.unsure != "" {
		files = append(files, o.unsure)
	}
	if o.sample > 0 {
		files = append(files, o.sampleFile)
	}
	if len(files) == 2 && filepath.Clean(files[0]) == filepath.Clean(files[1]) {
		return files[:1]
	}
	return files
}

// A classifyDocument is what audit classify prints as JSON.
type classifyDocument struct {
	Schema      string                 `json:"schema"`
	Reviewed    *int                   `json:"reviewed,omitempty"` // with --review: corrections stored
	Confirmed   *int                   `json:"confirmed,omitempty"`
	LeftOpen    *int                   `json:"left_open,omitempty"`
	Classified  int                    `json:"classified"`
	Unsure      int                    `json:"unsure"`
	Categories  map[audit.Category]int `json:"categories"`
	Moved       int                    `json:"moved"` // to another category than before
	Moves       []move                 `json:"moves"`
	Categoriser *classify.Learned      `json:"categoriser"` // null: the built-in one as it is
	Sample      *sampleState           `json:"random_sample"`
	UnsureFile  *writtenFile           `json:"unsure_file,omitempty"`
	SampleFile  *writtenFile           `json:"sample_file,omitempty"`
	Model       *modelDocument         `json:"model,omitempty"` // with --method model
}

// A writtenFile is a sheet for a person.
type writtenFile struct {
	File       string `json:"file"`
	Tasks      int    `json:"tasks"`
	Population int    `json:"population,omitempty"` // of a random sample
	Seed       uint64 `json:"seed,omitempty"`
}

func runClassify(ctx context.Context, g *global, o *classifyOptions, out, errOut io.Writer) error {
	config, err := g.config()
	if err != nil {
		return err
	}
	defer allowGarbage(50)()
	return g.withStore(ctx, func(s *store.Store) error {
		document := classifyDocument{Schema: "modeltrial.audit-classify/1"}
		if o.review != "" {
			if err := applyReview(ctx, s, o.review, config.CategoryNames(), &document, errOut); err != nil {
				return err
			}
		}
		model, counts, err := sortTasks(ctx, s, config, o.again, errOut)
		if err != nil {
			return err
		}
		document.Classified, document.Unsure, document.Categories = counts.done, counts.unsure, counts.byCategory
		document.Moves, document.Moved = counts.moves()
		document.Categoriser = model.learned
		var asked error
		if o.method == "model" {
			if document.Model, asked = askModel(ctx, s, config, model.Model, o, errOut); document.Model == nil {
				return asked
			}
		}
		if err := writeSheets(ctx, s, model.Model, o, &document); err != nil {
			return err
		}
		if document.Sample, err = sampleSoFar(ctx, s, func() (*classify.Model, error) { return model.Model, nil }); err != nil {
			return err
		}
		if g.json {
			return errors.Join(report.JSON(out, document), asked)
		}
		sayClassified(g, out, document, model)
		return asked
	})
}

func sayClassified(g *global, out io.Writer, d classifyDocument, model categoriser) {
	if d.Reviewed != nil {
		fmt.Fprintf(out, "%s stored (%s changed the category, %s confirmed it); they are never overwritten\n",
			counted(*d.Reviewed, "correction", "corrections"), report.Count(*d.Reviewed-*d.Confirmed), report.Count(*d.Confirmed))
		if *d.LeftOpen > 0 {
			fmt.Fprintf(out, "%s left open\n", counted(*d.LeftOpen, "row without a category was", "rows without a category were"))
		}
	}
	sayLearned(out, model, d.Sample != nil && d.Sample.Accuracy != nil)
	switch {
	case d.Classified == 0 && d.Reviewed == nil:
		fmt.Fprintln(out, "no task waits for a category; audit report shows how many each has")
	case d.Classified > 0:
		fmt.Fprintf(out, "%s categorised, %s of them unsure\n", counted(d.Classified, "task", "tasks"), report.Count(d.Unsure))
		for _, category := range model.Categories() {
			fmt.Fprintf(out, "  %-10s %6s\n", category, report.Count(d.Categories[category]))
		}
	}
	if d.Moved > 0 {
		fmt.Fprintf(out, "%s moved to another category than before\n", counted(d.Moved, "task", "tasks"))
		for _, m := range d.Moves[:min(len(d.Moves), mostMoves)] {
			fmt.Fprintf(out, "  %s → %s %s\n", m.From, m.To, report.Count(m.Tasks))
		}
		if len(d.Moves) > mostMoves {
			fmt.Fprintf(out, "  and %s more, all in --json\n", counted(len(d.Moves)-mostMoves, "kind of move", "kinds of move"))
		}
	}
	sayModel(out, d.Model)
	saySample(out, d.Sample)
	for _, sheet := range []*writtenFile{d.UnsureFile, d.SampleFile} {
		if sheet != nil && sheet.Tasks > 0 {
			fmt.Fprintf(out, "%s: %s; fill in the column category\n", sheet.File, counted(sheet.Tasks, "task", "tasks"))
		} else if sheet != nil {
			fmt.Fprintf(out, "%s was not written: there is no such task\n", sheet.File)
		}
	}
	switch {
	case d.UnsureFile != nil && d.UnsureFile.Tasks > 0:
		fmt.Fprintf(out, "\n%s\n", g.next("audit classify --review "+quoted(d.UnsureFile.File)))
	case d.SampleFile != nil && d.SampleFile.Tasks > 0:
		fmt.Fprintf(out, "\n%s\n", g.next("audit classify --review "+quoted(d.SampleFile.File)))
	default:
		fmt.Fprintf(out, "\n%s\n", g.next("audit report"))
	}
}

// mostMoves is how many kinds of move are printed.
const mostMoves = 6

type classified struct {
	done, unsure int
	byCategory   map[audit.Category]int
	moved        map[move]int // Tasks being 0
}

// A move is from a category to another one.
type move struct {
	From  audit.Category `json:"from"`
	To    audit.Category `json:"to"`
	Tasks int            `json:"tasks"`
}

// moves are those of most tasks first.
func (c classified) moves() (moves []move, tasks int) {
	moves = []move{}
	for m, n := range c.moved {
		m.Tasks = n
		tasks += n
		moves = append(moves, m)
	}
	slices.SortFunc(moves, compareMoves)
	return moves, tasks
}

// classifyAll categorises in batches on all cores, so that memory stays flat.
// Categories are stored by the tens of thousands, since each time waits for the disk;
// what an interruption loses is categorised again.
func classifyAll(ctx context.Context, s *store.Store, model *classify.Model, again bool, errOut io.Writer) (classified, error) {
	const together = 20_000
	counts := classified{byCategory: map[audit.Category]int{}, moved: map[move]int{}}
	total, err := s.CountTasks(ctx)
	if err != nil {
		return counts, err
	}
	bar := newCountBar(errOut, "categorise", total)
	defer bar.finish()
	var updates []store.CategoryUpdate
	save := func() error {
		err := s.SetCategories(ctx, updates)
		updates = updates[:0]
		return err
	}
	err = predictAll(ctx, s, model, again, func(tasks []store.UnclassifiedTask, predictions []classify.Prediction) error {
		for i, prediction := range predictions {
			updates = append(updates, store.CategoryUpdate{
				Row: tasks[i].Row, Category: prediction.Category, Source: audit.CategoryFromLocal, Probability: prediction.Probability,
			})
			counts.byCategory[prediction.Category]++
			if !prediction.Sure {
				counts.unsure++
			}
			if was := tasks[i].Category; was != "" && was != prediction.Category {
				counts.moved[move{From: was, To: prediction.Category}]++
			}
		}
		counts.done += len(tasks)
		bar.set(counts.done)
		if len(updates) < together {
			return nil
		}
		return save()
	})
	if err != nil {
		return counts, err
	}
	return counts, save()
}

func lastUserTurn(conversation []audit.Message) string {
	for _, message := range slices.Backward(conversation) {
		if message.Role == "user" {
			return message.Content
		}
	}
	return ""
}
