package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store"
)

// serveStore is an open workspace without anything in it.
func serveStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "modeltrial.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	return s
}

// TestServeClassifyFollowsTheTable asks over HTTP before a table is stored, after one is,
// and after another one is, without a restart; then the command ends in order.
func TestServeClassifyFollowsTheTable(t *testing.T) {
	t.Parallel()
	s := serveStore(t)
	ctx, stop := context.WithCancel(t.Context())
	says, say := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := runServeClassify(ctx, s, "127.0.0.1:0", say)
		_ = say.Close()
		ended <- err
	}()
	lines := bufio.NewScanner(says)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "POST http://127.0.0.1:") || !strings.Contains(lines.Text(), "no routing table is stored yet") {
		t.Fatalf("it says %q", lines.Text())
	}
	url := strings.Fields(lines.Text())[1]
	go func() { _, _ = io.Copy(io.Discard, says) }() // nobody reads on
	ask := func() string {
		t.Helper()
		response, err := http.Post(url, "application/json", strings.NewReader(`{"prompt":"Write a Python function that reverses a linked list."}`))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close() // read to its end
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %v: %s", response.StatusCode, err, body)
		}
		return string(body)
	}
	if body := ask(); !strings.Contains(body, `"route":null`) {
		t.Errorf("before a table: %s", body)
	}
	for i, arm := range []string{"first", "second"} {
		table := eval.RoutingTable{DecidedAt: time.Date(2026, 10, 1+i, 0, 0, 0, 0, time.UTC), Routes: []eval.Route{{Category: audit.Coding, Arm: arm, Decision: eval.Switch}}}
		if _, err := s.SaveRoutingTable(t.Context(), table); err != nil {
			t.Fatal(err)
		}
		body := ""
		for began := time.Now(); time.Since(began) < 20*time.Second && !strings.Contains(body, `"arm":"`+arm+`"`); time.Sleep(50 * time.Millisecond) {
			body = ask()
		}
		if !strings.Contains(body, `"arm":"`+arm+`"`) {
			t.Errorf("the table of %s is not taken: %s", arm, body)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// TestServeLetsRequestsFinish stops the server while a request is under way.
func TestServeLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop()
		time.Sleep(100 * time.Millisecond) // the server is stopping
		_, _ = io.WriteString(w, "finished")
	})
	ended := make(chan error, 1)
	go func() { ended <- serveHTTP(ctx, listener, handler, time.Minute) }()
	response, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // read to its end
	if err != nil || string(body) != "finished" {
		t.Errorf("the request got %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
	if _, err := http.Get("http://" + listener.Addr().String()); err == nil {
		t.Error("it still answers")
	}
}
