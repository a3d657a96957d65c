package rate

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// proxied marks the requests of a site behind a proxy.
type proxied struct{}

// BehindProxy is a site that a proxy with TLS stands before: cookies are sent over TLS
// only, and the last address in X-Forwarded-For, which the proxy adds, is the client's.
// A site that clients reach without the proxy must not be told so: they could give
// themselves any address.
func BehindProxy(site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), proxied{}, true)))
	})
}

func isProxied(r *http.Request) bool { return r.Context().Value(proxied{}) != nil }

// client is the network that a request comes from: an IPv4 address, or the 64 bits that
// an IPv6 host has to itself.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if forwarded := r.Header.Values("X-Forwarded-For"); isProxied(r) && len(forwarded) > 0 {
		hops := strings.Split(forwarded[len(forwarded)-1], ",")
		host = strings.TrimSpace(hops[len(hops)-1])
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	address = address.Unmap().WithZone("")
	if address.Is6() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}

// A cookieWriter keeps cookies from being sent without TLS.
type cookieWriter struct {
	http.ResponseWriter
	done bool
}

// WriteHeader implements [http.ResponseWriter].
func (w *cookieWriter) WriteHeader(status int) {
	if !w.done {
		w.done = true
		cookies := w.Header()["Set-Cookie"]
		for i, cookie := range cookies {
			if !strings.Contains(cookie, "; Secure") {
				cookies[i] = cookie + "; Secure"
			}
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *cookieWriter) Write(body []byte) (int, error) {
	if !w.done {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(body)
}

// Unwrap lets [http.ResponseController] and [http.MaxBytesReader] find the writer.
func (w *cookieWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// secureCookies marks every cookie as one for TLS only, where the client uses it.
func secureCookies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil || isProxied(r) {
			w = &cookieWriter{ResponseWriter: w}
		}
		next.ServeHTTP(w, r)
	})
}
