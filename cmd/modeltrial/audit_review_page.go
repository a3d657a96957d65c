package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/categorise"
	"modeltrial/eval/rate"
	"modeltrial/report"
	"modeltrial/store"
)

// reviewListen is where the review page listens unless told otherwise; not where the
// rating site does, so that both can run.
const reviewListen = "127.0.0.1:8081"

func newAuditReviewCmd(g *global) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "review",
		Short: "correct categories in the browser: one key for each",
		Long: `review opens a page on this machine for the owner of the workspace, behind a secret
link that it prints. Tasks of a random sample (audit classify --sample N) that nobody
has reviewed come first and without a guess, since they measure the categoriser. Then
come the tasks that it is unsure of, the least sure first, with its guesses and what
spoke for them.

A choice is on disk before the next task is shown, as a row of audit classify --review
would be: it is never overwritten by the categoriser, which learns from those that are
not of the sample when audit classify runs next. Ctrl-C ends it.`,
		Example: `  modeltrial audit classify --sample 200
  modeltrial audit review`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkLoopback(listen); err != nil {
				return err
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runReviewPage(cmd.Context(), g, s, listen, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", reviewListen, "address of this machine to listen on")
	return cmd
}

// checkLoopback refuses addresses that others reach: the page shows the log's prompts
// as they are, and has no TLS.
func checkLoopback(listen string) error {
	own, err := ownMachine(listen, reviewListen)
	if err == nil && !own {
		err = usagef("--listen %q is not this machine alone; the page shows prompts as they are, so choose a port of 127.0.0.1", listen)
	}
	return err
}

func runReviewPage(ctx context.Context, g *global, s *store.Store, listen string, out, errOut io.Writer) error {
	config, err := g.config()
	if err != nil {
		return err
	}
	used, err := usedCategoriser(ctx, s)
	if err != nil {
		return err
	}
	sampled, unsure, err := s.OpenReviews(ctx, used.Threshold())
	if err != nil {
		return err
	}
	if len(sampled)+len(unsure) == 0 {
		return fmt.Errorf("nothing waits for a review: no task of a random sample is open, and the categoriser is unsure of none; draw a sample with %s", g.command("audit classify --sample 200"))
	}
	token, _, err := blind.NewToken(rand.Reader)
	if err != nil {
		return err
	}
	reviews := newReviewStore(s, used.Model, sampled)
	handler := rate.NewReviewHandler(rate.NewReviewQueue(reviews, append(sampled, unsure...)), rate.ReviewOptions{
		Token: token, Categories: reviewCategories(config), Logger: slog.Default(),
	})
	listener, err := listenOn(ctx, listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(errOut, "%s of a random sample and %s to review; open\n  http://%s/r/%s\nThe link is a key to the log's prompts. Ctrl-C ends it.\n",
		counted(len(sampled), "task", "tasks"), counted(len(unsure), "unsure one", "unsure ones"), listener.Addr(), token)
	if err := rate.Serve(ctx, listener, handler); err != nil {
		return err
	}
	outcome := reviews.outcome()
	reviewed := outcome.Changed + outcome.Confirmed
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.audit-review/1", "reviewed": reviewed, "changed": outcome.Changed, "confirmed": outcome.Confirmed})
	}
	fmt.Fprintf(out, "%s stored (%s changed the category, %s confirmed it); they are never overwritten\n\n%s\n",
		counted(reviewed, "correction", "corrections"), report.Count(outcome.Changed), report.Count(outcome.Confirmed), g.next("audit classify"))
	return nil
}

// reviewCategories are the workspace's own categories or the built-in ones.
func reviewCategories(config eval.Config) []rate.ReviewCategory {
	own := map[audit.Category]eval.CategoryConfig{}
	for _, c := range config.Categories {
		own[c.Name] = c
	}
	var categories []rate.ReviewCategory
	for _, name := range config.CategoryNames() {
		c := own[name]
		c.Name = name
		categories = append(categories, rate.ReviewCategory{Name: name, Description: categorise.Meaning(c)})
	}
	return categories
}

// A reviewStore shows tasks of the workspace with what the categoriser says of them.
type reviewStore struct {
	store   *store.Store
	model   *classify.Model
	sampled map[string]bool
	changed map[string]bool // by the id of a reviewed task: to another category than before
}

func newReviewStore(s *store.Store, model *classify.Model, sampled []string) *reviewStore {
	r := &reviewStore{store: s, model: model, sampled: map[string]bool{}, changed: map[string]bool{}}
	for _, id := range sampled {
		r.sampled[id] = true
	}
	return r
}

func (r *reviewStore) ReviewTask(ctx context.Context, id string) (rate.ReviewTask, error) {
	task, err := r.store.Task(ctx, id)
	if err != nil {
		return rate.ReviewTask{}, err
	}
	shown := rate.ReviewTask{Task: task, Blind: r.sampled[id]}
	if task.CategorySource == audit.CategoryFromReview {
		shown.Given = task.Category
	}
	if shown.Blind {
		return shown, nil
	}
	text := taskText(task)
	shown.Guesses = r.model.Guesses(r.model.Classify(text))
	shown.Evidence = evidenceWords(r.model.SpokeFor(text))
	return shown, nil
}

// evidenceWords are features as the page shows them: parts of the text in quotes.
func evidenceWords(all []classify.Evidence) (told []string) {
	for _, e := range all {
		if e.Kind == "text" {
			told = append(told, "“"+e.Feature+"”")
		} else {
			told = append(told, e.Feature)
		}
	}
	return told
}

// SaveReview is called by one request at a time.
func (r *reviewStore) SaveReview(ctx context.Context, id string, category audit.Category) error {
	outcome, err := r.store.Review(ctx, []store.Correction{{TaskID: id, Category: category}}, timeNow())
	if err != nil {
		return err
	}
	if _, again := r.changed[id]; !again || outcome.Changed > 0 {
		r.changed[id] = outcome.Changed > 0
	}
	return nil
}

// outcome is what the reviews did, once no request is under way.
func (r *reviewStore) outcome() (outcome store.ReviewOutcome) {
	for _, changed := range r.changed {
		if changed {
			outcome.Changed++
		} else {
			outcome.Confirmed++
		}
	}
	return outcome
}
