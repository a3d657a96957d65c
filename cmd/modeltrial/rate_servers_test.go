package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"modeltrial/eval"
	"modeltrial/store/storetest"
)

// ratersEnv sets how many raters come to two sites at once.
const ratersEnv = "MODELTRIAL_TEST_RATERS"

// TestRatersOnTwoServers has raters use two rating sites on one PostgreSQL by turns, one
// of which is killed and started again in the middle.
func TestRatersOnTwoServers(t *testing.T) {
	t.Parallel()
	raters, each := 40, 4
	if text := os.Getenv(ratersEnv); text != "" {
		var err error
		if raters, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", ratersEnv, err)
		}
	}
	server := storetest.NewServer(t)
	s, tokens := newRatingPilot(t, server.Address, raters*each/2, 3, raters)
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	workspace := t.TempDir()
	if err := os.WriteFile(filepath.Join(workspace, configName), []byte("db: "+server.Address+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var sites [2]atomic.Value
	first, address := startServer(t, workspace)
	sites[0].Store(address)
	second, address := startServer(t, workspace)
	sites[1].Store(address)
	defer func() { _ = first.Process.Kill() }() // the test is over

	var mu sync.Mutex
	var took []time.Duration
	confirmed := map[string]bool{}
	var given atomic.Int64
	var group errgroup.Group
	for k, token := range tokens {
		group.Go(func() error {
			for n := range each {
				// Until it is confirmed, by whichever site answers.
				for try := 0; ; try++ {
					if try == 200 {
						return fmt.Errorf("rater %d: comparison %d is not confirmed", k, n)
					}
					r := newHTTPRater(sites[(k+n+try)%2].Load().(string), token)
					began := time.Now()
					err := r.open()
					if err == nil {
						err = r.rate(eval.LeftBetter)
					}
					r.close()
					if errors.Is(err, errNothingOpen) {
						return fmt.Errorf("rater %d: comparison %d: %w", k, n, err)
					}
					if err == nil {
						mu.Lock()
						took, confirmed[r.shown] = append(took, time.Since(began)), true
						mu.Unlock()
						given.Add(1)
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		for given.Load() < int64(raters*each/3) {
			time.Sleep(time.Millisecond)
		}
		if err := second.Process.Kill(); err != nil {
			return err
		}
		_ = second.Wait() // it was killed
		again, address := startServer(t, workspace)
		sites[1].Store(address)
		t.Cleanup(func() { _ = again.Process.Kill() })
		return nil
	})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(took)
	t.Logf("%d ratings of %d raters on two sites: a comparison and its verdict took %v at the median, %v at the 99th percentile",
		len(took), raters, took[len(took)/2].Round(time.Millisecond), took[len(took)*99/100].Round(time.Millisecond))
	// A verdict of the killed site may be stored without its confirmation; then the rater
	// gave one more.
	_, stored := ratingsOnce(t, s, 3)
	if len(confirmed) != raters*each || stored < raters*each {
		t.Errorf("%d comparisons were confirmed and %d ratings are stored, want %d of each", len(confirmed), stored, raters*each)
	}
}
