// Package scale reckons what a pilot of many tasks takes: calls, hours, money, people,
// storage and memory. What it rests on was measured and stands in measured.go.
package scale
