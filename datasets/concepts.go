package datasets

import _ "embed" // for the file below

// Concepts is a small dictionary, written for this project, of what tasks are
// about: a CSV file with one concept a row and its words in one column a
// language. In a cell a blank divides words, a star at the end of a word stands
// for any ending, and a low line joins the words of a phrase, three at most.
//
//go:embed concepts.csv
var Concepts string
