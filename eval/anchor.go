package eval

// Answers says which answers of an anchor were rated again.
type Answers string

// The answers of an anchor, which is a comparison of the pilot that is rated again to
// see whether something has changed. Who rates frozen answers otherwise than before has
// changed, since the answers have not.
const (
	FrozenAnswers Answers = "frozen" // those of the pilot
	FreshAnswers  Answers = "fresh"  // made anew to the same task
)

// An AnchorRating is a rating of an anchor in a round of checks. Its category is that of
// the pilot's task.
type AnchorRating struct {
	Rating
	Answers Answers
	Round   string // the month in which it was rated, such as 2027-01
}

// RoundOf is the round of a rating: the month in which it was given (UTC).
func (r Rating) RoundOf() string { return r.RatedAt.UTC().Format("2006-01") }
