// Package owner serves the documents of a workspace to its owner: read-only, without a
// script, behind a link that is a key. It has no part in the rating site, which must not
// know what it shows.
package owner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"modeltrial/report"
)

// A Page is one document.
type Page struct {
	Path, Title string
	// Render writes the page as it is now, with links to all pages.
	Render func(ctx context.Context, w io.Writer, nav []report.Link) error
}

// Options are what a handler needs.
type Options struct {
	Token   string // of the link; enough random bits not to be guessed
	Session string // what the cookie holds; another secret, so that the link is in no later request
	Pages   []Page // the first is where the link leads
	Logger  *slog.Logger
	// Fresh is how long a page that was made is shown again: making one takes the whole
	// analysis.
	Fresh time.Duration
	// Metrics writes what Prometheus reads at /metrics, in its text format.
	Metrics func(ctx context.Context, w io.Writer) error
	// MetricsToken is the bearer token that opens it to who has not followed the link;
	// empty: none does.
	MetricsToken string
}

// cookieName is not that of the rating site, which may be open in the same browser:
// cookies know no ports.
const cookieName = "modeltrial_owner"

// cookieAge is how long a browser keeps the owner signed in; the server's own end ends
// it, too.
const cookieAge = 12 * time.Hour

type site struct {
	Options

	cached []cached
}

// cached is a page as it was made last.
type cached struct {
	mu   sync.Mutex
	made time.Time
	body []byte
}

// New makes the handler.
func New(options Options) http.Handler {
	s := &site{Options: options, cached: make([]cached, len(options.Pages))}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /enter/{token}", s.enter)
	mux.HandleFunc("GET /metrics", s.metrics)
	for i, page := range options.Pages {
		path := page.Path
		if path == "/" {
			path = "/{$}"
		}
		mux.HandleFunc("GET "+path, s.signedIn(func(w http.ResponseWriter, r *http.Request) { s.page(w, r, i) }))
	}
	mux.HandleFunc("GET /", s.signedIn(func(w http.ResponseWriter, _ *http.Request) {
		s.message(w, http.StatusNotFound, report.Message{Nav: s.nav(-1), Title: "There is no such page", Text: "Nothing is at this address.", Next: "Choose one of the pages above."})
	}))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "GET, HEAD")
		s.message(w, http.StatusMethodNotAllowed, report.Message{Title: "These pages are to be read only", Text: "Nothing can be changed here.", Next: "The commands of modeltrial change what they show."})
	})
	return secured(mux)
}

// secured bounds what a page may do: no script, nothing from elsewhere, in no frame.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// same compares secrets in a time that tells nothing of them, their length included.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// enter follows the link: it sets the cookie and goes on to the first page.
func (s *site) enter(w http.ResponseWriter, r *http.Request) {
	if !same(r.PathValue("token"), s.Token) {
		s.message(w, http.StatusNotFound, report.Message{Title: "This link is not known", Text: "It may have been cut off when it was copied, or be of an earlier start.", Next: "Open the link that modeltrial serve printed when it started."})
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: s.Session, Path: "/", MaxAge: int(cookieAge.Seconds()),
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
	first := s.Pages[0].Path
	if from := r.Header.Get("Sec-Fetch-Site"); from == "cross-site" || from == "same-site" {
		// On a redirect from another site's page the browser would leave out the strict
		// cookie just set, so let this page itself go on.
		w.Header().Set("Refresh", "0; url="+first)
		s.message(w, http.StatusOK, report.Message{Nav: s.nav(-1), Title: "Welcome", Text: "Your link works.", Next: "The first page opens by itself; if it does not, choose it above."})
		return
	}
	http.Redirect(w, r, first, http.StatusSeeOther)
}

// signedIn refuses who has not followed the link.
func (s *site) signedIn(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.isSignedIn(r) {
			s.message(w, http.StatusUnauthorized, report.Message{Title: "Please open your link", Text: "This browser is not signed in.", Next: "Open the link that modeltrial serve printed when it started."})
			return
		}
		handle(w, r)
	}
}

func (s *site) isSignedIn(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName)
	return err == nil && same(cookie.Value, s.Session)
}

// metrics answers Prometheus, which follows no link.
func (s *site) metrics(w http.ResponseWriter, r *http.Request) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !s.isSignedIn(r) && !(bearer && s.MetricsToken != "" && same(token, s.MetricsToken)) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		s.message(w, http.StatusUnauthorized, report.Message{Title: "A token is needed", Text: "Prometheus reads this address with a bearer token.", Next: "Export MODELTRIAL_METRICS_TOKEN before modeltrial serve starts, and give Prometheus the same as its credentials."})
		return
	}
	var body bytes.Buffer
	if err := s.Metrics(r.Context(), &body); err != nil {
		s.Logger.Error("metrics not made", "error", err)
		http.Error(w, "metrics not made; the terminal in which modeltrial serve runs says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(body.Bytes()) // who asked is gone where it fails
}

// nav are the links to all pages, of which the one at index here is shown; -1: none.
func (s *site) nav(here int) []report.Link {
	links := make([]report.Link, len(s.Pages))
	for i, page := range s.Pages {
		links[i] = report.Link{Href: page.Path, Title: page.Title, Current: i == here}
	}
	return links
}

// page shows a page.
func (s *site) page(w http.ResponseWriter, r *http.Request, i int) {
	body, err := s.made(r.Context(), i)
	if err != nil {
		s.Logger.Error("page not made", "path", s.Pages[i].Path, "error", err)
		s.message(w, http.StatusInternalServerError, report.Message{Nav: s.nav(i), Title: s.Pages[i].Title, Text: "This page could not be made.", Next: "The terminal in which modeltrial serve runs says why."})
		return
	}
	s.write(w, http.StatusOK, body)
}

// made is a page, made anew where the last one is no longer fresh. Who asks in the
// meantime waits for the same one.
func (s *site) made(ctx context.Context, i int) ([]byte, error) {
	c := &s.cached[i]
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.body != nil && time.Since(c.made) <= s.Fresh {
		return c.body, nil
	}
	var body bytes.Buffer
	if err := s.Pages[i].Render(ctx, &body, s.nav(i)); err != nil {
		return nil, err
	}
	c.body, c.made = body.Bytes(), time.Now()
	return c.body, nil
}

func (s *site) message(w http.ResponseWriter, status int, m report.Message) {
	var body bytes.Buffer
	if err := report.MessagePage(&body, m); err != nil {
		s.Logger.Error("message not made", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.write(w, status, body.Bytes())
}

func (s *site) write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // who asked is gone where it fails
}
