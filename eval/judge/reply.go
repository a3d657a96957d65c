package judge

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"modeltrial/eval"
)

// Bounds of a reply that is read: a model may write braces without end.
const (
	maxReplyBytes = 256 << 10
	maxObjects    = 200
)

// A reply is what a judge said.
type reply struct {
	verdict   eval.ShownVerdict
	rationale string
}

// readReply finds the verdict in a reply. An endpoint that does not know schemas may
// put words or a code fence around the object, and a model may think aloud before it.
// Two objects with different verdicts are no verdict: which one is meant would be a
// guess, and a guess is never taken for a tie.
func readReply(text string) (reply, error) {
	if strings.TrimSpace(text) == "" {
		return reply{}, errors.New("the reply is empty")
	}
	if len(text) > maxReplyBytes {
		return reply{}, fmt.Errorf("the reply is longer than %d KiB", maxReplyBytes>>10)
	}
	var found []reply
	unknown := ""
	for rest, tried := text, 0; tried < maxObjects; tried++ {
		start := strings.IndexByte(rest, '{')
		if start < 0 {
			break
		}
		rest = rest[start:]
		decoder := json.NewDecoder(strings.NewReader(rest))
		var said struct {
			Verdict   *string `json:"verdict"`
			Rationale string  `json:"rationale"`
		}
		if decoder.Decode(&said) != nil {
			rest = rest[1:]
			continue
		}
		rest = rest[decoder.InputOffset():]
		if said.Verdict == nil {
			continue
		}
		verdict, ok := meaning(*said.Verdict)
		if !ok {
			unknown = *said.Verdict
			continue
		}
		found = append(found, reply{verdict, strings.TrimSpace(said.Rationale)})
	}
	switch {
	case len(found) == 0 && unknown != "":
		return reply{}, fmt.Errorf("the reply gives the verdict %.60q, which does not exist", unknown)
	case len(found) == 0:
		return reply{}, fmt.Errorf("the reply holds no JSON object with a verdict: %.80q", text)
	}
	last := found[len(found)-1]
	for _, other := range found {
		if other.verdict != last.verdict {
			return reply{}, fmt.Errorf("the reply gives two different verdicts: %.80q", text)
		}
	}
	return last, nil
}

// meaning is what a word of a reply says.
func meaning(word string) (eval.ShownVerdict, bool) {
	word = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(word)), " ", "_")
	for _, v := range verdicts {
		if v.word == word {
			return v.verdict, true
		}
	}
	return "", false
}
