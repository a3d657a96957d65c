package rate

import (
	"errors"
	"net/http"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/blind"
)

// cookieAge is how long a browser keeps a rater signed in; the link's own expiry
// is checked on each request.
const cookieAge = 90 * 24 * time.Hour

// enter follows a rater's secret link: it puts the token into a cookie, so that
// it stands in no later address, and goes on to the first comparison. Where the browser
// is another rater's, it asks first: ratings would go under the wrong name.
func (s *site) enter(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	rater, err := s.identify(r, token)
	if err != nil {
		s.refuse(w, r, err, http.StatusNotFound)
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is the secret
	from := r.Header.Get("Sec-Fetch-Site")           // which browsers leave out on plain HTTP
	if from != "none" && from != "same-origin" && !r.URL.Query().Has("again") {
		// Followed from a page of another site, as in webmail: the browser leaves strict
		// cookies out, of this request and of a redirect. Let this page itself go on.
		w.Header().Set("Refresh", "0; url=?again")
		s.message(w, r, http.StatusOK, message{
			Title: "Welcome",
			Text:  "Your link works.",
			Next:  s.words.first,
			Href:  "?again", Label: "Start",
		})
		return
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		if known, err := s.identify(r, cookie.Value); err == nil && known.ID != rater.ID {
			s.message(w, r, http.StatusOK, message{
				Title:   "Are you " + clean(rater.Name) + "?",
				Text:    "In this browser " + clean(known.Name) + " is rating. The link that you have opened is that of " + clean(rater.Name) + ".",
				Next:    "What " + clean(known.Name) + " has rated stays either way.",
				Confirm: "I am " + clean(rater.Name),
				Href:    "/", Label: "Go on as " + clean(known.Name),
			})
			return
		}
	}
	s.signIn(w, r, token)
}

// change follows a link after the rater has said to be the one whom it is for.
func (s *site) change(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	if _, err := s.identify(r, token); err != nil {
		s.refuse(w, r, err, http.StatusNotFound)
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is the secret
	s.signIn(w, r, token)
}

func (s *site) signIn(w http.ResponseWriter, r *http.Request, token string) {
	http.SetCookie(w, &http.Cookie{
		Name:     cookieName,
		Value:    token,
		Path:     "/",
		MaxAge:   int(cookieAge.Seconds()),
		HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// identify finds the rater of a token: eval.ErrNotFound, eval.ErrExpired, or errTooMany
// where the client has sent too many that no rater has.
func (s *site) identify(r *http.Request, token string) (eval.Rater, error) {
	hash, from, now := blind.TokenHash(token), client(r), s.now().UTC()
	if !s.attempts.mayTry(from, hash, now) {
		return eval.Rater{}, errTooMany
	}
	rater, err := s.raters.RaterByTokenHash(r.Context(), hash, now)
	switch {
	case err == nil:
		s.attempts.right(hash)
	case errors.Is(err, eval.ErrNotFound):
		s.attempts.failed(from, now)
	}
	return rater, err
}

// raterHandler answers a request of a known rater.
type raterHandler func(http.ResponseWriter, *http.Request, eval.Rater)

// rater finds who asks by the cookie and refuses everyone else.
func (s *site) rater(handle raterHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(cookieName)
		if err != nil {
			s.refuse(w, r, eval.ErrNotFound, http.StatusUnauthorized)
			return
		}
		rater, err := s.identify(r, cookie.Value)
		if err != nil {
			s.refuse(w, r, err, http.StatusUnauthorized)
			return
		}
		handle(w, r, rater)
	}
}

// refuse tells someone whose link or cookie is not accepted what to do; unknown
// is the status for one that no rater has.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, err error, unknown int) {
	switch {
	case errors.Is(err, errTooMany):
		w.Header().Set("Retry-After", retryAfterText)
		s.message(w, r, http.StatusTooManyRequests, message{
			Title: "Please wait a minute",
			Text:  "Too many links that are not known were opened from your network.",
			Next:  "Then open the whole link from your invitation again.",
		})
	case errors.Is(err, eval.ErrExpired):
		s.message(w, r, http.StatusGone, message{
			Title: "Your link has expired",
			Text:  "The ratings you gave are kept.",
			Next:  "Ask the person who invited you for a new link; you will go on where you stopped.",
		})
	case errors.Is(err, eval.ErrNotFound) && unknown == http.StatusNotFound:
		s.message(w, r, unknown, message{
			Title: "This link is not known",
			Text:  "It may have been cut off when it was copied.",
			Next:  "Open the whole link from your invitation, or ask the person who invited you for a new one.",
		})
	case errors.Is(err, eval.ErrNotFound):
		s.message(w, r, unknown, message{
			Title: "Please open your personal link",
			Text:  "This browser does not know yet who is rating.",
			Next:  "Open the link from your invitation. If you have just done so, go on here.",
			Href:  "/", Label: "Go on",
		})
	default:
		s.fail(w, r, err)
	}
}
