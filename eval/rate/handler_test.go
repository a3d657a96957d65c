package rate_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
)

// current is the id of the presentation that the rater is shown.
func current(t *testing.T, store *fakeStore, rater int64) string {
	t.Helper()
	store.mu.Lock()
	defer store.mu.Unlock()
	shown := store.shown[rater]
	if len(shown) == 0 {
		t.Fatal("nothing was shown yet")
	}
	return shown[len(shown)-1].ID
}

func TestRequests(t *testing.T) {
	tests := []struct {
		name    string
		method  string
		path    string
		form    string // $ID, $OTHER: own and another rater's presentation
		headers []string
		nobody  bool
		expired bool
		broken  bool

		status   int
		location string
		contains []string
		excludes []string
		verdicts []fakeVerdict // ID stands for the presentation's
	}{
		{name: "comparison", method: "GET", path: "/", status: 200, contains: []string{"1 of 3", "Answers are recorded samples.", `value="both_bad"`, "Summarise the attached minutes", "<table>", "Show context"}, excludes: []string{"<a href=\"https://intranet"}},
		{name: "comparison head", method: "HEAD", path: "/", status: 200},
		{name: "without a link", method: "GET", path: "/", nobody: true, status: 401, contains: []string{"open your personal link"}},
		{name: "expired", method: "GET", path: "/", expired: true, status: 410, contains: []string{"expired", "new link"}},
		{name: "verdict expired", method: "POST", path: "/verdict", form: "id=$ID&verdict=left", expired: true, status: 410, contains: []string{"expired"}},
		{name: "verdict without a link", method: "POST", path: "/verdict", form: "id=$ID&verdict=left", nobody: true, status: 401},
		{name: "left", method: "POST", path: "/verdict", form: "id=$ID&verdict=left&seconds=12.5&note=clear", status: 303, location: "/", verdicts: []fakeVerdict{{"ID", eval.LeftBetter, new(12.5), "clear", testTime, nil, nil}}},
		{name: "right, time of the page", method: "POST", path: "/verdict", form: "id=$ID&verdict=right&shown=1772441990000", status: 303, location: "/", verdicts: []fakeVerdict{{"ID", eval.RightBetter, new(10.0), "", testTime, nil, nil}}},
		{name: "more seconds than have gone by", method: "POST", path: "/verdict", form: "id=$ID&verdict=left&seconds=4000", status: 303, location: "/", verdicts: []fakeVerdict{{"ID", eval.LeftBetter, new(3600.0), "", testTime, nil, nil}}},
		{name: "tags", method: "POST", path: "/verdict", form: "id=$ID&verdict=left&seconds=1&tag=wrong&tag=unknown&tag=too+long", status: 303, location: "/", verdicts: []fakeVerdict{{"ID", eval.LeftBetter, new(1.0), "", testTime, []string{"too long", "wrong"}, nil}}},
		{name: "skip", method: "POST", path: "/verdict", form: "id=$ID&reason=knowledge", status: 303, location: "/"},
		{name: "skip for no known reason", method: "POST", path: "/verdict", form: "id=$ID&reason=bored", status: 400, contains: []string{"No reason"}},
		{name: "skip another's", method: "POST", path: "/verdict", form: "id=$OTHER&reason=other", status: 404, contains: []string{"not one of yours"}},
		{name: "verdict asks for the next page", method: "POST", path: "/verdict", form: "id=$ID&verdict=left&seconds=1", headers: []string{"Prefer", "return=representation"}, status: 200, contains: []string{"2 of 3", "· Saved", "k most frequent words"}, verdicts: []fakeVerdict{{"ID", eval.LeftBetter, new(1.0), "", testTime, nil, nil}}},
		{name: "pause", method: "GET", path: "/pause", status: 200, contains: []string{"Paused", "another device"}},
		{name: "ahead", method: "POST", path: "/ahead", form: "x", status: 204},
		{name: "ahead by GET", method: "GET", path: "/ahead", status: 405},
		{name: "ahead without a link", method: "POST", path: "/ahead", nobody: true, status: 401},
		{name: "ahead with a broken store", method: "POST", path: "/ahead", broken: true, status: 500, excludes: []string{"disk on fire"}},
		{name: "practice", method: "GET", path: "/practice", status: 200, contains: []string{"Practice 1 of 3", "nothing you choose here is stored"}, excludes: []string{"data-ahead"}},
		{name: "practice beyond the last", method: "GET", path: "/practice?item=9", status: 200, contains: []string{"Practice 1 of 3"}},
		{name: "practice that fits", method: "POST", path: "/practice", form: "item=1&verdict=left", status: 200, contains: []string{"That fits.", "forgets the discount", "/practice?item=2"}},
		{name: "practice that does not", method: "POST", path: "/practice", form: "item=3&verdict=right", status: 200, contains: []string{"Look again.", "/practice/end"}},
		{name: "practice without a verdict", method: "POST", path: "/practice", form: "item=3", status: 400},
		{name: "practice of nothing", method: "POST", path: "/practice", form: "item=4&verdict=left", status: 400},
		{name: "tie, absurd time", method: "POST", path: "/verdict", form: "id=$ID&verdict=tie&seconds=NaN&shown=9e9", status: 303, location: "/", verdicts: []fakeVerdict{{"ID", eval.ShownTie, nil, "", testTime, nil, nil}}},
		{name: "both bad, note cleaned", method: "POST", path: "/verdict", form: "id=$ID&verdict=both_bad&seconds=-1&note=+a%1b%5B31mb%00%0d%0ac+", status: 303, location: "/", verdicts: []fakeVerdict{{"ID", eval.ShownBad, nil, "ab\nc", testTime, nil, nil}}},
		{name: "unknown verdict", method: "POST", path: "/verdict", form: "id=$ID&verdict=a", status: 400, contains: []string{"not saved", "No verdict"}},
		{name: "no verdict", method: "POST", path: "/verdict", form: "id=$ID", status: 400},
		{name: "verdict in the address", method: "POST", path: "/verdict?verdict=left", form: "id=$ID", status: 400},
		{name: "unreadable form", method: "POST", path: "/verdict", form: "id=%zz", status: 400, contains: []string{"could not be read"}},
		{name: "long note", method: "POST", path: "/verdict", form: "id=$ID&verdict=left&note=" + strings.Repeat("n", 2001), status: 400, contains: []string{"longer than 2000"}},
		{name: "large body", method: "POST", path: "/verdict", form: "id=$ID&verdict=left&note=" + strings.Repeat("n", 70_000), status: 413, contains: []string{"too large"}},
		{name: "foreign presentation", method: "POST", path: "/verdict", form: "id=$OTHER&verdict=left", status: 404, contains: []string{"not one of yours"}},
		{name: "unknown presentation", method: "POST", path: "/verdict", form: "id=x&verdict=left", status: 404},
		{name: "cross-site", method: "POST", path: "/verdict", form: "id=$ID&verdict=left", headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, contains: []string{"another site"}},
		{name: "cross-origin, old browser", method: "POST", path: "/verdict", form: "id=$ID&verdict=left", headers: []string{"Origin", "https://evil.example"}, status: 403},
		{name: "verdict by GET", method: "GET", path: "/verdict", status: 405, contains: []string{"Continue rating"}},
		{name: "wrong method", method: "DELETE", path: "/", status: 405},
		{name: "wrong method of a link", method: "DELETE", path: "/r/abc", status: 405},
		{name: "unknown link confirmed", method: "POST", path: "/r/abc", status: 404},
		{name: "nothing to undo", method: "GET", path: "/previous", status: 303, location: "/"},
		{name: "unknown page", method: "GET", path: "/results", status: 404, contains: []string{"nothing here"}},
		{name: "unknown asset", method: "GET", path: "/assets/doc.go", status: 404},
		{name: "asset outside", method: "GET", path: "/assets/..%2fhandler.go", status: 404},
		{name: "style", method: "GET", path: "/assets/rate.css", nobody: true, status: 200, contains: []string{"--accent"}},
		{name: "script", method: "GET", path: "/assets/rate.js", nobody: true, status: 200, contains: []string{"keydown"}},
		{name: "broken store", method: "GET", path: "/", broken: true, status: 500, contains: []string{"Something went wrong", "Reference"}, excludes: []string{"disk on fire"}},
		{name: "broken store at a verdict", method: "POST", path: "/verdict", form: "id=$ID&verdict=left", broken: true, status: 500, excludes: []string{"disk on fire"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := newFakeStore(sampleComparisons(3)...)
			token, other := store.invite(t, "Ana"), store.invite(t, "Ben")
			var log strings.Builder
			site := newSite(t, store, &log)
			do(t, "GET", site.URL+"/", token, "")
			do(t, "GET", site.URL+"/", other, "")
			id := current(t, store, 1)
			store.expired[blind.TokenHash(token)] = test.expired
			if test.broken {
				store.fail = errors.New("disk on fire")
			}
			if test.nobody {
				token = ""
			}
			form := strings.NewReplacer("$ID", id, "$OTHER", current(t, store, 2)).Replace(test.form)

			got := do(t, test.method, site.URL+test.path, token, form, test.headers...)
			if got.status != test.status {
				t.Fatalf("status %d, want %d: %s", got.status, test.status, got.body)
			}
			if location := got.header.Get("Location"); location != test.location {
				t.Errorf("location %q, want %q", location, test.location)
			}
			for _, text := range test.contains {
				if !strings.Contains(got.body, text) {
					t.Errorf("body lacks %q:\n%s", text, got.body)
				}
			}
			for _, text := range test.excludes {
				if strings.Contains(got.body, text) {
					t.Errorf("body contains %q", text)
				}
			}
			for i := range test.verdicts {
				test.verdicts[i].Presentation = id
			}
			if diff := cmp.Diff(test.verdicts, store.given(1)); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			if test.broken && !strings.Contains(log.String(), "disk on fire") {
				t.Errorf("the log lacks the cause: %s", log.String())
			}
			checkHeaders(t, test.path, got.header)
		})
	}
}

