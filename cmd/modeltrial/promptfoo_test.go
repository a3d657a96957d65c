package main

import "testing"

func runPromptfoo(b *testing.B, server *benchServer, tasks, inFlight int) (benchResult, bool) {
	return benchResult{}, false
}
