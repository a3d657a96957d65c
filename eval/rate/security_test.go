package rate_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"modeltrial/eval/rate"
)

// newSecureSite is a site with a clock that the test turns.
func newSecureSite(t *testing.T, store rate.Store, wrap func(http.Handler) http.Handler) (site *httptest.Server, clock *atomic.Int64) {
	t.Helper()
	clock = &atomic.Int64{}
	clock.Store(testTime.Unix())
	handler := rate.NewHandler(store, rate.Options{
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return time.Unix(clock.Load(), 0) }, HiddenNames: armNames,
	})
	site = httptest.NewServer(wrap(handler))
	t.Cleanup(site.Close)
	return site, clock
}

func plainly(h http.Handler) http.Handler { return h }

// TestCookies are out of reach of scripts and other sites, and over TLS, or behind a
// proxy that has it, never sent without.
func TestCookies(t *testing.T) {
	for name, c := range map[string]struct {
		wrap   func(http.Handler) http.Handler
		tls    bool
		secure bool
	}{
		"plain": {plainly, false, false}, "TLS": {plainly, true, true}, "behind a proxy": {rate.BehindProxy, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			store := newFakeStore(sampleComparisons(3)...)
			token := store.invite(t, "Ana")
			handler := c.wrap(rate.NewHandler(store, rate.Options{Practice: true}))
			site := httptest.NewUnstartedServer(handler)
			if c.tls {
				site.StartTLS()
			} else {
				site.Start()
			}
			t.Cleanup(site.Close)
			client := site.Client()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			cookies := map[string]bool{}
			send := func(method, path, form string) string {
				t.Helper()
				request, err := http.NewRequestWithContext(t.Context(), method, site.URL+path, strings.NewReader(form))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				request.Header.Set("Sec-Fetch-Site", "same-origin")
				request.AddCookie(&http.Cookie{Name: "rating", Value: token})
				request.AddCookie(&http.Cookie{Name: "practised", Value: "1"})
				response, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(response.Body)
				if err != nil {
					t.Fatal(err)
				}
				_ = response.Body.Close() // it is read
				for _, cookie := range response.Header.Values("Set-Cookie") {
					name, _, _ := strings.Cut(cookie, "=")
					cookies[name] = true
					for _, attribute := range []string{"; HttpOnly", "; SameSite=Strict"} {
						if !strings.Contains(cookie, attribute) {
							t.Errorf("cookie %q lacks %s", cookie, attribute)
						}
					}
					if strings.Count(cookie, "; Secure") != map[bool]int{true: 1}[c.secure] {
						t.Errorf("cookie %q: want Secure: %v", cookie, c.secure)
					}
				}
				return string(body)
			}
			send("GET", "/r/"+token, "")
			send("GET", "/practice/end", "")
			_, rest, _ := strings.Cut(send("GET", "/", ""), `name="id" value="`)
			id, _, _ := strings.Cut(rest, `"`)
			send("POST", "/verdict", url.Values{"id": {id}, "verdict": {"left"}}.Encode())
			if !cookies["rating"] || !cookies["saved"] || !cookies["practised"] {
				t.Errorf("cookies %v, want all three of them tried", cookies)
			}
		})
	}
}

// TestAnotherRatersLinkAsksFirst: opening it must not let one rate under the other's name
// unawares.
func TestAnotherRatersLinkAsksFirst(t *testing.T) {
	store := newFakeStore(sampleComparisons(2)...)
	ana, ben := store.invite(t, "Ana"), store.invite(t, "Ben <b>")
	site := newSite(t, store, t.Output())

	got := do(t, "GET", site.URL+"/r/"+ben, ana, "", "Sec-Fetch-Site", "none")
	if got.status != 200 || got.header.Get("Set-Cookie") != "" {
		t.Errorf("another's link: status %d, cookie %q, want a question", got.status, got.header.Get("Set-Cookie"))
	}
	for _, part := range []string{"Are you Ben &lt;b&gt;?", `<form class="action" method="post">`, "I am Ben &lt;b&gt;", "Go on as Ana"} {
		if !strings.Contains(got.body, part) {
			t.Errorf("the question lacks %q", part)
		}
	}
	if strings.Contains(got.body, ben) || strings.Contains(got.body, ana) {
		t.Error("the question has a token in it")
	}
	if got := do(t, "POST", site.URL+"/r/"+ben, ana, "x=1", "Sec-Fetch-Site", "cross-site"); got.status != 403 || got.header.Get("Set-Cookie") != "" {
		t.Errorf("answered by another site: status %d, cookie %q, want 403", got.status, got.header.Get("Set-Cookie"))
	}
	if got := do(t, "POST", site.URL+"/r/"+ben, ana, "", "Sec-Fetch-Site", "same-origin"); got.status != 303 || !strings.Contains(got.header.Get("Set-Cookie"), "rating="+ben) {
		t.Errorf("answered: status %d, cookie %q, want the other's", got.status, got.header.Get("Set-Cookie"))
	}
	if got := do(t, "POST", site.URL+"/r/wrong", ana, "", "Sec-Fetch-Site", "same-origin"); got.status != 404 || got.header.Get("Set-Cookie") != "" {
		t.Errorf("unknown link: status %d, want 404", got.status)
	}
	// One's own link, and the first in a browser, need no question.
	for _, cookie := range []string{ben, "", "outdated"} {
		if got := do(t, "GET", site.URL+"/r/"+ben, cookie, "", "Sec-Fetch-Site", "none"); got.status != 303 {
			t.Errorf("with the cookie %q: status %d, want 303", cookie, got.status)
		}
	}
}

