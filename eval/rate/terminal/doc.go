// Package terminal is the rating site in a terminal: the same queue, the same answers
// with the same names hidden, the same keys. What is shown where is drawn and kept as
// for the site, by the store that [modeltrial/eval/rate.Store] describes; nothing here
// knows an arm's name.
package terminal
