package terminal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
)

// quiet is how long after a comparison has appeared its keys do nothing: a key held a
// little long must not rate one that nobody has read.
const quiet = 350 * time.Millisecond

// A page is what the screen asks.
type page int

const (
	waiting      page = iota // the store has not answered yet
	askedVerdict             // on the next comparison
	askedAgain               // on the one rated last, which has a verdict
	askedGuess               // which answer is from the current model
	practising               // on a made-up comparison
	nothingOpen
	failed
)

// A panel stands under a comparison in the place of the verdict's keys.
type panel int

const (
	noPanel  panel = iota
	writing        // the note
	tagging        // why, in the protocol's words
	skipping       // for a reason
	grading        // each answer by each criterion
)

// asks says whether a page shows a comparison.
func (p page) asks() bool {
	return p == askedVerdict || p == askedAgain || p == askedGuess || p == practising
}

// A model is the screen of one rater. It is a [tea.Model]: an update gives the next
// model and what to ask of the store.
type model struct {
	ctx      context.Context
	store    rate.Store
	rater    eval.Rater
	now      func() time.Time
	draw     func(controlFirst, candidateFirst int) eval.Side
	masker   *blind.Masker
	notice   string
	askGuess float64
	tags     []string
	criteria map[audit.Category][]string
	practice bool // before the first comparison

	page     page
	busy     bool // the store is asked
	shown    comparison
	progress progress
	saved    bool // the verdict given just before is stored
	err      error

	help       bool
	asking     panel
	note       string
	given      []bool            // which of the tags
	grades     []int             // of each criterion answer 1 and answer 2; 0: not graded
	grade      int               // the one that the next digit gives
	item       int               // which of the practice round
	practised  eval.ShownVerdict // on it; empty before the verdict
	recognised bool              // a model, with the guess

	width, height int
	full          bool // the whole task with its context is shown
	layout        layout
	offset        int // the first line of the layout that is in sight

	stillSince time.Time // since then no key has come that was too early
	active     time.Duration
	watched    time.Time // since then the terminal has had the focus; zero: it has not
}

// A comparison is a presentation with its answers as they are shown.
type comparison struct {
	eval.Presentation
	pages []pageText
}

type progress struct {
	done, open int
	left       string
}

func (p progress) total() int { return p.done + p.open }

// Messages from the store.
type (
	// loaded is what the screen shows next.
	loaded struct {
		page     page
		shown    comparison
		progress progress
		saved    bool
	}
	// mustPractise is that nothing is rated yet and something open.
	mustPractise struct{}
	failure      struct{ err error }
)

// Init implements [tea.Model].
func (m model) Init() tea.Cmd {
	if !m.practice {
		return m.next(false)
	}
	return func() tea.Msg {
		done, open, _, err := m.store.Progress(m.ctx, m.rater)
		switch {
		case err != nil:
			return failure{fmt.Errorf("read progress: %w", err)}
		case done == 0 && open > 0:
			return mustPractise{}
		}
		return m.next(false)()
	}
}

// next asks for the next comparison.
func (m model) next(saved bool) tea.Cmd {
	return func() tea.Msg {
		p, err := m.store.NextPresentation(m.ctx, m.rater, m.draw, m.now().UTC())
		if errors.Is(err, eval.ErrNotFound) {
			return m.loaded(nothingOpen, eval.Presentation{}, saved)
		}
		if err != nil {
			return failure{fmt.Errorf("next comparison: %w", err)}
		}
		return m.loaded(askedVerdict, p, saved)
	}
}

// last asks for the comparison rated last; without one for the next.
func (m model) last(page page, saved bool) tea.Cmd {
	return func() tea.Msg {
		p, err := m.store.LastRated(m.ctx, m.rater)
		if errors.Is(err, eval.ErrNotFound) {
			return m.next(saved)()
		}
		if err != nil {
			return failure{fmt.Errorf("comparison rated last: %w", err)}
		}
		return m.loaded(page, p, saved)
	}
}

