package rate_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
)

// The names of the fake pilot's arms and models: nothing a browser gets may
// contain them.
var armNames = []string{"quokka-prime", "Zebrafish", "acme/wombat-9b-instruct"}

// secondCriterion is as long as those of rubrics are.
const secondCriterion = "Does it answer what was asked, all of it, in the form that was asked for?"

var testTime = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// A fakeComparison is a task with the answers of both arms.
type fakeComparison struct {
	task               audit.Task
	control, candidate string
}

type fakeVerdict struct {
	Presentation string
	Verdict      eval.ShownVerdict
	Seconds      *float64
	Note         string
	Time         time.Time
	Tags         []string
	Grades       []eval.ShownGrade
}

type fakeGuess struct {
	Presentation      string
	Guess             eval.ShownGuess
	Recognised, Asked bool
}

// fakeStore is an in-memory rate.Store.
type fakeStore struct {
	mu          sync.Mutex
	raters      map[string]eval.Rater // by token hash
	expired     map[string]bool
	comparisons []fakeComparison
	shown       map[int64][]eval.Presentation // by rater, in order
	verdicts    map[int64][]fakeVerdict       // append-only
	guesses     map[int64][]fakeGuess         // append-only
	assigned    map[int64]eval.Presentation   // ahead, by rater
	skips       map[string]eval.SkipReason    // by presentation
	fail        error                         // returned by every method but the first
}

func newFakeStore(comparisons ...fakeComparison) *fakeStore {
	return &fakeStore{
		raters:      map[string]eval.Rater{},
		expired:     map[string]bool{},
		comparisons: comparisons,
		shown:       map[int64][]eval.Presentation{},
		verdicts:    map[int64][]fakeVerdict{},
		guesses:     map[int64][]fakeGuess{},
		assigned:    map[int64]eval.Presentation{},
		skips:       map[string]eval.SkipReason{},
	}
}

// invite adds a rater and returns the token of the link.
func (f *fakeStore) invite(t *testing.T, name string) string {
	t.Helper()
	token, hash, err := blind.NewToken(rand.NewChaCha8([32]byte{byte(len(f.raters)), 7}))
	if err != nil {
		t.Fatal(err)
	}
	f.raters[hash] = eval.Rater{ID: int64(len(f.raters) + 1), Name: name, Kind: eval.Human}
	return token
}

func (f *fakeStore) RaterByTokenHash(_ context.Context, hash string, _ time.Time) (eval.Rater, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rater, ok := f.raters[hash]
	switch {
	case !ok:
		return eval.Rater{}, fmt.Errorf("rater: %w", eval.ErrNotFound)
	case f.expired[hash]:
		return eval.Rater{}, fmt.Errorf("rater: %w", eval.ErrExpired)
	}
	return rater, nil
}

func (f *fakeStore) rated(rater int64, id string) bool {
	return slices.ContainsFunc(f.verdicts[rater], func(v fakeVerdict) bool { return v.Presentation == id })
}

// open says whether the rater may still rate a presentation.
func (f *fakeStore) open(rater int64, id string) bool {
	_, skipped := f.skips[id]
	return !skipped && !f.rated(rater, id)
}

func (f *fakeStore) NextPresentation(_ context.Context, rater eval.Rater, draw func(int, int) eval.Side, now time.Time) (eval.Presentation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return eval.Presentation{}, f.fail
	}
	shown := f.shown[rater.ID]
	if n := len(shown); n > 0 && f.open(rater.ID, shown[n-1].ID) {
		return shown[n-1], nil
	}
	p, err := f.assign(rater, draw)
	if err != nil {
		return p, err
	}
	delete(f.assigned, rater.ID)
	p.ShownAt = now.Add(-time.Hour) // the clock of most tests stands still
	f.shown[rater.ID] = append(f.shown[rater.ID], p)
	return p, nil
}

func (f *fakeStore) AssignAhead(_ context.Context, rater eval.Rater, draw func(int, int) eval.Side, _ time.Time) (eval.Presentation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	shown := f.shown[rater.ID]
	if n := len(shown); f.fail != nil || n == 0 || !f.open(rater.ID, shown[n-1].ID) {
		return eval.Presentation{}, cmp.Or(f.fail, eval.ErrNotFound)
	}
	return f.assign(rater, draw)
}

// ahead is what the rater gets after the present comparison.
func (f *fakeStore) ahead(rater int64) (eval.Presentation, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.assigned[rater]
	return p, ok
}

func (f *fakeStore) assign(rater eval.Rater, draw func(int, int) eval.Side) (eval.Presentation, error) {
	if p, ok := f.assigned[rater.ID]; ok {
		return p, nil
	}
	shown := f.shown[rater.ID]
	if len(shown) == len(f.comparisons) {
		return eval.Presentation{}, eval.ErrNotFound
	}
	var first [2]int
	for _, p := range shown {
		if p.First == eval.SideA {
			first[0]++
		} else {
			first[1]++
		}
	}
	c := f.comparisons[len(shown)]
	p := eval.Presentation{
		ID: blind.NewID(), ComparisonID: blind.NewID(), Category: audit.General, Rater: rater.Name, First: draw(first[0], first[1]),
		System: c.task.System, Conversation: c.task.Conversation, Prompt: c.task.Prompt,
		Left: c.control, Right: c.candidate,
	}
	if p.First == eval.SideB {
		p.Left, p.Right = p.Right, p.Left
	}
	f.assigned[rater.ID] = p
	return p, nil
}

