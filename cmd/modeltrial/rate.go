package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/exchange"
	"modeltrial/eval/rate"
	"modeltrial/report"
	"modeltrial/store"
)

func newRateCmd(g *global) *cobra.Command {
	return group("rate", "blind rating by people",
		newRateInviteCmd(g), newRateServeCmd(g), newRateImportCmd(g), newRateExportCmd(g))
}

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
		Example: "  modeltrial rate invite Ada Grace --base https://rate.example.com\n  modeltrial rate invite --list\n  modeltrial rate invite Ada --revoke",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !o.list {
				return usagef("rate invite needs the names of the raters, or --list")
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				if o.list {
					return listRaters(cmd.Context(), g, s, cmd.OutOrStdout())
				}
				if o.revoke {
					return revokeRaters(cmd.Context(), s, args, cmd.OutOrStdout())
				}
				return inviteRaters(cmd.Context(), g, s, o, args, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&o.base, "base", "http://127.0.0.1:8080", "address under which raters reach rate serve")
	cmd.Flags().IntVar(&o.days, "days", 60, "days until the link expires")
	cmd.Flags().BoolVar(&o.list, "list", false, "list raters instead")
	cmd.Flags().BoolVar(&o.revoke, "revoke", false, "end the links of these raters instead")
	return cmd
}

func inviteRaters(ctx context.Context, g *global, s *store.Store, o *inviteOptions, names []string, out io.Writer) error {
	type invitation struct {
		Rater   string    `json:"rater"`
		Link    string    `json:"link"`
		Expires time.Time `json:"expires_at"`
	}
	now := time.Now().UTC()
	expires := now.AddDate(0, 0, o.days)
	var invitations []invitation
	for _, name := range names {
		token, hash, err := blind.NewToken(rand.Reader)
		if err != nil {
			return err
		}
		if err := s.Invite(ctx, name, hash, expires, now); err != nil {
			return err
		}
		invitations = append(invitations, invitation{name, o.base + "/r/" + token, expires})
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.rate-invite/1", "invitations": invitations})
	}
	for _, made := range invitations {
		fmt.Fprintf(out, "%-16s %s\n", made.Rater, made.Link)
	}
	fmt.Fprintf(out, "\nEach link is a key: send it to its rater only. It is not shown again; a new one replaces it.\nThey hold until %s.\n\nnext: modeltrial rate serve\n", expires.Format(time.DateOnly))
	return nil
}

func revokeRaters(ctx context.Context, s *store.Store, names []string, out io.Writer) error {
	for _, name := range names {
		if err := s.Revoke(ctx, name, time.Now()); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: the link no longer works; the ratings stay\n", name)
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
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "the blind rating site",
		Long: `serve shows raters, who come by the links of rate invite, a task and two anonymous
answers side by side. Nothing that reaches the browser names a model or an arm. A
verdict is on disk before the page says so. It listens on this machine only unless
--listen says otherwise; put a proxy with TLS before it for other machines.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runServe(cmd.Context(), s, listen, cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen on")
	return cmd
}

func runServe(ctx context.Context, s *store.Store, listen string, errOut io.Writer) error {
	protocol, err := locked(ctx, s)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; choose another address with --listen", listen, err)
	}
	fmt.Fprintf(errOut, "rating site on http://%s, for raters with a link from modeltrial rate invite; Ctrl-C ends it\n", listener.Addr())
	return rate.Serve(ctx, listener, rate.NewHandler(s, siteOptions(protocol.Protocol)))
}

// siteOptions are those of the pilot's rating site: the names to be kept from
// raters are those of the arms and their models.
func siteOptions(protocol eval.Protocol) rate.Options {
	var hidden []string
	notice := ""
	for _, arm := range protocol.Arms {
		hidden = append(hidden, arm.Name, arm.Model)
	}
	return rate.Options{
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)), Now: time.Now, HiddenNames: hidden, Notice: notice,
	}
}

func newRateImportCmd(g *global) *cobra.Command {
	o := &ratingsFlags{}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "ratings made elsewhere: task_id, arm_a, arm_b, rater, preference or score",
		Args:  cobra.ExactArgs(1),
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
	return &cobra.Command{
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
				if args[0] == "-" {
					return exchange.WriteRatings(cmd.OutOrStdout(), each)
				}
				if err := replaceFile(args[0], func(w io.Writer) error { return exchange.WriteRatings(w, each) }); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", args[0])
				return nil
			})
		},
	}
}

// ignoreNotFound is nil where nothing is stored yet.
func ignoreNotFound(err error) error {
	if errors.Is(err, eval.ErrNotFound) {
		return nil
	}
	return err
}
