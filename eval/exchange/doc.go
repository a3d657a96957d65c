// Package exchange reads the responses and ratings that users bring in files,
// and writes ratings to one. It says nothing of whether they fit a pilot: that is
// checked where they are stored. Task logs are read in audit/ingest, from which
// the tables come; documents of results are written in report.
package exchange
