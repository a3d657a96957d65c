package eval

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// A DeviationKind is what departed from the protocol.
type DeviationKind string

// The kinds of deviation.
const (
	ProtocolChanged DeviationKind = "protocol"       // locked anew
	ArmChanged      DeviationKind = "changed arm"    // how an arm answers, without another protocol: a gateway, a prompt outside
	ModelReplaced   DeviationKind = "replaced model" // another model is served under an arm's name
	WeekSkipped     DeviationKind = "skipped week"
	StoppedEarly    DeviationKind = "early stop"
	Resumed         DeviationKind = "resumed" // after an early stop
	OtherDeviation  DeviationKind = "other"
)

// DeviationKinds are those that somebody can record; a changed protocol is recorded
// when it is locked.
var DeviationKinds = []DeviationKind{ArmChanged, ModelReplaced, WeekSkipped, StoppedEarly, Resumed, OtherDeviation}

// A Deviation is something that departed from the protocol.
type Deviation struct {
	Kind       DeviationKind `json:"kind"`
	Subject    string        `json:"subject"` // the arm, or the week as in "week 2"; empty: the pilot
	Changes    string        `json:"changes"` // of the protocol, in words
	Reason     string        `json:"reason"`  // empty: nobody has given one
	RecordedAt time.Time     `json:"recorded_at"`
}

// String tells a deviation in words, with its day and reason.
func (d Deviation) String() string {
	what := string(d.Kind)
	switch {
	case d.Kind == ProtocolChanged:
		what = d.Subject
	case d.Subject != "":
		what += ", " + d.Subject
	}
	if d.Changes != "" {
		what += " (" + d.Changes + ")"
	}
	return fmt.Sprintf("%s: %s: %s", d.RecordedAt.UTC().Format(time.DateOnly), what, cmp.Or(d.Reason, "no reason is given; give it with modeltrial pilot deviate"))
}

// ChangesFrom tells what of a protocol differs from an earlier one, in words by its
// fields in modeltrial.yaml.
func (p Protocol) ChangesFrom(before Protocol) string {
	var changes []string
	old, now := reflect.ValueOf(before), reflect.ValueOf(p)
	for i := range now.NumField() {
		name, _, _ := strings.Cut(now.Type().Field(i).Tag.Get("json"), ",")
		if name == "-" || name == "arms" || reflect.DeepEqual(old.Field(i).Interface(), now.Field(i).Interface()) {
			continue
		}
		changes = append(changes, fmt.Sprintf("%s %s → %s", name, inWords(old.Field(i).Interface()), inWords(now.Field(i).Interface())))
	}
	for _, arm := range p.Arms {
		earlier, known := before.Arm(arm.Name)
		switch {
		case !known:
			changes = append(changes, "new arm "+arm.Name)
		case !reflect.DeepEqual(earlier, arm) && earlier.Label() != arm.Label():
			changes = append(changes, fmt.Sprintf("arm %s: %s → %s", arm.Name, earlier.Label(), arm.Label()))
		case !reflect.DeepEqual(earlier, arm):
			changes = append(changes, "arm "+arm.Name+" changed")
		}
	}
	for _, arm := range before.Arms {
		if !slices.ContainsFunc(p.Arms, func(a Arm) bool { return a.Name == arm.Name }) {
			changes = append(changes, "without arm "+arm.Name)
		}
	}
	return strings.Join(changes, "; ")
}

// inWords is a short value as it is, and of a long one only that it is another.
func inWords(value any) string {
	const longest = 40
	text, err := json.Marshal(value)
	if err != nil || len(text) > longest {
		return "…"
	}
	return string(text)
}

// WeekSubject is how a deviation names a week.
func WeekSubject(week int) string { return fmt.Sprintf("week %d", week) }
