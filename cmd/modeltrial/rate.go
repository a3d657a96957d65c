package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/exchange"
	"modeltrial/eval/judge"
	"modeltrial/eval/rate"
	"modeltrial/report"
	"modeltrial/store"
)

func newRateCmd(g *global) *cobra.Command {
	return group("rate", "blind rating by people",
		newRateInviteCmd(g), newRateServeCmd(g), newRateTerminalCmd(g), newRateReviseCmd(g), newRateWhyCmd(g), newRateImportCmd(g), newRateImportEditsCmd(g), newRateExportCmd(g), newRateFlaggedCmd(g))
}

// defaultListen is where the rating site listens unless told otherwise.
const defaultListen = "127.0.0.1:8080"

// maxDays is how long a link may hold: ten years.
const maxDays = 3650

type inviteOptions struct {
	base   string
	days   int
	list   bool
	revoke bool
}

func newRateInviteCmd(g *global) *cobra.Command {
	o := &inviteOptions{}
	cmd := &cobra.Command{
		Use:     "invite NAME...",
		Short:   "one secret link for each rater",
		Example: "  modeltrial rate invite Ada Grace --base https://rate.example.com\n  modeltrial rate invite --list\n  modeltrial rate invite --revoke Ada",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !o.list {
				return usagef("rate invite needs the names of the raters, or --list")
			}
			base, err := o.check(args)
			if err != nil {
				return err
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				if o.list {
					return listRaters(cmd.Context(), g, s, cmd.OutOrStdout())
				}
				if o.revoke {
					return revokeRaters(cmd.Context(), g, s, args, cmd.OutOrStdout())
				}
				return inviteRaters(cmd.Context(), g, s, base, o.days, args, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&o.base, "base", "http://"+defaultListen, "address under which raters reach rate serve")
	cmd.Flags().IntVar(&o.days, "days", 60, "days until the link expires")
	cmd.Flags().BoolVar(&o.list, "list", false, "list raters instead")
	cmd.Flags().BoolVar(&o.revoke, "revoke", false, "end the links of these raters instead")
	return cmd
}

// check gives the base of the links, or says what is wrong with the command line.
func (o *inviteOptions) check(names []string) (*url.URL, error) {
	if o.days < 1 || o.days > maxDays {
		return nil, usagef("--days %d: a link holds from 1 to %d days", o.days, maxDays)
	}
	known := map[string]bool{}
	for _, name := range names {
		if strings.TrimSpace(name) == "" {
			return nil, usagef("a rater's name is empty; give each rater one")
		}
		if known[name] {
			return nil, usagef("%q is named twice; the second link would end the first", name)
		}
		known[name] = true
	}
	return parseBase(o.base)
}

// parseBase reads the address under which raters reach the site.
func parseBase(text string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Hostname() == "" {
		return nil, usagef("--base %q is no address of a site; write it like https://rate.example.com", text)
	}
	if *base != (url.URL{Scheme: base.Scheme, Host: base.Host}) {
		return nil, usagef("--base %q has more than a host and port, but the site needs one of its own; write it like https://rate.example.com", text)
	}
	return base, nil
}

func inviteRaters(ctx context.Context, g *global, s *store.Store, base *url.URL, days int, names []string, out io.Writer) error {
	type invitation struct {
		Rater   string    `json:"rater"`
		Link    string    `json:"link"`
		Expires time.Time `json:"expires_at"`
	}
	now := time.Now().UTC()
	expires := now.AddDate(0, 0, days)
	invitations := make([]invitation, len(names))
	stored := make([]store.Invitation, len(names))
	for i, name := range names {
		token, hash, err := blind.NewToken(rand.Reader)
		if err != nil {
			return err
		}
		invitations[i] = invitation{name, base.String() + "/r/" + token, expires}
		stored[i] = store.Invitation{Rater: name, TokenSHA256: hash}
	}
	if err := s.Invite(ctx, stored, expires, now); err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.rate-invite/1", "invitations": invitations})
	}
	for _, made := range invitations {
		fmt.Fprintf(out, "%-16s %s\n", made.Rater, made.Link)
	}
	fmt.Fprintf(out, "\nEach link is a key: send it to its rater only. It is not shown again; a new one replaces it.\nThey hold until %s.\n%s\n",
		expires.Format(time.DateOnly), serveAdvice(g, base))
	return nil
}

// serveAdvice is how links with a base are made to work: on this machine the site
// listens there, elsewhere or with TLS a proxy stands before it.
func serveAdvice(g *global, base *url.URL) string {
	next := "\n" + g.next("rate serve")
	host, port := base.Hostname(), base.Port()
	if port == "" {
		port = "80"
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	behind := ""
	if base.Scheme == "https" {
		behind = " --behind-proxy"
	}
	address, err := netip.ParseAddr(host)
	if base.Scheme == "https" || err != nil || !address.IsLoopback() {
		return fmt.Sprintf("A proxy has to pass %s on to %s.\n%s --listen %s%s", base, defaultListen, next, defaultListen, behind)
	}
	if listen := net.JoinHostPort(host, port); listen != defaultListen {
		return next + " --listen " + listen
	}
	return next
}

func revokeRaters(ctx context.Context, g *global, s *store.Store, names []string, out io.Writer) error {
	if len(names) == 0 {
		return usagef("--revoke needs the names of the raters whose links are to end")
	}
	for _, name := range names {
		if err := s.Revoke(ctx, name, time.Now()); err != nil {
			return err
		}
		if !g.json {
			fmt.Fprintf(out, "%s: the link no longer works; the ratings stay\n", name)
		}
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.rate-revoke/1", "revoked": names})
	}
	return nil
}

func listRaters(ctx context.Context, g *global, s *store.Store, out io.Writer) error {
	raters, err := s.Raters(ctx)
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.raters/1", "raters": raters})
	}
	rows := make([][]report.Cell, len(raters))
	for i, rater := range raters {
		link := "none"
		switch {
		case rater.Revoked:
			link = "revoked"
		case rater.HasLink && rater.ExpiresAt != nil && !rater.ExpiresAt.After(time.Now()):
			link = "expired " + rater.ExpiresAt.Format(time.DateOnly)
		case rater.HasLink && rater.ExpiresAt != nil:
			link = "until " + rater.ExpiresAt.Format(time.DateOnly)
		}
		kind := string(rater.Kind)
		if rater.Simulated {
			kind += " (simulated)"
		}
		rows[i] = report.Cells(rater.Name, kind, link, report.Count(rater.Ratings))
	}
	return report.Table(out, g.style(out), []report.Column{{Name: "rater"}, {Name: "kind"}, {Name: "link"}, {Name: "ratings", Right: true}}, rows)
}

func newRateServeCmd(g *global) *cobra.Command {
	var listen string
	var askGuess float64
	var edit, practice bool
	var by transport
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "the blind rating site",
		Example: "  modeltrial rate serve\n  modeltrial rate serve --edit --listen 127.0.0.1:8081\n  modeltrial rate serve --listen :8443 --tls-cert site.pem --tls-key site-key.pem",
		Long: `serve shows raters, who come by the links of rate invite, a task and two anonymous
answers side by side. Nothing that reaches the browser names a model or an arm. A
verdict is on disk before the page says so. After some of the verdicts, chosen at
random, raters are asked which answer is from the current model: modeltrial analyze
tells from that whether the pilot was blind. It listens on this machine only unless
--listen says otherwise. For other machines give it a certificate, or put a proxy with
TLS before it and say --behind-proxy.

With --edit the same links lead to single answers instead, as blind, which raters edit
until they could be sent: how much time that takes and how many words stay is measured
for each arm. Who sends an answer back with a remark gets a new one from the same arm
after modeltrial rate revise.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkAskGuess(askGuess); err != nil {
				return err
			}
			if err := by.check(); err != nil {
				return err
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runServe(cmd.Context(), s, listen, by, edit, rate.Options{AskGuess: askGuess, Practice: practice}, cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", defaultListen, "address to listen on")
	by.add(cmd)
	cmd.Flags().BoolVar(&edit, "edit", false, "have raters edit single answers instead of comparing two")
	addPractice(cmd, &practice)
	addAskGuess(cmd, &askGuess)
	return cmd
}

func addPractice(cmd *cobra.Command, practice *bool) {
	cmd.Flags().BoolVar(practice, "practice", true, "have raters practise on three made-up comparisons before their first")
}

func addAskGuess(cmd *cobra.Command, share *float64) {
	cmd.Flags().Float64Var(share, "ask-guess", 0.2, "share of verdicts after which to ask which answer is from the current model")
}

func checkAskGuess(share float64) error {
	if !(share >= 0 && share <= 1) {
		return usagef("--ask-guess is %v; choose a share from 0 (never) to 1 (after each verdict)", share)
	}
	return nil
}

func runServe(ctx context.Context, s *store.Store, listen string, by transport, edit bool, chosen rate.Options, errOut io.Writer) error {
	protocol, err := locked(ctx, s)
	if err != nil {
		return err
	}
	if err := checkComparisons(ctx, s); err != nil {
		return err
	}
	listener, err := listenOn(ctx, listen)
	if err != nil {
		return err
	}
	kind, options := "rating", siteOptions(protocol.Protocol)
	if options.Notice, err = siteNotice(ctx, s); err != nil {
		return err
	}
	options.AskGuess, options.Practice = chosen.AskGuess, chosen.Practice
	site := rate.NewHandler(s, options)
	if edit {
		kind, site = "editing", rate.NewEditHandler(s, options)
		counts, err := s.Revisions(ctx)
		if err != nil {
			return err
		}
		if counts.Open > 0 {
			fmt.Fprintf(errOut, "%s wanted by editors: modeltrial rate revise gets %s\n", counted(counts.Open, "new answer is", "new answers are"), pronoun(counts.Open))
		}
	}
	listening, site, address, err := by.over(listener, monitored(site, s.Ready), errOut)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintf(errOut, "%s site on %s, for raters with a link from modeltrial rate invite; Ctrl-C ends it\n", kind, address)
	return rate.Serve(ctx, listening, site)
}

// pronoun stands for so many things.
func pronoun(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// siteNotice tells raters where what they rate says nothing of any model; empty: it does.
func siteNotice(ctx context.Context, s *store.Store) (string, error) {
	simulated, err := s.AnswersSimulated(ctx)
	if err != nil || !simulated {
		return "", err
	}
	return "A simulation made these answers up. Rating them shows how it works and says nothing of any model.", nil
}

// siteOptions are those of the pilot's rating site: the names to be kept from
// raters are those of the arms and their models.
func siteOptions(protocol eval.Protocol) rate.Options {
	criteria := map[audit.Category][]string{}
	for _, useCase := range protocol.UseCases {
		criteria[useCase.Category] = judge.Criteria(judge.Rubric(protocol, eval.CategoryConfig{Name: useCase.Category}))
	}
	return rate.Options{
		Logger: slog.Default(), Now: time.Now, HiddenNames: protocol.Names(),
		Tags: protocol.RatingTags, Criteria: criteria,
	}
}

func newRateImportCmd(g *global) *cobra.Command {
	o := &ratingsFlags{}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "ratings made elsewhere: task_id, arm_a, arm_b, rater, preference or score",
		Long: `import reads ratings from CSV or JSON Lines: task_id, arm_a, arm_b, rater, and preference
(a, b, much_a, much_b, tie, both_bad) or score; where known kind, first, week, rated_at, category,
seconds, cluster and note. After the verdict a rater may have been asked which answer is
from the current model: guess is the arm that was named (a, b or unknown), recognised
(true or false) whether a model was recognised, and guess_asked (true where left out)
whether the question was put on a comparison chosen at random. tags are why, with
semicolons between them, and grades what each arm got by criterion, from 1 to 5:
{"Is it right?":{"a":4,"b":2}}.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runRateImport(cmd.Context(), g, s, o, args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	o.add(cmd)
	return cmd
}

func newRateExportCmd(g *global) *cobra.Command {
	var edits string
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "write the ratings that count as CSV, in the form that rate import reads; - is standard output",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return g.withStore(ctx, func(s *store.Store) error {
				if _, err := locked(ctx, s); err != nil {
					return err
				}
				each := func(yield func(eval.Rating) error) error { return s.EachRating(ctx, 0, yield) }
				var guesses []eval.Guess
				if err := s.EachGuess(ctx, 0, func(guess eval.Guess) error { guesses = append(guesses, guess); return nil }); err != nil {
					return err
				}
				if args[0] == "-" && edits == "" {
					return exchange.WriteRatings(cmd.OutOrStdout(), each, guesses)
				}
				if args[0] == "-" || edits == "-" {
					return usagef("with --edits both files need a name: standard output takes one")
				}
				if err := report.ReplaceFile(args[0], func(w io.Writer) error { return exchange.WriteRatings(w, each, guesses) }); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", args[0])
				if edits != "" {
					return exportEdits(ctx, s, edits, cmd.OutOrStdout())
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&edits, "edits", "", "write what people made of single answers to this file too, in the form that rate import-edits reads")
	return cmd
}

// ignoreNotFound is nil where nothing is stored yet.
func ignoreNotFound(err error) error {
	if errors.Is(err, eval.ErrNotFound) {
		return nil
	}
	return err
}
