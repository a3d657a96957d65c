package main

import (
	"context"
	"fmt"
	"io"
)

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
