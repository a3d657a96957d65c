package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// monitored answers /healthz and /readyz before a site: the first says that the process
// answers, the second that its database does, too. Neither needs a key, and neither says
// more. Each request to the site becomes a log record at level Info with the route and
// not the address, which may hold a rater's key.
func monitored(site http.Handler, ready func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			plain(w, http.StatusOK, "ok\n")
		case "/readyz":
			sayReady(w, r, ready)
		default:
			began, seen := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
			site.ServeHTTP(seen, r)
			slog.InfoContext(r.Context(), "request", "method", r.Method, "route", r.Pattern, "status", seen.status, "ms", time.Since(began).Milliseconds())
		}
	})
}

func sayReady(w http.ResponseWriter, r *http.Request, ready func(context.Context) error) {
	const longest = 2 * time.Second
	ctx, cancel := context.WithTimeout(r.Context(), longest)
	defer cancel()
	if err := ready(ctx); err != nil {
		slog.ErrorContext(ctx, "not ready", "error", err)
		plain(w, http.StatusServiceUnavailable, "not ready\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // who asked is gone where it fails
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// WriteHeader remembers and writes it.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap gives [http.ResponseController] what is beneath.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