// checkHeaders requires what every reply has to have.
func checkHeaders(t *testing.T, path string, header http.Header) {
	t.Helper()
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "same-origin",
		"X-Content-Type-Options":  "nosniff",
		"Cache-Control":           "no-store",
	}
	if strings.HasPrefix(path, "/assets/rate.") {
		want["Cache-Control"] = "public, max-age=31536000, immutable"
	}
	for name, value := range want {
		if got := header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func TestEnter(t *testing.T) {
	store := newFakeStore(sampleComparisons(1)...)
	token, old := store.invite(t, "Ana"), store.invite(t, "Ben")
	store.expired[blind.TokenHash(old)] = true
	site := newSite(t, store, t.Output())

	got := do(t, "GET", site.URL+"/r/"+token, "", "", "Sec-Fetch-Site", "none")
	if got.status != 303 || got.header.Get("Location") != "/" {
		t.Errorf("link: status %d to %q, want 303 to /", got.status, got.header.Get("Location"))
	}
	cookie := got.header.Get("Set-Cookie")
	for _, attribute := range []string{"rating=" + token, "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, attribute) {
			t.Errorf("cookie %q lacks %s", cookie, attribute)
		}
	}
	if strings.Contains(got.body+got.header.Get("Location"), token) {
		t.Error("the token is in the reply beside its cookie")
	}
	// A browser leaves strict cookies out of what another site began, redirects too; on
	// plain HTTP it does not say who began.
	for _, from := range []string{"cross-site", "same-site", ""} {
		got = do(t, "GET", site.URL+"/r/"+token, "", "", "Sec-Fetch-Site", from)
		if got.status != 200 || got.header.Get("Refresh") != "0; url=?again" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("link from another site %q: status %d, Refresh %q, cookie %q", from, got.status, got.header.Get("Refresh"), got.header.Get("Set-Cookie"))
		}
		got = do(t, "GET", site.URL+"/r/"+token+"?again", "", "", "Sec-Fetch-Site", from)
		if got.status != 303 || !strings.Contains(got.header.Get("Set-Cookie"), "rating="+token) {
			t.Errorf("again from %q: status %d, cookie %q, want 303 and the cookie", from, got.status, got.header.Get("Set-Cookie"))
		}
	}
	if got := do(t, "GET", site.URL+"/r/"+old, "", ""); got.status != 410 || got.header.Get("Set-Cookie") != "" {
		t.Errorf("expired link: status %d, cookie %q, want 410 and none", got.status, got.header.Get("Set-Cookie"))
	}
	if got := do(t, "GET", site.URL+"/r/guessed", "", ""); got.status != 404 || got.header.Get("Set-Cookie") != "" {
		t.Errorf("unknown link: status %d, cookie %q, want 404 and none", got.status, got.header.Get("Set-Cookie"))
	}
}

