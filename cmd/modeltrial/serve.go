package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/eval/rate"
	"modeltrial/store"
)

// ownerListen is where serve listens unless told otherwise; neither where the rating
// site does nor the review page, so that all can run.
const ownerListen = "127.0.0.1:8082"

func newServeCmd(g *global) *cobra.Command {
	var listen string
	var classify bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "the owner's read-only view of audit, pilot and results in a browser; or, with --classify, the category of a prompt",
		Long: `serve shows the audit, how far the pilot is, its results and the routing tables so far,
as they are at the moment: read-only, without a script, on this machine alone, behind a
link that is printed once and is a key. Raters must not see these pages; the rating site
(rate serve) shows nothing of them.

With --classify it answers POST /v1/classify instead, for an orchestration layer that has
to pass a gateway the category of a task. The body is {"prompt": "..."}, where known with
"system" and "previous" (the user's turn before), or a chat request with "messages". The
answer has category, probability, sure, and the route in force: that of the routing table
stored last, also where it is stored while this runs. A categoriser that audit classify
trains is taken within a minute. Nobody has to sign in, and prompts are neither stored nor
logged.`,
		Example: `  modeltrial serve
  modeltrial serve --classify
  curl --json '{"prompt": "Fix this SQL query"}' http://` + ownerListen + `/v1/classify`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !classify {
				if err := checkOwnMachine(listen); err != nil {
					return err
				}
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				if classify {
					return runServeClassify(cmd.Context(), s, listen, cmd.ErrOrStderr())
				}
				return runServePages(cmd.Context(), g, s, listen, cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", ownerListen, "address to listen on")
	cmd.Flags().BoolVar(&classify, "classify", false, "answer POST /v1/classify with the category of a prompt and its route")
	return cmd
}

// checkOwnMachine refuses addresses that others reach: the pages show all results, and
// there is no TLS.
func checkOwnMachine(listen string) error {
	own, err := ownMachine(listen, ownerListen)
	if err == nil && !own {
		err = usagef("--listen %q is not this machine alone, and the link would cross the network in the clear; choose a port of 127.0.0.1 and put a proxy with TLS before it", listen)
	}
	return err
}

// ownMachine says whether an address of --listen is reached from this machine alone.
func ownMachine(listen, example string) (bool, error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false, usagef("--listen %q is no address with a port; write it like %s", listen, example)
	}
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback(), nil
}

// serveHTTP answers requests until the context ends, then lets those under way finish.
// write is the longest that an answer may take.
func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler, write time.Duration) error {
	return rate.Until(ctx, listener, &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: write, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	})
}

// listenOn opens a listener.
func listenOn(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another address with --listen", address, err)
	}
	return listener, nil
}
