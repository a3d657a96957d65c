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
// it stands in no later address, and goes on to the first comparison.
func (s *site) enter(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	if _, err := s.raters.RaterByTokenHash(r.Context(), blind.TokenHash(token), s.now().UTC()); err != nil {
		s.refuse(w, r, err, http.StatusNotFound)
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is the secret
	http.SetCookie(w, &http.Cookie{
		Name:     cookieName,
		Value:    token,
		Path:     "/",
		MaxAge:   int(cookieAge.Seconds()),
		HttpOnly: true,
		Secure:   r.TLS != nil,
		SameSite: http.SameSiteStrictMode,
	})
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		// Followed from a page of another site, as in webmail: on a redirect the
		// browser would leave out the strict cookie just set, so let this page
		// itself go on.
		w.Header().Set("Refresh", "0; url=/")
		s.message(w, r, http.StatusOK, message{
			Title: "Welcome",
			Text:  "Your link works.",
			Next:  s.words.first,
			Href:  "/", Label: "Start",
		})
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
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
		rater, err := s.raters.RaterByTokenHash(r.Context(), blind.TokenHash(cookie.Value), s.now().UTC())
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
