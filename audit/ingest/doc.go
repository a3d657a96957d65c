// Package ingest reads the logs that users bring, row by row and with flat memory.
//
// A log is opened in three steps. A source is a file, an entry of an archive or
// standard input, with what it is compressed by and encoded in taken off. A table
// reads its rows: of CSV, JSON, a workbook, Parquet or a query. A dialect, where a
// tool exported the log, makes our own fields of the tool's records. All of it is
// recognised by the content; names of files tell nothing.
//
// How the numbers and dates of a column are read is decided for the whole column, and
// asked where two readings fit. A row that cannot be read goes to FILE.rejects.csv
// with its reason; the rest is read all the same, and what is no task is counted with
// the reason. Putting tasks into categories belongs in audit/classify, storing them in
// store, and files of responses and ratings in eval/exchange, which uses the tables
// of this package.
package ingest
