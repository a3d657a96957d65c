// Package rate is the blind rating site: it shows a rater a task and two
// anonymous answers and stores the verdict. Which arm is shown where is drawn in
// eval/blind and kept in the store that [Store] describes; nothing here knows an
// arm's name.
package rate
