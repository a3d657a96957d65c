// Package classify puts a task into a category by its text alone, on the
// machine at hand: no network, no key, no other program. The classifier is a
// multinomial logistic regression on hashed words, character n-grams, beginnings
// of sentences, and concepts, alone and in the order in which the text names them.
// The concepts ("write", "poem", "how many") come from a dictionary of 26
// languages, so that what many texts in one language teach holds in the others.
// Texts and dictionary are in datasets and were written for this project. From a log
// a classifier learns how the tasks are worded there, without labels. The
// package also scores a classifier on labelled rows.
//
// Reading log files belongs in audit/ingest, and asking a model to classify
// what the local classifier is unsure of belongs in the package that runs
// models.
package classify
