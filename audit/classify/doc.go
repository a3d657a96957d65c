// Package classify puts a task into a category by its text alone, on the
// machine at hand: no network, no key, no other program. The classifier is a
// multinomial logistic regression on hashed words and character n-grams; its
// weights are trained from the texts in datasets/training, which were written
// for this project. The package also scores a classifier on labelled rows.
//
// Reading log files belongs in audit/ingest, and asking a model to classify
// what the local classifier is unsure of belongs in the package that runs
// models.
package classify
