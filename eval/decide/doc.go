// Package decide turns a pilot's data into an analysis, its decisions and a
// routing table: which ratings count, what is compared with what, at which looks,
// and the decision rule. The estimators it calls are in eval/stats; documents made
// of its results are in report.
package decide
