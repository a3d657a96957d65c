package rate

import (
	crand "crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
)

// Options are what a rating site needs beside its store. The zero value works.
type Options struct {
	Logger *slog.Logger     // details of failures; slog.Default where nil
	Now    func() time.Time // time.Now where nil
	Rand   *rand.Rand       // draws the order of answers; seeded by the system where nil
	// HiddenNames are the protocol's arm and model names, masked in answers.
	HiddenNames []string
	// Notice is a line shown above every task, such as "Answers are recorded
	// samples"; none where empty.
	Notice string
	// AskGuess is the share of verdicts, 0 to 1, after which the rater is asked which
	// answer is from the current model; chosen at random. Raters may say so unasked, too.
	AskGuess float64
	// Tags are the protocol's words for why a verdict is given; none where empty.
	Tags []string
	// Criteria are those of each category's rubric, by which raters may grade each answer.
	Criteria map[audit.Category][]string
	// Practice has raters practise before their first comparison.
	Practice bool
}

// maxBody is far above a verdict with the longest note, and maxEditBody above the
// longest edited text, of which a form makes up to three times as many bytes.
const (
	maxBody     = 64 << 10
	maxEditBody = 3*maxEdit + 2*maxBody
)

// cookieName is the cookie that holds the token of a rater's link.
const cookieName = "rating"

type site struct {
	store  Store // of comparisons; nil where the site has none
	raters raterStore
	logger *slog.Logger
	now    func() time.Time
	masker *blind.Masker
	notice string
	// askGuess is the share of Options.
	askGuess float64
	tags     []string
	criteria map[audit.Category][]string
	practice bool
	shelf    shelf // of comparisons that are assigned ahead
	words    siteWords
	maxBody  int64

	mu   sync.Mutex // *rand.Rand is not safe for concurrent use
	rand *rand.Rand

	attempts attempts
}

// NewHandler makes the blind rating site on a store. It is safe for concurrent
// use, and everything it serves is the same whichever arm wrote which answer.
func NewHandler(store Store, options Options) http.Handler {
	s := newSite(store, ratingWords, options)
	s.store, s.askGuess, s.tags, s.criteria, s.practice = store, options.AskGuess, options.Tags, options.Criteria, options.Practice

	mux := http.NewServeMux()
	s.route(mux, http.MethodGet, "/{$}", s.rater(s.next))
	s.route(mux, http.MethodGet, "/previous", s.rater(s.previous))
	s.route(mux, http.MethodPost, "/verdict", s.rater(s.verdict))
	s.route(mux, http.MethodGet, "/r/{token}", s.enter)
	mux.HandleFunc("POST /r/{token}", s.change)
	s.route(mux, http.MethodGet, "/pause", s.rater(s.pause))
	s.route(mux, http.MethodPost, "/ahead", s.rater(s.ahead))
	s.route(mux, http.MethodGet, "/practice/end", s.rater(s.endPractice))
	mux.HandleFunc("GET /practice", s.rater(s.practise))
	mux.HandleFunc("POST /practice", s.rater(s.practiced))
	mux.HandleFunc("GET /guess", s.rater(s.guessPage))
	mux.HandleFunc("POST /guess", s.rater(s.guess))
	return s.protected(mux)
}

// newSite is what the sites that raters come to have in common.
func newSite(raters raterStore, words siteWords, options Options) *site {
	s := &site{
		raters:  raters,
		logger:  options.Logger,
		now:     options.Now,
		masker:  blind.NewMasker(options.HiddenNames),
		notice:  clean(options.Notice),
		words:   words,
		rand:    options.Rand,
		maxBody: maxBody,
	}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = systemRand()
	}
	return s
}

// protected adds what every site has to its pages: assets, headers, and pages for
// what is not there, came from elsewhere, or failed.
func (s *site) protected(mux *http.ServeMux) http.Handler {
	s.route(mux, http.MethodGet, "/assets/{name}", s.asset)
	mux.HandleFunc("/", s.unknown)
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(s.crossOrigin))
	return secureCookies(s.recovered(s.secured(protection.Handler(mux))))
}

// route serves a path by one method (GET with HEAD) and answers the others with
// a page of the site instead of the multiplexer's bare line.
func (s *site) route(mux *http.ServeMux, method, path string, handle http.HandlerFunc) {
	mux.HandleFunc(method+" "+path, handle)
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", method)
		s.message(w, r, http.StatusMethodNotAllowed, message{
			Title: "That did not work",
			Text:  "This address cannot be used in that way.",
			Next:  s.words.back,
			Href:  "/", Label: s.words.label,
		})
	})
}

// draw decides the order of one presentation.
func (s *site) draw(controlFirst, candidateFirst int) eval.Side {
	s.mu.Lock()
	defer s.mu.Unlock()
	return blind.Draw(s.rand, controlFirst, candidateFirst)
}

func systemRand() *rand.Rand {
	var seed [16]byte
	crand.Read(seed[:])
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:])))
}

// secured bounds what a request may send and what a page may do.
func (s *site) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		// Not no-referrer: with it browsers send "Origin: null" on the site's own
		// forms, which is refused where plain HTTP leaves out Sec-Fetch-Site.
		header.Set("Referrer-Policy", "same-origin")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, s.maxBody)
		next.ServeHTTP(w, r)
	})
}

// recovered turns a panic into a page, as long as none was begun.
func (s *site) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if reason := recover(); reason != nil {
				s.fail(w, r, fmt.Errorf("panic: %v", reason))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

//go:embed assets
var assets embed.FS

// assetTypes are the assets and their types.
var assetTypes = map[string]string{
	"rate.css": "text/css; charset=utf-8",
	"rate.js":  "text/javascript; charset=utf-8",
	"edit.js":  "text/javascript; charset=utf-8",
	// What sets formulas: https://temml.org, MIT licence in assets/temml.LICENSE.
	"temml.min.js": "text/javascript; charset=utf-8",
}

// assetURL is an asset's address with a hash of its content, so that a browser
// may keep it until it changes.
func assetURL(name string) (string, error) {
	address, ok := assetURLs()[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return address, nil
}

// assetURLs are the addresses of all assets, hashed once.
var assetURLs = sync.OnceValue(func() map[string]string {
	urls := map[string]string{}
	for name := range assetTypes {
		content, err := assets.ReadFile("assets/" + name)
		if err != nil {
			continue // a page that needs it says so
		}
		sum := sha256.Sum256(content)
		urls[name] = "/assets/" + name + "?v=" + hex.EncodeToString(sum[:6])
	}
	return urls
})

func (s *site) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	content, err := assets.ReadFile("assets/" + name)
	if assetTypes[name] == "" || err != nil {
		s.unknown(w, r)
		return
	}
	w.Header().Set("Content-Type", assetTypes[name])
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	s.write(w, r, http.StatusOK, content)
}
