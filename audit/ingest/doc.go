// Package ingest reads the files that users bring, row by row and with flat
// memory: tables in CSV or JSON Lines, and task logs and labels in them. A row
// that cannot be read goes to FILE.rejects.csv with its reason; the rest is read
// all the same. Putting tasks into categories belongs in audit/classify, storing
// them in store, and files of responses and ratings in eval/exchange, which uses
// the tables of this package.
package ingest
