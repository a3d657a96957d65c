// Package datasets holds embedded data and nothing else: the sample task log of an
// invented company with recorded answers of fictional models, the price table, and
// the categoriser's weights with the texts and the dictionary that they are made
// from. All texts were written for this project. Reading and using the data belongs
// in the packages that import this one.
package datasets
