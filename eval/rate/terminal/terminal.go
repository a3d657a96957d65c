package terminal

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
)

// Options are what rating in a terminal needs beside the store. The zero value works.
type Options struct {
	Now  func() time.Time // time.Now where nil
	Rand *rand.Rand       // draws the order of answers; seeded by the system where nil
	// HiddenNames are the protocol's arm and model names, masked in answers.
	HiddenNames []string
	// Tags are the protocol's words for why a verdict is given; none where empty.
	Tags []string
	// Criteria are those of each category's rubric, by which raters may grade each answer.
	Criteria map[audit.Category][]string
	// Practice has raters practise before their first comparison.
	Practice bool
	// Notice is a line shown above every task; none where empty.
	Notice string
	// AskGuess is the share of verdicts, 0 to 1, after which the rater is asked which
	// answer is from the current model.
	AskGuess float64
	// NoColor leaves colours out; NO_COLOR in the environment does so too.
	NoColor bool
}

// Run lets a rater rate in a terminal until nothing more is wanted or the context
// ends. Each verdict is stored before the next comparison is shown. It returns the
// store's last failure where the rater stopped on it.
func Run(ctx context.Context, store rate.Store, rater eval.Rater, options Options, in io.Reader, out io.Writer) error {
	settings := []tea.ProgramOption{tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler()}
	if options.NoColor {
		settings = append(settings, tea.WithColorProfile(colorprofile.ASCII))
	}
	last, err := tea.NewProgram(newModel(ctx, store, rater, options), settings...).Run()
	if ctx.Err() != nil {
		return ctx.Err() // asked to end: the screen is put back, and all that was said is stored
	}
	if err != nil {
		return fmt.Errorf("rate in the terminal: %w", err)
	}
	m, ok := last.(model)
	if !ok {
		return errors.New("rate in the terminal: the screen was lost")
	}
	return m.err
}

func newModel(ctx context.Context, store rate.Store, rater eval.Rater, options Options) model {
	m := model{
		ctx: ctx, store: store, rater: rater, now: options.Now, masker: blind.NewMasker(options.HiddenNames),
		notice: plain(options.Notice), askGuess: options.AskGuess, busy: true, tags: options.Tags, given: make([]bool, len(options.Tags)),
		criteria: options.Criteria, practice: options.Practice,
	}
	if m.now == nil {
		m.now = time.Now
	}
	random := options.Rand
	if random == nil {
		var seed [32]byte
		crand.Read(seed[:])
		random = rand.New(rand.NewChaCha8(seed))
	}
	// One command runs at a time, so that nothing else draws meanwhile.
	m.draw = func(controlFirst, candidateFirst int) eval.Side {
		return blind.Draw(random, controlFirst, candidateFirst)
	}
	return m
}
