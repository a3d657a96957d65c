package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"modeltrial/eval"
)

// crashPath names the database to a child process that rates until it is killed.
const crashPath = "MODELTRIAL_TEST_CRASH_PATH"

// TestRateUntilKilled is no test of its own: [TestAKilledProcessLosesNoRating]
// runs it in a process of its own.
func TestRateUntilKilled(t *testing.T) {
	path := os.Getenv(crashPath)
	if path == "" {
		t.Skip("runs only as the child of TestAKilledProcessLosesNoRating")
	}
	s, err := Open(context.Background(), path)
	must(t, err)
	ann := addRater(t, s, "ann")
	for i := 0; ; i++ {
		shown, err := s.NextPresentation(context.Background(), ann, controlFirst, testTime)
		if errors.Is(err, eval.ErrNotFound) {
			return
		}
		must(t, err)
		must(t, s.AddVerdict(context.Background(), ann, shown.ID, eval.LeftBetter, ptr(float64(i)), "", testTime))
		fmt.Println("confirmed", shown.ID)
	}
}

func TestAKilledProcessLosesNoRating(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	s := newPilot(t, path, 200, 1)
	answerAll(t, s)
	comparisons, err := s.CreateComparisons(t.Context())
	must(t, err)

	child := exec.Command(os.Args[0], "-test.run=^TestRateUntilKilled$", "-test.v")
	child.Env = append(os.Environ(), crashPath+"="+target(t, path))
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	var confirmed []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var id string
		if n, _ := fmt.Sscanf(lines.Text(), "confirmed %s", &id); n == 1 {
			confirmed = append(confirmed, id)
		}
		if len(confirmed) == 40 {
			must(t, child.Process.Kill())
		}
	}
	if err := child.Wait(); err == nil || len(confirmed) < 40 || len(confirmed) >= comparisons {
		t.Fatalf("the child ended with %v after %d of %d ratings, want it killed in the middle", err, len(confirmed), comparisons)
	}

	s = openTest(t, path)
	for _, id := range confirmed {
		if n := count(t, s, `SELECT count(*) FROM ratings WHERE presentation_id = ?`, id); n != 1 {
			t.Errorf("presentation %s was confirmed and has %d ratings, want 1", id, n)
		}
	}
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("after the kill: findings %v, %v, want none", findings, err)
	}
	// The rater goes on where the process broke off.
	ann := addRater(t, s, "ann")
	done, open, _, err := s.Progress(t.Context(), ann)
	must(t, err)
	if done < len(confirmed) || done > len(confirmed)+1 || done+open != comparisons {
		t.Errorf("done %d, open %d, want %d confirmed (or one more) of %d", done, open, len(confirmed), comparisons)
	}
}
