package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/store"
)

// TestAFailedInvitationChangesNothing: where one of the names cannot be invited,
// the links of the others go on to hold.
func TestAFailedInvitationChangesNothing(t *testing.T) {
	dir := t.TempDir()
	invite := func(names ...string) (int, string) {
		var out, errOut strings.Builder
		code := execute(append([]string{"-C", dir, "rate", "invite"}, names...), &out, &errOut)
		return code, out.String() + errOut.String()
	}
	if code := execute([]string{"-C", dir, "init"}, io.Discard, t.Output()); code != 0 {
		t.Fatalf("init: exit code %d", code)
	}
	if code, said := invite("Ada"); code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	s, err := store.Open(t.Context(), filepath.Join(dir, "modeltrial.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	if _, err := s.AddRater(t.Context(), eval.Rater{Name: "sim-amara", Kind: eval.Human, Simulated: true}, time.Now()); err != nil {
		t.Fatal(err)
	}
	before, err := s.Raters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if code, said := invite("Ada", "Bob", "sim-amara"); code != 1 || !strings.Contains(said, "sim-amara") {
		t.Errorf("exit code %d, want 1 and the name: %s", code, said)
	}
	after, err := s.Raters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(before) || !after[0].ExpiresAt.Equal(*before[0].ExpiresAt) {
		t.Errorf("raters %+v, want them as before: %+v", after, before)
	}
	if code, said := invite("Ada", "--days", "0"); code != 2 {
		t.Errorf("no days: exit code %d, want that of a usage error: %s", code, said)
	}
}
