package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/routeapi"
	"modeltrial/store"
)

// How often serve --classify looks for what another command has stored.
const (
	tableEvery       = time.Second
	categoriserEvery = time.Minute
)

func runServeClassify(ctx context.Context, s *store.Store, listen string, errOut io.Writer) error {
	used, err := usedCategoriser(ctx, s)
	if err != nil {
		return err
	}
	handler := routeapi.New(used.Model)
	follow := &follower{store: s, handler: handler, errOut: errOut, trained: used.trainedAt}
	if err := follow.table(ctx); err != nil {
		return err
	}
	listener, err := listenOn(ctx, listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(errOut, "POST http://%s%s answers the category of a prompt; %s. Ctrl-C ends it\n", listener.Addr(), routeapi.Path, follow.says())
	if !loopback(listener.Addr()) {
		fmt.Fprintln(errOut, "! others than this machine reach it, and nobody has to sign in")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go follow.run(ctx)
	return serveHTTP(ctx, listener, monitored(handler, s.Ready), 10*time.Second)
}

// A follower gives the handler what other commands store while it runs.
type follower struct {
	store   *store.Store
	handler *routeapi.Handler
	errOut  io.Writer
	decided time.Time // of the table in use; zero: none is stored
	hash    string
	trained time.Time // when the categoriser in use was; zero: it is the built-in one
	failed  string    // what was said last, so that it is said once
}

func (f *follower) says() string {
	if f.decided.IsZero() {
		return "no routing table is stored yet"
	}
	return "routes as decided " + f.decided.UTC().Format(time.RFC3339)
}

// run looks until the context ends.
func (f *follower) run(ctx context.Context) {
	tables, models := time.NewTicker(tableEvery), time.NewTicker(categoriserEvery)
	defer tables.Stop()
	defer models.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-tables.C:
			err = f.table(ctx)
		case <-models.C:
			err = f.categoriser(ctx)
		}
		// What was taken before still answers.
		if err != nil && ctx.Err() == nil && err.Error() != f.failed {
			f.failed = err.Error()
			fmt.Fprintf(f.errOut, "! going on with what was read before: %v\n", err)
		}
	}
}

// table takes the table stored last, where it is another than the one in use.
func (f *follower) table(ctx context.Context) error {
	table, err := f.store.LatestRoutingTable(ctx)
	if errors.Is(err, eval.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if table.DecidedAt.Equal(f.decided) && table.ProtocolSHA256 == f.hash {
		return nil
	}
	if err := f.handler.UseTable(table); err != nil {
		return err
	}
	first := f.decided.IsZero()
	f.decided, f.hash = table.DecidedAt, table.ProtocolSHA256
	if !first {
		fmt.Fprintf(f.errOut, "%s\n", f.says())
	}
	return nil
}

// categoriser takes the one that is stored, where it is another than the one in use.
func (f *follower) categoriser(ctx context.Context) error {
	kept, err := f.store.LocalModel(ctx)
	if err := ignoreNotFound(err); err != nil || kept.TrainedAt.Equal(f.trained) {
		return err
	}
	used, err := usedCategoriser(ctx, f.store)
	if err != nil {
		return err
	}
	f.trained = used.trainedAt
	f.handler.UseModel(used.Model)
	fmt.Fprintln(f.errOut, "the categoriser was trained anew")
	return nil
}
