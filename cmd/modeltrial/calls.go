package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"modeltrial/eval"
	"modeltrial/store"
)

// noteProviders keeps, before calls, at which prices and where the protocol's providers
// are called, and tells of those that were called elsewhere before.
func noteProviders(ctx context.Context, s *store.Store, config eval.Config, protocol eval.Protocol, errOut io.Writer) error {
	if err := s.SeeOwnPrices(ctx, config.Providers, timeNow()); err != nil {
		return err
	}
	noted := map[string]bool{}
	for _, arm := range protocol.Arms {
		for _, call := range arm.Calls() {
			known, ok := config.Provider(call.Provider)
			address := known.Address()
			if !ok || address == "" || noted[known.Name] {
				continue
			}
			noted[known.Name] = true
			before, err := s.NoteAddress(ctx, known.Name, address, time.Now())
			if err != nil {
				return err
			}
			if before != "" {
				fmt.Fprintf(errOut, "! provider %q is called at %s from now on, before at %s; an arm with answers from both is a deviation, of which pilot status asks the reason\n", known.Name, address, before)
			}
		}
	}
	return nil
}

// tellOfWaiting says at Ctrl-C that calls under way are awaited, until stop is called.
func tellOfWaiting(ctx context.Context, errOut io.Writer) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		fmt.Fprintln(errOut, "\nfinishing the calls under way, which are paid for; Ctrl-C again leaves them")
	})
}

// sayClaimed says what of a run belongs to another one; nothing where that is nothing.
func sayClaimed(out io.Writer, claimed int, what string) {
	if claimed > 0 {
		fmt.Fprintf(out, "  %s belong to another run, or to one that was killed a few minutes ago; run again then\n", what)
	}
}

// sayAfterCalls says what comes after a run: the cap, the same command again where
// something is open, or else the next.
func sayAfterCalls(g *global, out io.Writer, exhausted, open bool, same, next string) {
	switch {
	case exhausted:
		sayExhausted(out)
	case open:
		fmt.Fprintf(out, "\n%s, which goes on where this stopped\n", g.next(same))
	default:
		fmt.Fprintf(out, "\n%s\n", g.next(next))
	}
}

func sayExhausted(out io.Writer) {
	fmt.Fprintf(out, "\nthe cap does not allow another call; raise budget_usd (a deviation) or --max-cost and run again\n")
}
