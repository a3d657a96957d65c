package blind_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"modeltrial/eval/blind"
)

// ownNames are the arms and models of the pilot that the sets of texts are of.
var ownNames = []string{"quokka-prime", "Zebrafish", "acme/wombat-9b-instruct", "control"}

// A specimen is a line of the sets in testdata.
type specimen struct {
	Kind string   `json:"kind"`
	Task string   `json:"task"`
	Text string   `json:"text"`
	Hide []string `json:"hide"` // of the text: must not stay readable; none: must be flagged
}

func readSpecimens(t testing.TB, file string) []specimen {
	t.Helper()
	opened, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }() // only read
	var specimens []specimen
	for lines := bufio.NewScanner(opened); lines.Scan(); {
		var s specimen
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatalf("%s:%d: %v", file, len(specimens)+1, err)
		}
		specimens = append(specimens, s)
	}
	return specimens
}

// TestIdentifyingAnswers requires that of every answer that tells who wrote it what
// tells is masked or flagged, beside an answer that tells nothing.
func TestIdentifyingAnswers(t *testing.T) {
	masker := blind.NewMasker(ownNames)
	specimens := readSpecimens(t, "testdata/identifying.jsonl")
	if len(specimens) < 60 {
		t.Fatalf("%d answers, want 60 or more", len(specimens))
	}
	masked, flagged := 0, 0
	for i, s := range specimens {
		const other = "Your parcel arrives on Friday."
		got := mask(masker, s.Task, s.Text, other)
		if got[1] != other {
			t.Errorf("line %d: the other answer became %q", i+1, got[1])
		}
		finding := masker.Check(s.Task, s.Text, other)[0]
		if len(finding.Flags) > 0 {
			flagged++
		}
		if got[0] != s.Text {
			masked++
		}
		if (got[0] != s.Text) != (finding.Masks > 0) {
			t.Errorf("line %d: Check counts %d masks of %q", i+1, finding.Masks, got[0])
		}
		if len(s.Hide) == 0 && len(finding.Flags) == 0 {
			t.Errorf("line %d, %s: %q is shown as %q and not flagged", i+1, s.Kind, s.Text, got[0])
		}
		for _, name := range s.Hide {
			if !strings.Contains(s.Text, name) {
				t.Errorf("line %d: %q is not in %q", i+1, name, s.Text)
			}
			if strings.Contains(got[0], name) && len(finding.Flags) == 0 {
				t.Errorf("line %d, %s: %q stays in %q", i+1, s.Kind, name, got[0])
			}
		}
	}
	t.Logf("%d answers that tell: %d masked, %d flagged", len(specimens), masked, flagged)
}

// TestInnocentTexts requires that texts on models, and words that are also their names,
// stay as they are and are not flagged.
func TestInnocentTexts(t *testing.T) {
	masker := blind.NewMasker(ownNames)
	specimens := readSpecimens(t, "testdata/innocent.jsonl")
	if len(specimens) < 200 {
		t.Fatalf("%d texts, want 200 or more", len(specimens))
	}
	left := 0
	for i, s := range specimens {
		got := mask(masker, s.Task, s.Text, "Something else.")
		finding := masker.Check(s.Task, s.Text, "Something else.")[0]
		if got[0] != s.Text || len(finding.Flags) > 0 {
			t.Errorf("line %d, %s: %q becomes %q, flags %v", i+1, s.Kind, s.Text, got[0], finding.Flags)
			continue
		}
		left++
	}
	t.Logf("%d innocent texts: %d left as they are", len(specimens), left)
}
