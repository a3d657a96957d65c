package owner_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"modeltrial/report"
	"modeltrial/report/owner"
)

const (
	token   = "the-token-of-the-link"
	session = "the-secret-of-the-cookie"
)

func newSite(t *testing.T, fresh time.Duration) (site http.Handler, made *int) {
	t.Helper()
	made = new(int)
	pages := []owner.Page{
		{Path: "/", Title: "First", Render: func(_ context.Context, w io.Writer, nav []report.Link) error {
			*made++
			return report.MessagePage(w, report.Message{Nav: nav, Title: "First page", Text: "<script>alert(1)</script>"})
		}},
		{Path: "/broken", Title: "Broken", Render: func(context.Context, io.Writer, []report.Link) error {
			return errors.New("the reason")
		}},
	}
	return owner.New(owner.Options{Token: token, Session: session, Pages: pages, Fresh: fresh, Logger: slog.New(slog.DiscardHandler)}), made
}

func get(t *testing.T, site http.Handler, method, path, cookie string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	if cookie != "" {
		request.AddCookie(&http.Cookie{Name: "modeltrial_owner", Value: cookie})
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	site.ServeHTTP(recorder, request)
	return recorder
}

func TestPagesNeedTheLink(t *testing.T) {
	site, made := newSite(t, 0)
	for _, c := range []struct {
		name, method, path, cookie string
		status                     int
		says                       string
	}{
		{"without", http.MethodGet, "/", "", http.StatusUnauthorized, "Please open your link"},
		{"the link's token as cookie", http.MethodGet, "/", token, http.StatusUnauthorized, "Please open your link"},
		{"a part of it", http.MethodGet, "/", session[:5], http.StatusUnauthorized, "Please open your link"},
		{"what is not there, without", http.MethodGet, "/nope", "", http.StatusUnauthorized, "Please open your link"},
		{"a wrong link", http.MethodGet, "/enter/" + session, "", http.StatusNotFound, "This link is not known"},
		{"no link", http.MethodGet, "/enter/", "", http.StatusUnauthorized, "Please open your link"},
		{"signed in", http.MethodGet, "/", session, http.StatusOK, "First page"},
		{"what is not there", http.MethodGet, "/nope", session, http.StatusNotFound, "There is no such page"},
		{"a page that fails", http.MethodGet, "/broken", session, http.StatusInternalServerError, "This page could not be made."},
		{"a change", http.MethodPost, "/", session, http.StatusMethodNotAllowed, "read only"},
		{"a removal", http.MethodDelete, "/broken", session, http.StatusMethodNotAllowed, "read only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := *made
			recorder := get(t, site, c.method, c.path, c.cookie)
			body := recorder.Body.String()
			if recorder.Code != c.status || !strings.Contains(body, c.says) {
				t.Errorf("status %d, want %d and %q in:\n%s", recorder.Code, c.status, c.says, body)
			}
			if c.status != http.StatusOK && *made != before {
				t.Error("a page was made for who may not see it")
			}
			for _, secret := range []string{token, session, "the reason", "<script"} {
				if strings.Contains(body, secret) {
					t.Errorf("the page says %q", secret)
				}
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
				"Cache-Control":           "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Content-Type": "text/html; charset=utf-8",
			} {
				if got := recorder.Header().Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestTheLinkSignsIn(t *testing.T) {
	site, _ := newSite(t, 0)
	for _, c := range []struct {
		from   string
		status int
	}{{"none", http.StatusSeeOther}, {"same-origin", http.StatusSeeOther}, {"cross-site", http.StatusOK}} {
		recorder := get(t, site, http.MethodGet, "/enter/"+token, "", "Sec-Fetch-Site", c.from)
		if recorder.Code != c.status {
			t.Errorf("from %s: status %d, want %d", c.from, recorder.Code, c.status)
		}
		if c.status == http.StatusSeeOther && recorder.Header().Get("Location") != "/" || c.status == http.StatusOK && recorder.Header().Get("Refresh") != "0; url=/" {
			t.Errorf("from %s it goes on to %q, %q", c.from, recorder.Header().Get("Location"), recorder.Header().Get("Refresh"))
		}
		cookies := recorder.Result().Cookies()
		if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || cookies[0].Value != session || cookies[0].Path != "/" {
			t.Fatalf("the cookie is %+v", cookies)
		}
		if page := get(t, site, http.MethodGet, "/", cookies[0].Value); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `<a href="/broken">Broken</a>`) || !strings.Contains(page.Body.String(), `aria-current="page">First`) {
			t.Errorf("with the cookie: %d\n%s", page.Code, page.Body)
		}
	}
}

func TestAFreshPageIsShownAgain(t *testing.T) {
	site, made := newSite(t, time.Hour)
	for range 3 {
		get(t, site, http.MethodGet, "/", session)
	}
	if *made != 1 {
		t.Errorf("made %d times within its time, want once", *made)
	}
	site, made = newSite(t, 0)
	for range 3 {
		get(t, site, http.MethodGet, "/", session)
	}
	if *made != 3 {
		t.Errorf("made %d times where it is never fresh, want 3", *made)
	}
	if head := get(t, site, http.MethodHead, "/", session); head.Code != http.StatusOK {
		t.Errorf("HEAD: status %d", head.Code)
	}
}

// TestPrometheusNeedsTheToken reads /metrics with the token, the link, and neither.
func TestPrometheusNeedsTheToken(t *testing.T) {
	options := owner.Options{
		Token: token, Session: session, Pages: []owner.Page{{Path: "/", Title: "First"}}, Logger: slog.New(slog.DiscardHandler),
		MetricsToken: "scrape",
		Metrics: func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, "modeltrial_spent_usd 1\n")
			return err
		},
	}
	without := options
	without.MetricsToken = ""
	for _, c := range []struct {
		name          string
		options       owner.Options
		authorization string
		cookie        string
		want          int
	}{
		{"nothing", options, "", "", http.StatusUnauthorized},
		{"another token", options, "Bearer other", "", http.StatusUnauthorized},
		{"the token bare", options, "scrape", "", http.StatusUnauthorized},
		{"the token", options, "Bearer scrape", "", http.StatusOK},
		{"the link", options, "", session, http.StatusOK},
		{"no token is set", without, "Bearer ", "", http.StatusUnauthorized},
		{"no token is set, the link", without, "", session, http.StatusOK},
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "modeltrial_owner", Value: c.cookie})
		}
		w := httptest.NewRecorder()
		owner.New(c.options).ServeHTTP(w, r)
		if w.Code != c.want || (w.Code == http.StatusOK) != strings.Contains(w.Body.String(), "modeltrial_spent_usd 1") {
			t.Errorf("%s: got %d %s", c.name, w.Code, w.Body)
		}
	}
}
