package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"modeltrial/store"
)

// TestHealthNeedsNoKey asks a site whose database goes away.
func TestHealthNeedsNoKey(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir()+"/modeltrial.db")
	if err != nil {
		t.Fatal(err)
	}
	site := monitored(http.NotFoundHandler(), s.Ready)
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if code, body := get(path); code != http.StatusOK || body != want {
			t.Errorf("%s: got %d %q", path, code, body)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if code, body := get("/readyz"); code != http.StatusServiceUnavailable || body != "not ready\n" {
		t.Errorf("without a database: got %d %q", code, body)
	}
	if code, _ := get("/healthz"); code != http.StatusOK {
		t.Errorf("the process answers all the same: got %d", code)
	}
}

// TestRequestsAreRecordedWithoutKeys looks at the log of a request whose address is a key.
func TestRequestsAreRecordedWithoutKeys(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /r/{token}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	site := monitored(mux, func(context.Context) error { return errors.New("not asked") })
	site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/r/a-rater-s-key?also=secret", nil))
	said := log.String()
	if !strings.Contains(said, `"route":"GET /r/{token}","status":418`) {
		t.Errorf("got %s", said)
	}
	if strings.Contains(said, "a-rater-s-key") || strings.Contains(said, "secret") {
		t.Errorf("a key is in the log: %s", said)
	}
}