func TestSession(t *testing.T) {
	store := newFakeStore(sampleComparisons(2)...)
	token := store.invite(t, "Ana <b>")
	site := newSite(t, store, t.Output())
	verdict := func(id, verdict string) {
		t.Helper()
		form := url.Values{"id": {id}, "verdict": {verdict}}.Encode()
		if got := do(t, "POST", site.URL+"/verdict", token, form, "Sec-Fetch-Site", "same-origin"); got.status != 303 {
			t.Fatalf("verdict %s: status %d", verdict, got.status)
		} else if !strings.Contains(got.header.Get("Set-Cookie"), "saved=1") {
			t.Errorf("verdict %s: cookie %q does not say saved", verdict, got.header.Get("Set-Cookie"))
		}
	}
	page := do(t, "GET", site.URL+"/", token, "").body
	if strings.Contains(page, "Undo") || strings.Contains(page, "left</span>") || strings.Contains(page, "· Saved") {
		t.Errorf("first page offers undo, time left or says saved:\n%s", page)
	}
	if !strings.Contains(page, "Ana &lt;b&gt;") {
		t.Error("the rater's name is missing or not escaped")
	}
	first := current(t, store, 1)
	do(t, "GET", site.URL+"/", token, "")
	if again := current(t, store, 1); again != first {
		t.Error("reloading showed another comparison")
	}
	verdict(first, "left")
	page = do(t, "GET", site.URL+"/", token, "", "Cookie", "rating="+token+"; saved=1").body
	for _, text := range []string{"2 of 2", "less than a minute left", `href="/previous"`, "· Saved"} {
		if !strings.Contains(page, text) {
			t.Errorf("second page lacks %q", text)
		}
	}
	page = do(t, "GET", site.URL+"/previous", token, "").body
	if !strings.Contains(page, "changing your last rating") || !strings.Contains(page, `value="`+first+`"`) {
		t.Errorf("previous does not show the first comparison:\n%s", page)
	}
	verdict(first, "right")
	verdict(current(t, store, 1), "tie")
	page = do(t, "GET", site.URL+"/", token, "").body
	for _, text := range []string{"Thank you", "rated 2 comparisons", `data-key="z"`} {
		if !strings.Contains(page, text) {
			t.Errorf("last page lacks %q", text)
		}
	}
	want := []eval.ShownVerdict{eval.LeftBetter, eval.RightBetter, eval.ShownTie}
	var got []eval.ShownVerdict
	for _, v := range store.given(1) {
		got = append(got, v.Verdict)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// TestBlinding walks what a browser can fetch and looks for any trace of an arm.
func TestBlinding(t *testing.T) {
	comparisons := sampleComparisons(3)
	for i := range comparisons {
		comparisons[i].control += "\n\nThis is Quokka Prime. `" + armNames[0] + "`"
		comparisons[i].candidate = "# " + armNames[1] + "\n\n" + armNames[2] + "\n\n| a |\n|---|\n| Wombat 9B Instruct |\n\n" + comparisons[i].candidate
	}
	store := newFakeStore(comparisons...)
	token := store.invite(t, "Ana")
	site := newSite(t, store, t.Output())
	// Names of arms and models, and what only the store knows.
	trace := regexp.MustCompile(`(?i)quokka|zebrafish|wombat|gpt-4|openai|control|candidate|arm[ _-]?[ab]\b`)
	asset := regexp.MustCompile(`(?:href|src)="(/[^"]*)"`)
	visited := map[string]bool{}
	check := func(address string, got reply) {
		t.Helper()
		for name, values := range got.header {
			if name != "Cache-Control" && trace.MatchString(name+strings.Join(values, " ")) {
				t.Errorf("%s: header %s: %s", address, name, values)
			}
		}
		if found := trace.FindString(address + got.body); found != "" {
			t.Errorf("%s contains %q:\n%s", address, found, got.body)
		}
	}
	var visit func(address string)
	visit = func(address string) {
		if visited[address] {
			return
		}
		visited[address] = true
		got := do(t, "GET", site.URL+address, token, "")
		check(address, got)
		for _, link := range asset.FindAllStringSubmatch(got.body, -1) {
			visit(link[1])
		}
	}
	for range comparisons {
		clear(visited)
		visit("/")
		visit("/previous")
		got := do(t, "POST", site.URL+"/verdict", token, "verdict=left&id="+current(t, store, 1))
		check("/verdict", got)
		for _, id := range []string{"", "x"} {
			check("/verdict", do(t, "POST", site.URL+"/verdict", token, "verdict=left&id="+id))
		}
	}
	visit("/r/" + token)
	visit("/r/x")
	if n := len(visited); n < 5 {
		t.Errorf("walked only %d addresses: %v", n, visited)
	}
}

func TestServe(t *testing.T) {
	store := newFakeStore(sampleComparisons(1)...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	started, finish := make(chan struct{}), make(chan struct{})
	site := rate.NewHandler(store, rate.Options{})
	go func() {
		ended <- rate.Serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(started)
			<-finish
			site.ServeHTTP(w, r)
		}))
	}()
	status := make(chan int, 1)
	go func() {
		response, err := http.Get("http://" + listener.Addr().String() + "/")
		if err != nil {
			status <- 0
			return
		}
		defer func() { _ = response.Body.Close() }()
		_, _ = io.Copy(io.Discard, response.Body)
		status <- response.StatusCode
	}()
	<-started
	cancel()
	time.AfterFunc(50*time.Millisecond, func() { close(finish) })
	if got := <-status; got != http.StatusUnauthorized {
		t.Errorf("request under way at the end: status %d, want it finished", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		t.Error("still listening after the end")
	}
}
