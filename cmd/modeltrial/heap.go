package main

import "runtime/debug"

// allowGarbage lets garbage grow to some per cent of what is in use, until end is
// called: few where much is kept in memory, many where little is, and soon forgotten.
func allowGarbage(percent int) (end func()) {
	before := debug.SetGCPercent(percent)
	return func() { debug.SetGCPercent(before) }
}
