package eval

import (
	"time"

	"modeltrial/audit"
)

// An EditPresentation is one answer as its editor sees it, stored before it is shown. It
// carries no arm.
type EditPresentation struct {
	ID           string // opaque and random; the only id a browser sees
	TaskID       string
	System       string
	Conversation []audit.Message
	Prompt       string
	Answer       string    // the newest, where new ones were asked for
	PresentedAt  time.Time // when Answer was shown first
	Rounds       int       // new answers that have come
	Revision     RevisionState
	Remark       string    // by which the last new answer was asked for; empty where none was
	Last         *PostEdit // what the editor made of it last; nil where not edited yet
}

// An EditMade is what an editor sends of a presentation.
type EditMade struct {
	Outcome EditOutcome
	Text    string     // edited; empty unless [Edited]
	Words   WordChange // from what was shown to Text; zero unless [Edited]
	// Seconds are those since the presentation or its last edit; nil where not known.
	Seconds *float64
	Timing  EditTiming
}