// loaded makes what is shown of a presentation.
func (m model) loaded(page page, p eval.Presentation, saved bool) tea.Msg {
	done, open, seconds, err := m.store.Progress(m.ctx, m.rater)
	if err != nil {
		return failure{fmt.Errorf("read progress: %w", err)}
	}
	shown := comparison{Presentation: p}
	if page.asks() {
		shown.pages = pageTexts(m.masker, p)
	}
	return loaded{page, shown, progress{done, open, rate.TimeLeft(open, seconds)}, saved}
}

// verdict stores what the rater said, and only then goes on.
func (m model) verdict(verdict eval.ShownVerdict) tea.Cmd {
	id, now := m.shown.ID, m.now().UTC()
	rating := eval.ShownRating{Verdict: verdict, Note: strings.TrimSpace(m.note), Seconds: rate.ActiveSeconds(m.activeUntil(m.now()).Seconds())}
	for i, tag := range m.tags {
		if m.given[i] {
			rating.Tags = append(rating.Tags, tag)
		}
	}
	for i, points := range m.grades {
		if points > 0 {
			rating.Grades = append(rating.Grades, eval.ShownGrade{Criterion: m.graded()[i/2], Answer: 1 + i%2, Points: points})
		}
	}
	return func() tea.Msg {
		if rate.AsksGuess(id, m.askGuess) {
			if err := m.store.AddRating(m.ctx, m.rater, id, rating, now); err != nil {
				return failure{fmt.Errorf("store verdict: %w", err)}
			}
			return m.last(askedGuess, true)()
		}
		next, more, err := m.store.RateAndNext(m.ctx, m.rater, id, rating, m.draw, now)
		switch {
		case err != nil:
			return failure{fmt.Errorf("store verdict: %w", err)}
		case !more:
			return m.loaded(nothingOpen, eval.Presentation{}, true)
		}
		return m.loaded(askedVerdict, next, true)
	}
}

// skip stores that the rater does not want to rate, and goes on.
func (m model) skip(reason eval.SkipReason) tea.Cmd {
	id, now := m.shown.ID, m.now().UTC()
	return func() tea.Msg {
		if err := m.store.Skip(m.ctx, m.rater, id, reason, now); err != nil {
			return failure{fmt.Errorf("store skip: %w", err)}
		}
		return m.next(false)()
	}
}

func (m model) guess(guess eval.ShownGuess) tea.Cmd {
	id, recognised, now := m.shown.ID, m.recognised, m.now().UTC()
	return func() tea.Msg {
		err := m.store.AddGuess(m.ctx, m.rater, id, guess, recognised, rate.AsksGuess(id, m.askGuess), now)
		if err != nil {
			return failure{fmt.Errorf("store guess: %w", err)}
		}
		return m.next(true)()
	}
}

// Update implements [tea.Model].
func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		return m.laidOut(), nil
	case tea.FocusMsg:
		if m.watched.IsZero() {
			m.watched = m.now()
		}
	case tea.BlurMsg:
		m.active, m.watched = m.activeUntil(m.now()), time.Time{}
	case loaded:
		return m.show(msg), nil
	case mustPractise:
		return m.practiseItem(0), nil
	case failure:
		m.page, m.busy, m.err = failed, false, msg.err
	case tea.PasteMsg:
		if m.asking == writing {
			return m.wrote(msg.Content), nil
		}
	case tea.KeyPressMsg:
		return m.key(tea.Key(msg))
	}
	return m, nil
}

// show turns to what the store has given.
func (m model) show(msg loaded) model {
	m.page, m.shown, m.progress, m.saved = msg.page, msg.shown, msg.progress, msg.saved
	m.busy, m.err, m.help, m.asking, m.note, m.recognised, m.full = false, nil, false, noPanel, "", false, false
	m.given, m.grades, m.grade = make([]bool, len(m.tags)), make([]int, 2*len(m.graded())), 0
	if m.shown.Last != nil && m.page == askedAgain {
		m = m.saidBefore(*m.shown.Last)
	}
	m.offset, m.active = 0, 0
	m.stillSince, m.watched = m.now(), m.now()
	return m.laidOut()
}

// activeUntil is how long the comparison has been looked at: the time in which the
// terminal had the focus, where it reports that.
func (m model) activeUntil(now time.Time) time.Duration {
	if m.watched.IsZero() {
		return m.active
	}
	return m.active + now.Sub(m.watched)
}