// TestWrongTokensAreSlowedDown, and only the client that sends them.
func TestWrongTokensAreSlowedDown(t *testing.T) {
	store := newFakeStore(sampleComparisons(2)...)
	ana, ben := store.invite(t, "Ana"), store.invite(t, "Ben")
	site, clock := newSecureSite(t, store, rate.BehindProxy)
	from := func(address, path, token string) reply {
		t.Helper()
		return do(t, "GET", site.URL+path, token, "", "X-Forwarded-For", "203.0.113.9, "+address, "Sec-Fetch-Site", "none")
	}
	if got := from("198.51.100.7", "/", ana); got.status != 200 {
		t.Fatalf("Ana: status %d", got.status)
	}
	refused := 0
	for i := range 40 {
		path, token := fmt.Sprintf("/r/guess-%d", i), ""
		if i%2 == 1 {
			path, token = "/", fmt.Sprintf("guess-%d", i)
		}
		if got := from("198.51.100.7", path, token); got.status == 429 {
			refused++
			if got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "Please wait a minute") {
				t.Errorf("refused without saying for how long")
			}
		}
	}
	if refused != 20 {
		t.Errorf("%d of 40 guesses were refused, want all after the first 20", refused)
	}
	// A right guess gets no further than a wrong one.
	if got := from("198.51.100.7", "/r/"+ben, ""); got.status != 429 || got.header.Get("Set-Cookie") != "" {
		t.Errorf("a right guess: status %d, want 429", got.status)
	}
	// Who was known before shares the address and goes on, and so do all others.
	for _, who := range [][2]string{{"198.51.100.7", ana}, {"198.51.100.8", ben}, {"2001:db8::1", ben}} {
		if got := from(who[0], "/", who[1]); got.status != 200 {
			t.Errorf("a rater at %s: status %d, want 200", who[0], got.status)
		}
	}
	clock.Add(60)
	if got := from("198.51.100.7", "/r/"+ben, ""); got.status != 303 {
		t.Errorf("a minute later: status %d, want 303", got.status)
	}
	// The hosts of one IPv6 network are one client.
	for i := range 21 {
		from(fmt.Sprintf("2001:db8:1:2::%x", i+1), "/r/guess", "")
	}
	if got := from("2001:db8:1:2:ffff::1", "/r/guess", ""); got.status != 429 {
		t.Errorf("another host of the network: status %d, want 429", got.status)
	}
}

