// Package eval holds the vocabulary of a pilot: protocol, arm, response,
// comparison, rating, analysis, decision and routing table, and the reading of
// modeltrial.yaml. It is domain types and pure logic: providers are in
// eval/provider, running in eval/run, presentation in eval/blind, rating sites in
// eval/rate, estimators in eval/stats, decisions in eval/decide, users' files in
// eval/exchange. SQL is in store, documents are in report.
package eval
