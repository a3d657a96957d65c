// Package report turns results into documents: terminal tables, JSON, an Excel
// workbook, an HTML page and routing configuration for gateways.
//
// What belongs here is wording, rounding, layout and escaping. What does not:
// a statistic (those are computed in eval and its subpackages and arrive here
// as numbers with their intervals), a query, or anything that reads a file of
// the workspace. Everything shown that came from a log, a model or a rater is
// hostile text here and is escaped for the document it goes into.
package report
