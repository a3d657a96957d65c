package main

import (
	"bufio"
	"context"
	database "database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"modeltrial/eval"
	"modeltrial/store"
)

// servingAddress is in what rate serve says when it listens.
var servingAddress = regexp.MustCompile(`https?://127\.0\.0\.1:\d+`)

// startServer starts rate serve in a process of its own and gives its address.
func startServer(t *testing.T, workspace string, flags ...string) (server *exec.Cmd, address string) {
	t.Helper()
	server = process(t, append([]string{"-C", workspace, "rate", "serve", "--listen", "127.0.0.1:0", "--ask-guess", "0", "--practice=false"}, flags...)...)
	said, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(said)
	line, err := lines.ReadString('\n')
	address = servingAddress.FindString(line)
	if err != nil || address == "" {
		_ = server.Process.Kill()
		t.Fatalf("rate serve said %q, %v, want its address", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // ends with the server
	return server, address
}

// A killRater rates one comparison after the other, whatever becomes of the server.
type killRater struct {
	token     string
	confirmed map[string]eval.ShownVerdict // by presentation: what the site has said is stored
	sent      map[string]bool              // by presentation: what may be stored
}

// rateAll rates at each address until the context ends.
func (k *killRater) rateAll(ctx context.Context, address *atomic.Value, confirmed *atomic.Int64) error {
	verdicts := []eval.ShownVerdict{eval.LeftMuchBetter, eval.LeftBetter, eval.ShownTie, eval.RightBetter, eval.RightMuchBetter, eval.ShownBad}
	var r *httpRater
	for ctx.Err() == nil {
		site := address.Load().(string)
		if r == nil || r.site != site {
			r = newHTTPRater(site, k.token)
			defer r.close()
		}
		err := r.open()
		if errors.Is(err, errNothingOpen) {
			return err // the test has too few comparisons
		}
		if err != nil {
			time.Sleep(2 * time.Millisecond) // between two servers
			continue
		}
		if _, again := k.confirmed[r.shown]; again {
			return fmt.Errorf("comparison %s was confirmed and is asked for again", r.shown)
		}
		k.sent[r.shown] = true
		verdict := verdicts[len(k.confirmed)%len(verdicts)]
		if err := r.rate(verdict); err == nil {
			k.confirmed[r.shown] = verdict
			confirmed.Add(1)
		}
	}
	return nil
}

// TestAKilledSiteLosesNoRating kills the server 200 times by SIGKILL, at any moment,
// while raters rate. What the site had confirmed must be stored as it was given, and
// nothing twice.
func TestAKilledSiteLosesNoRating(t *testing.T) {
	t.Parallel()
	kills, raters, tasks := 200, 12, 1500
	if testing.Short() {
		kills = 15
	}
	workspace := t.TempDir()
	path := filepath.Join(workspace, databaseName)
	s, tokens := newRatingPilot(t, path, tasks, raters, raters)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	var address atomic.Value
	address.Store("http://127.0.0.1:1") // nobody is there yet
	var confirmed atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	all := make([]*killRater, raters)
	var group errgroup.Group
	for i := range all {
		all[i] = &killRater{token: tokens[i], confirmed: map[string]eval.ShownVerdict{}, sent: map[string]bool{}}
		group.Go(func() error { return all[i].rateAll(ctx, &address, &confirmed) })
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	start := time.Now()
	underLoad := 0
	for range kills {
		server, at := startServer(t, workspace)
		before := confirmed.Load()
		address.Store(at)
		// Some of them early, the rest once some ratings have gone through.
		if random.IntN(4) == 0 {
			time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
		} else {
			awaitRatings(&confirmed, before+1+int64(random.IntN(20)))
		}
		if err := server.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = server.Wait() // it was killed
		if confirmed.Load() > before {
			underLoad++
		}
	}
	// One server is left alone, so that what was shown last can be rated.
	server, at := startServer(t, workspace)
	before := confirmed.Load()
	address.Store(at)
	awaitRatings(&confirmed, before+int64(raters))
	cancel()
	err := group.Wait()
	_ = server.Process.Signal(os.Interrupt)
	if waited := server.Wait(); waited != nil || err != nil {
		t.Fatalf("raters: %v, server: %v", err, waited)
	}
	t.Logf("seed %d: %d kills, %d with ratings confirmed before, %d ratings in %v", seed, kills, underLoad, confirmed.Load(), time.Since(start).Round(time.Millisecond))
	if underLoad < kills/3 || confirmed.Load() < int64(kills) {
		t.Errorf("%d kills of %d with ratings before, %d ratings in all: too few to say anything", underLoad, kills, confirmed.Load())
	}
	wantConfirmed(t, path, all)
}

// awaitRatings waits until so many ratings are confirmed, or for two seconds.
func awaitRatings(confirmed *atomic.Int64, n int64) {
	for deadline := time.Now().Add(2 * time.Second); confirmed.Load() < n && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// wantConfirmed requires that the database holds every confirmed rating once, and beside
// them only such as were sent.
func wantConfirmed(t *testing.T, path string, raters []*killRater) {
	t.Helper()
	s, err := store.OpenExisting(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("after the kills: findings %v, %v, want none", findings, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := database.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // only read
	rows, err := db.QueryContext(t.Context(), `SELECT presentation_id, first, verdict FROM ratings`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // only read
	type rating struct {
		first   eval.Side
		verdict eval.Verdict
		times   int
	}
	stored := map[string]rating{}
	for rows.Next() {
		var id string
		var r rating
		if err := rows.Scan(&id, &r.first, &r.verdict); err != nil {
			t.Fatal(err)
		}
		r.times = stored[id].times + 1
		stored[id] = r
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	sent := map[string]bool{}
	for _, rater := range raters {
		for id := range rater.sent {
			sent[id] = true
		}
		for id, shown := range rater.confirmed {
			got := stored[id]
			want, _ := shown.Verdict(got.first)
			if got.times != 1 || got.verdict != want {
				t.Errorf("comparison %s was confirmed as %q and is stored %d times, as %q", id, want, got.times, got.verdict)
			}
		}
	}
	for id, r := range stored {
		if !sent[id] || r.times != 1 {
			t.Errorf("comparison %s is stored %d times, sent: %v", id, r.times, sent[id])
		}
	}
}
