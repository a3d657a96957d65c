package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"

	"modeltrial/eval"
	"modeltrial/store"
)

// A typist sits at a terminal of its own before a process.
type typist struct {
	t        *testing.T
	terminal *os.File
	mu       sync.Mutex
	seen     bytes.Buffer
	shown    time.Time // when something was shown last; zero where nothing was since keys were sent
}

func (p *typist) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = time.Now()
	return p.seen.Write(b)
}

// still says whether something was shown since keys were sent last, and has stood still.
func (p *typist) still() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.shown.IsZero() && time.Since(p.shown) >= 450*time.Millisecond
}

func (p *typist) screen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.String()
}

// typeKeys sends keys as the terminal does, once what was shown has stood still.
func (p *typist) typeKeys(keys string) {
	p.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !p.still(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("the screen did not answer, or does not stand still: %q", p.screen())
		}
	}
	p.mu.Lock()
	p.shown = time.Time{}
	p.mu.Unlock()
	if _, err := io.WriteString(p.terminal, keys); err != nil {
		p.t.Fatal(err)
	}
}

// TestRateInATerminal rates in a real terminal with a real database: verdicts, an undo
// and a note, and then stops. What the terminal was sent must name no arm and no model.
func TestRateInATerminal(t *testing.T) {
	t.Parallel()
	g := &global{dir: filepath.Join(t.TempDir(), "demo")}
	if err := runDemo(t.Context(), g, false, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	if out, err := process(t, "-C", g.dir, "rate", "invite", "Visitor").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s, err := g.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	protocol, err := s.Locked(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	child := process(t, "-C", g.dir, "rate", "terminal", "--rater", "Visitor", "--ask-guess", "0")
	child.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=1")
	terminal, err := pty.StartWithSize(child, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close(); _ = child.Process.Kill() }) // both have ended unless the test failed
	p := &typist{t: t, terminal: terminal}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(p, terminal) // a terminal whose process has ended gives an error
	}()
	appears := func(text string) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !strings.Contains(p.screen(), text); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%q does not appear: %q", text, p.screen())
			}
		}
	}
	appears("Practice 1 of 3")
	p.typeKeys("1")
	appears("That fits.")
	p.typeKeys("s")
	appears("grades")
	for i, keys := range []string{"c" + "4" + "\r" + "1", "\x1b[C", "n" + "too long" + "\r" + "3"} {
		p.typeKeys(keys)
		waitForRatings(t, s, i+1)
	}
	if grades := firstOf(t, s, "Visitor").Grades; len(grades) != 1 || grades[0].Points != 4 {
		t.Errorf("graded %v, want one answer with 4", grades)
	}
	p.typeKeys("z")
	p.typeKeys("0")
	for deadline := time.Now().Add(10 * time.Second); lastOf(t, s, "Visitor").Verdict != eval.BothBad; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the last rating is %+v, want it corrected", lastOf(t, s, "Visitor"))
		}
	}
	p.typeKeys("q")
	if err := child.Wait(); err != nil {
		t.Fatalf("%v after: %q", err, p.screen())
	}
	<-read

	screen := p.screen()
	for _, arm := range protocol.Protocol.Arms {
		for _, name := range []string{arm.Name, arm.Model} {
			if strings.Contains(strings.ToLower(screen), strings.ToLower(name)) {
				t.Errorf("the terminal was sent the name %q", name)
			}
		}
	}
	if !strings.Contains(ansi.Strip(screen), "3 rated") {
		t.Errorf("the end does not tell what was rated: %q", screen[max(len(screen)-300, 0):])
	}
	if color := regexp.MustCompile(`\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7])(?:;[0-9;]*)?m`).FindString(screen); color != "" {
		t.Errorf("the terminal was sent the colour %q in spite of NO_COLOR", color)
	}
}

// ratingsOf are the rater's ratings that count.
func ratingsOf(t *testing.T, s *store.Store, rater string) (ratings []eval.Rating) {
	t.Helper()
	err := s.EachRating(t.Context(), 0, func(rating eval.Rating) error {
		if rating.Rater == rater {
			ratings = append(ratings, rating)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ratings
}

func firstOf(t *testing.T, s *store.Store, rater string) eval.Rating {
	t.Helper()
	return ratingsOf(t, s, rater)[0]
}

func lastOf(t *testing.T, s *store.Store, rater string) eval.Rating {
	t.Helper()
	ratings := ratingsOf(t, s, rater)
	return ratings[len(ratings)-1]
}

// TestOnlyTheInvitedRateInATerminal says to everyone else how to be invited.
func TestOnlyTheInvitedRateInATerminal(t *testing.T) {
	t.Parallel()
	g := &global{dir: t.TempDir()}
	s, err := store.Open(t.Context(), filepath.Join(g.dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	now := time.Now()
	ended := []store.Invitation{{Rater: "Revoked", TokenSHA256: "a"}, {Rater: "Expired", TokenSHA256: "b"}}
	if err := errors.Join(
		s.Invite(t.Context(), ended, now.Add(-time.Minute), now.Add(-time.Hour)),
		s.Invite(t.Context(), []store.Invitation{{Rater: "Ada Lovelace", TokenSHA256: "c"}, {Rater: "Revoked", TokenSHA256: "d"}}, now.Add(time.Hour), now),
		s.Revoke(t.Context(), "Revoked", now),
	); err != nil {
		t.Fatal(err)
	}
	for _, rater := range []eval.Rater{{Name: "sim-ann", Kind: eval.Human, Simulated: true}, {Name: "judge", Kind: eval.Judge}, {Name: "Imported", Kind: eval.Human}} {
		if _, err := s.AddRater(t.Context(), rater, now); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"Nobody At All": "rate invite 'Nobody At All'", "Revoked": "was revoked or has expired", "Expired": "was revoked or has expired",
		"sim-ann": "is no person", "judge": "is no person", "Ada Lovelace": "", "Imported": "",
	} {
		rater, err := invited(t.Context(), g, s, name)
		if want == "" && (err != nil || rater.ID == 0 || rater.Name != name) {
			t.Errorf("%s: got %+v, %v, want the rater", name, rater, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want it to say %q", name, err, want)
		}
	}
}
