package audit

// A CategoriserCheck is what a random sample, categorised by a person without seeing
// the machine's answer, says of the categoriser.
type CategoriserCheck struct {
	Drawn      int       `json:"drawn"`
	Reviewed   int       `json:"reviewed"`
	Accuracy   *Interval `json:"accuracy"` // share on which person and machine agree
	WhyMissing string    `json:"why_missing,omitempty"`
	// Confusion counts the reviewed tasks: {truth: {predicted: count}}.
	Confusion map[Category]map[Category]int `json:"confusion"`
	Warnings  []string                      `json:"warnings"`
}
