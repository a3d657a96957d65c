package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
	"modeltrial/store"
)

// newRatingPilot is a database with a locked protocol of one candidate, and so many
// answered tasks. It gives the links' tokens of as many raters.
func newRatingPilot(t testing.TB, path string, tasks, ratingsPerComparison, raters int) (*store.Store, []string) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(ctx, path)
	must(err)
	i, err := s.BeginImport(ctx, "log.csv")
	must(err)
	defer i.Rollback()
	ids := make([]string, tasks)
	for k := range ids {
		ids[k] = fmt.Sprintf("task-%05d", k)
		_, err := i.Add(ctx, audit.Task{
			ID: ids[k], Prompt: fmt.Sprintf("Write a function that adds %d to its argument and explain it.", k),
			Category: audit.Coding, CategorySource: audit.CategoryFromLog, Probability: 1,
		})
		must(err)
	}
	must(i.Commit(ctx, store.ImportedFile{Path: "log.csv", Format: "csv", Rows: tasks, Imported: tasks}))
	_, err = s.LockProtocol(ctx, eval.Protocol{
		Name: "load", Control: "now", Weeks: 1, TasksPerWeek: tasks, RatingsPerComparison: ratingsPerComparison, Margin: 0.05, BudgetUSD: "1",
		Arms:     []eval.Arm{{Name: "now", Provider: "files", Model: "atlas-9"}, {Name: "next", Provider: "files", Model: "forge-2"}},
		UseCases: []eval.UseCase{{Category: audit.Coding, Candidates: []string{"next"}}},
	}, "", now)
	must(err)
	must(s.CreateBatch(ctx, 1, map[audit.Category][]string{audit.Coding: ids}, now))
	must(s.ImportResponses(ctx, now, func(take func(eval.Response) (bool, error)) error {
		for k, id := range ids {
			for _, arm := range []string{"now", "next"} {
				text := fmt.Sprintf("Here is **a function** for %s:\n\n```go\nfunc add(n int) int {\n\treturn n + %d\n}\n```\n\nIt adds %d.\n", id, k, k)
				if _, err := take(eval.Response{TaskID: id, Arm: arm, Week: 1, Text: text + strings.Repeat("- one more remark about it\n", 10)}); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	_, err = s.CreateComparisons(ctx)
	must(err)
	tokens := make([]string, raters)
	invitations := make([]store.Invitation, raters)
	for k := range tokens {
		token, hash, err := blind.NewToken(rand.Reader)
		must(err)
		tokens[k], invitations[k] = token, store.Invitation{Rater: fmt.Sprintf("rater-%03d", k), TokenSHA256: hash}
	}
	must(s.Invite(ctx, invitations, now.Add(time.Hour), now))
	return s, tokens
}

// TestRatersAreToldOfASimulation reads the notice of a pilot before and after a simulation
// has answered a task.
func TestRatersAreToldOfASimulation(t *testing.T) {
	s, _ := newRatingPilot(t, filepath.Join(t.TempDir(), databaseName), 2, 1, 1)
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	if notice, err := siteNotice(t.Context(), s); err != nil || notice != "" {
		t.Errorf("got %q, %v of answers that were recorded", notice, err)
	}
	now := time.Now()
	i, err := s.BeginImport(t.Context(), "more.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer i.Rollback()
	task := audit.Task{ID: "another", Prompt: "Add.", Category: audit.Coding, CategorySource: audit.CategoryFromLog, Probability: 1}
	if _, err := i.Add(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	err = errors.Join(i.Commit(t.Context(), store.ImportedFile{Path: "more.csv", Format: "csv", Rows: 1, Imported: 1}),
		s.CreateBatch(t.Context(), 2, map[audit.Category][]string{audit.Coding: {task.ID}}, now))
	if err != nil {
		t.Fatal(err)
	}
	cell := eval.Cell{TaskID: task.ID, Category: audit.Coding, Arm: "now", Week: 2}
	if err := s.Reserve(t.Context(), cell, 0, 0, now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveResponse(t.Context(), cell, eval.Response{Text: "Made up.", Origin: eval.Simulated, Attempts: 1}, 0, now); err != nil {
		t.Fatal(err)
	}
	if notice, err := siteNotice(t.Context(), s); err != nil || !strings.Contains(notice, "simulation") {
		t.Errorf("got %q, %v, want a notice", notice, err)
	}
}

// A httpRater rates over HTTP as a browser does.
type httpRater struct {
	client *http.Client
	site   string
	token  string
	shown  string // the id of the comparison on the page
}

// newHTTPRater keeps one connection, follows no redirect, and is nobody yet.
func newHTTPRater(site, token string) *httpRater {
	return &httpRater{
		client: &http.Client{
			Transport:     &http.Transport{MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		site: site, token: token,
	}
}

func (r *httpRater) close() { r.client.CloseIdleConnections() }

var presentationID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// errNothingOpen says that the rater has nothing left to rate.
var errNothingOpen = errors.New("nothing open")

func (r *httpRater) do(method, path, form string, headers ...string) (*http.Response, string, error) {
	request, err := http.NewRequest(method, r.site+path, strings.NewReader(form))
	if err != nil {
		return nil, "", err
	}
	request.AddCookie(&http.Cookie{Name: "rating", Value: r.token})
	if form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(response.Body)
	return response, string(body), errors.Join(err, response.Body.Close())
}

// open reads the next comparison.
func (r *httpRater) open() error {
	response, body, err := r.do(http.MethodGet, "/", "")
	if err != nil {
		return err
	}
	id := presentationID.FindStringSubmatch(body)
	switch {
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("the page has status %d", response.StatusCode)
	case id == nil:
		return errNothingOpen
	}
	r.shown = id[1]
	return nil
}

// rate sends a verdict on the comparison on the page; nil once the site has confirmed it.
func (r *httpRater) rate(verdict eval.ShownVerdict) error {
	form := url.Values{"id": {r.shown}, "verdict": {string(verdict)}, "seconds": {"12.5"}}
	response, body, err := r.do(http.MethodPost, "/verdict", form.Encode())
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("the verdict has status %d: %.200s", response.StatusCode, body)
	}
	return nil
}

// rateOn sends a verdict as the page's script does: the reply is the next comparison.
func (r *httpRater) rateOn(verdict eval.ShownVerdict) error {
	form := url.Values{"id": {r.shown}, "verdict": {string(verdict)}, "seconds": {"12.5"}}
	response, body, err := r.do(http.MethodPost, "/verdict", form.Encode(), "Prefer", "return=representation")
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the verdict has status %d: %.200s", response.StatusCode, body)
	}
	r.shown = ""
	if id := presentationID.FindStringSubmatch(body); id != nil {
		r.shown = id[1]
	}
	return nil
}

// serveRatings serves the site as rate serve does until the test is over.
func serveRatings(t testing.TB, s *store.Store) (address string) {
	t.Helper()
	protocol, err := s.Locked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := rate.NewHandler(s, siteOptions(protocol.Protocol))
	go func() { _ = http.Serve(listener, server) }() // ends with the listener
	t.Cleanup(func() { _ = listener.Close() })       // what is under way has ended
	return "http://" + listener.Addr().String()
}

// TestManyRatersAtOnce has 200 raters give 20 ratings each at the same time, over HTTP,
// with synchronous FULL.
func TestManyRatersAtOnce(t *testing.T) {
	t.Parallel()
	raters, each := 200, 20
	if testing.Short() {
		raters, each = 50, 5
	}
	s, tokens := newRatingPilot(t, filepath.Join(t.TempDir(), databaseName), raters*each/2, 3, raters)
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	site := serveRatings(t, s)

	var mu sync.Mutex
	confirmed := map[string]int{} // by presentation
	start := time.Now()
	var group errgroup.Group
	for _, token := range tokens {
		group.Go(func() error {
			r := newHTTPRater(site, token)
			defer r.close()
			for n := range each {
				if err := r.open(); err != nil {
					return fmt.Errorf("comparison %d: %w", n, err)
				}
				if err := r.rate(eval.LeftBetter); err != nil {
					return fmt.Errorf("comparison %d: %w", n, err)
				}
				mu.Lock()
				confirmed[r.shown]++
				mu.Unlock()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	t.Logf("%d ratings of %d raters over HTTP in %v: %.0f a second", raters*each, raters, took.Round(time.Millisecond), float64(raters*each)/took.Seconds())

	if len(confirmed) != raters*each {
		t.Errorf("%d comparisons were confirmed, want %d", len(confirmed), raters*each)
	}
	wantRatings(t, s, raters, each, 3)
}

// wantRatings requires that every rater has given so many ratings, none of them twice,
// and none of a comparison that had enough.
func wantRatings(t *testing.T, s *store.Store, raters, each, most int) {
	t.Helper()
	byRater, total := ratingsOnce(t, s, most)
	if total != raters*each {
		t.Errorf("%d ratings are stored, want %d", total, raters*each)
	}
	for rater, n := range byRater {
		if n != each {
			t.Errorf("%s has %d ratings, want %d", rater, n, each)
		}
	}
}

// ratingsOnce counts the ratings, and requires that nobody has rated a comparison twice and
// that none has more than enough.
func ratingsOnce(t *testing.T, s *store.Store, most int) (byRater map[string]int, total int) {
	t.Helper()
	byRater = map[string]int{}
	byTask, seen := map[string]int{}, map[[2]string]bool{}
	err := s.EachRating(t.Context(), 0, func(r eval.Rating) error {
		total++
		byRater[r.Rater]++
		byTask[r.TaskID]++
		if key := [2]string{r.Rater, r.TaskID}; seen[key] {
			t.Errorf("%s has rated %s twice", r.Rater, r.TaskID)
		} else {
			seen[key] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for task, n := range byTask {
		if n > most {
			t.Errorf("%s is rated %d times, want at most %d", task, n, most)
		}
	}
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("findings %v, %v, want none", findings, err)
	}
	return byRater, total
}