func (f *fakeStore) Presentation(_ context.Context, rater eval.Rater, id string) (eval.Presentation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return eval.Presentation{}, f.fail
	}
	for _, p := range f.shown[rater.ID] {
		if p.ID == id {
			return p, nil
		}
	}
	return eval.Presentation{}, eval.ErrNotFound
}

func (f *fakeStore) AddRating(_ context.Context, rater eval.Rater, id string, rating eval.ShownRating, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.verdicts[rater.ID] = append(f.verdicts[rater.ID], fakeVerdict{id, rating.Verdict, rating.Seconds, rating.Note, now, rating.Tags, rating.Grades})
	return nil
}

func (f *fakeStore) RateAndNext(ctx context.Context, rater eval.Rater, id string, rating eval.ShownRating, draw func(int, int) eval.Side, now time.Time) (eval.Presentation, bool, error) {
	if err := f.AddRating(ctx, rater, id, rating, now); err != nil {
		return eval.Presentation{}, false, err
	}
	next, err := f.NextPresentation(ctx, rater, draw, now)
	if errors.Is(err, eval.ErrNotFound) {
		return eval.Presentation{}, false, nil
	}
	return next, err == nil, err
}

func (f *fakeStore) Skip(_ context.Context, rater eval.Rater, id string, reason eval.SkipReason, _ time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil || !slices.ContainsFunc(f.shown[rater.ID], func(p eval.Presentation) bool { return p.ID == id }) {
		return cmp.Or(f.fail, eval.ErrNotFound)
	}
	f.skips[id] = reason
	return nil
}

func (f *fakeStore) AddGuess(_ context.Context, rater eval.Rater, id string, guess eval.ShownGuess, recognised, asked bool, _ time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	if !f.rated(rater.ID, id) {
		return eval.ErrNotFound
	}
	f.guesses[rater.ID] = append(f.guesses[rater.ID], fakeGuess{id, guess, recognised, asked})
	return nil
}

// guessed is what the rater has guessed so far.
func (f *fakeStore) guessed(rater int64) []fakeGuess {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.guesses[rater])
}

func (f *fakeStore) LastRated(_ context.Context, rater eval.Rater) (eval.Presentation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return eval.Presentation{}, f.fail
	}
	given := f.verdicts[rater.ID]
	if len(given) == 0 {
		return eval.Presentation{}, eval.ErrNotFound
	}
	last := given[len(given)-1]
	p := f.shown[rater.ID][slices.IndexFunc(f.shown[rater.ID], func(p eval.Presentation) bool { return p.ID == last.Presentation })]
	p.Last = &eval.ShownRating{Verdict: last.Verdict, Seconds: last.Seconds, Note: last.Note, Tags: last.Tags, Grades: last.Grades}
	return p, nil
}

func (f *fakeStore) Progress(_ context.Context, rater eval.Rater) (done, open int, medianSeconds float64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return 0, 0, 0, f.fail
	}
	ids := map[string]bool{}
	for _, v := range f.verdicts[rater.ID] {
		ids[v.Presentation] = true
	}
	if len(ids) > 0 {
		medianSeconds = 31
	}
	return len(ids), len(f.comparisons) - len(ids) - len(f.skips), medianSeconds, nil
}

// given is what the rater has said so far.
func (f *fakeStore) given(rater int64) []fakeVerdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.verdicts[rater])
}

// newSite serves the store and returns its address.
func newSite(t *testing.T, store rate.Store, logger io.Writer) *httptest.Server {
	t.Helper()
	return newAskingSite(t, store, logger, 0)
}

// newAskingSite asks for a guess after a share of the verdicts.
func newAskingSite(t *testing.T, store rate.Store, logger io.Writer, share float64) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(rate.NewHandler(store, rate.Options{
		AskGuess:    share,
		Tags:        []string{"too long", "wrong"},
		Criteria:    map[audit.Category][]string{audit.General: {"Is it right?", secondCriterion}},
		Logger:      slog.New(slog.NewTextHandler(logger, nil)),
		Rand:        rand.New(rand.NewPCG(1, 2)),
		Now:         func() time.Time { return testTime },
		HiddenNames: armNames,
		Notice:      "Answers are recorded samples.",
	}))
	t.Cleanup(server.Close)
	return server
}

// A reply is what a browser received.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends one request as the rater of the token ("" for nobody) and follows no
// redirect.
func do(t *testing.T, method, address, token, form string, headers ...string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		request.AddCookie(&http.Cookie{Name: "rating", Value: token})
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(body)}
}
