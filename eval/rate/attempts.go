package rate

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How many tokens that no rater has a client may send: some at once, since a link may
// have been cut off and tried again, then one every few seconds.
const (
	wrongAtOnce    = 20
	wrongEvery     = 3 * time.Second
	mostClients    = 10_000 // that are remembered
	retryAfterText = "60"   // seconds
)

// errTooMany is returned where a client has sent too many wrong tokens.
var errTooMany = errors.New("too many wrong tokens")

// attempts keeps clients from trying tokens. It is safe for concurrent use; the zero
// value has seen none.
type attempts struct {
	mu     sync.Mutex
	wrong  map[string]*rate.Limiter // by client
	rights map[string]bool          // hashes of tokens that were right: as many as there are links
}

// mayTry says whether a client's token may be looked up. One that was right before always
// may, so that nobody keeps raters out who share an address with them.
func (a *attempts) mayTry(client, hash string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	limiter := a.wrong[client]
	return limiter == nil || a.rights[hash] || limiter.TokensAt(now) >= 1
}

// right notes that a token is a rater's.
func (a *attempts) right(hash string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rights == nil {
		a.rights = map[string]bool{}
	}
	a.rights[hash] = true
}

// failed notes that a client's token is no rater's.
func (a *attempts) failed(client string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wrong == nil {
		a.wrong = map[string]*rate.Limiter{}
	}
	limiter := a.wrong[client]
	if limiter == nil {
		a.forget(now)
		limiter = rate.NewLimiter(rate.Every(wrongEvery), wrongAtOnce)
		a.wrong[client] = limiter
	}
	limiter.AllowN(now, 1)
}

// forget makes room for one more client: by those that have done nothing wrong for long
// enough, and where there are still too many, by any.
func (a *attempts) forget(now time.Time) {
	if len(a.wrong) < mostClients {
		return
	}
	for client, limiter := range a.wrong {
		if limiter.TokensAt(now) >= wrongAtOnce {
			delete(a.wrong, client)
		}
	}
	for client := range a.wrong {
		if len(a.wrong) < mostClients {
			return
		}
		delete(a.wrong, client)
	}
}
