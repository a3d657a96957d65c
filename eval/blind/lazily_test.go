package blind

import (
	"regexp"
	"testing"
)

// TestEveryPatternCompiles compiles what is otherwise compiled when it is used first.
func TestEveryPatternCompiles(t *testing.T) {
	patterns := []func() *regexp.Regexp{
		selfCue, commonSelfCue, modelWord, modelCue, firstPerson, asModel, openingCue, closingCue, cutoffCue, cutoffDate,
		bareCutoff, sizeCue, riddleCue, ownSize, unknownName, host, codeRow, codePart, percentCode, hexCode, unicodeCode,
	}
	for _, f := range fingerprints {
		patterns = append(patterns, f.pattern)
	}
	for _, e := range escapes {
		patterns = append(patterns, e.pattern)
	}
	for _, pattern := range patterns {
		pattern() // panics where it cannot be
	}
	for _, trait := range traits {
		trait.has("")
	}
}