// TestForwardedAddressesNeedAProxy: without one a client must not choose its address.
func TestForwardedAddressesNeedAProxy(t *testing.T) {
	site, _ := newSecureSite(t, newFakeStore(), plainly)
	refused := false
	for i := range 30 {
		got := do(t, "GET", site.URL+"/r/guess", "", "", "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i))
		refused = refused || got.status == 429
	}
	if !refused {
		t.Error("a client that gives itself another address each time is not slowed down")
	}
}

// TestComparisonsCannotBeListedOrGuessed: nothing but one's own queue leads to one, and
// what belongs to others is as unknown as what nobody has.
func TestComparisonsCannotBeListedOrGuessed(t *testing.T) {
	store := newFakeStore(sampleComparisons(3)...)
	ana, ben := store.invite(t, "Ana"), store.invite(t, "Ben")
	site := newSite(t, store, t.Output())
	_, rest, _ := strings.Cut(do(t, "GET", site.URL+"/", ana, "").body, `name="id" value="`)
	theirs, _, _ := strings.Cut(rest, `"`)
	if len(theirs) < 20 {
		t.Fatalf("id %q is short enough to be guessed", theirs)
	}
	for _, path := range []string{"/verdict", "/guess"} {
		form := func(id string) string { return "id=" + id + "&verdict=left&guess=left&skip=other" }
		other, unknown := do(t, "POST", site.URL+path, ben, form(theirs)), do(t, "POST", site.URL+path, ben, form("nobodys"))
		if other.status != 404 || other.status != unknown.status || other.body != unknown.body {
			t.Errorf("%s of another's: status %d, want what an unknown one gets: %d", path, other.status, unknown.status)
		}
	}
	if n := len(store.given(2)); n != 0 {
		t.Errorf("%d verdicts of Ben's are stored, want none", n)
	}
	for _, path := range []string{"/" + theirs, "/comparison/" + theirs, "/comparisons", "/presentations", "/ratings", "/raters", "/?id=" + theirs + "&list=1", "/r/"} {
		if got := do(t, "GET", site.URL+path, ben, ""); strings.Contains(got.body, theirs) || (got.status != 404 && path[:2] != "/?") {
			t.Errorf("%s: status %d", path, got.status)
		}
	}
}

// TestOwnersPagesAreElsewhere: what the owner sees is not on the raters' listener.
func TestOwnersPagesAreElsewhere(t *testing.T) {
	store := newFakeStore(sampleComparisons(1)...)
	token := store.invite(t, "Ana")
	for name, handler := range map[string]http.Handler{"rating": rate.NewHandler(store, rate.Options{}), "editing": rate.NewEditHandler(newFakeEditStore(), rate.Options{})} {
		site := httptest.NewServer(handler)
		t.Cleanup(site.Close)
		for _, path := range []string{
			"/results", "/analyze", "/report", "/report.html", "/audit", "/pilot", "/category", "/owner", "/admin", "/status", "/metrics", "/export", "/v1/classify",
			"/debug/pprof/", "/debug/vars", "/modeltrial.db", "/modeltrial.yaml", "/.env", "/.git/config", "/assets/", "/assets/../handler.go", "/assets/..%2fhandler.go",
		} {
			for _, method := range []string{"GET", "POST"} {
				got := do(t, method, site.URL+path, token, "")
				if got.status != 404 && got.status != 405 && got.status != 307 {
					t.Errorf("%s site, %s %s: status %d, want none such", name, method, path, got.status)
				}
			}
		}
	}
}

// TestRequestsAreBounded in size and time.
func TestRequestsAreBounded(t *testing.T) {
	store := newFakeStore(sampleComparisons(1)...)
	token := store.invite(t, "Ana")
	site := newSite(t, store, t.Output())
	for name, form := range map[string]string{"one long field": "note=" + strings.Repeat("x", 1<<20), "many fields": strings.Repeat("a=b&", 1<<18)} {
		if got := do(t, "POST", site.URL+"/verdict", token, form); got.status != 413 {
			t.Errorf("%s: status %d, want 413", name, got.status)
		}
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- rate.Serve(t.Context(), listener, rate.NewHandler(store, rate.Options{}))
	}()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	address := "http://" + listener.Addr().String()
	if got := do(t, "GET", address+"/", token, "", "X-Long", strings.Repeat("x", 64<<10)); got.status != 431 {
		t.Errorf("a long header: status %d, want 431", got.status)
	}
}

// TestServeTLS serves over TLS by a certificate, and nothing older than TLS 1.2.
func TestServeTLS(t *testing.T) {
	store := newFakeStore(sampleComparisons(1)...)
	token := store.invite(t, "Ana")
	borrowed := httptest.NewUnstartedServer(http.NotFoundHandler()) // for its certificate and a client that trusts it
	borrowed.EnableHTTP2 = true
	borrowed.StartTLS()
	t.Cleanup(borrowed.Close)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- rate.Serve(t.Context(), rate.TLSListener(plain, borrowed.TLS.Certificates[0]), rate.NewHandler(store, rate.Options{}))
	}()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	address := "https://" + plain.Addr().String()
	client := borrowed.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Get(address + "/r/" + token + "?again")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // nothing is read
	if cookie := response.Header.Get("Set-Cookie"); response.ProtoMajor != 2 || !strings.Contains(cookie, "; Secure") {
		t.Errorf("HTTP/%d, cookie %q, want HTTP/2 and a secure cookie", response.ProtoMajor, cookie)
	}
	if _, err := tls.Dial("tcp", plain.Addr().String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	client.CloseIdleConnections()
}
