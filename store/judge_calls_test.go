package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// newJudged is newAnswered with a judge in its protocol, known as a rater.
func newJudged(t *testing.T) (*Store, eval.Protocol) {
	t.Helper()
	s := newAnswered(t, 2, 1)
	protocol := testProtocol
	protocol.Judges = []eval.Arm{{Name: "bench", Provider: "files", Model: "gpt-x"}}
	_, err := s.LockProtocol(t.Context(), protocol, "with a judge", testTime)
	must(t, err)
	_, err = s.AddRater(t.Context(), eval.Rater{Name: "bench", Kind: eval.Judge}, testTime)
	must(t, err)
	return s, protocol
}

func open(t *testing.T, s *Store) []eval.Judgement {
	t.Helper()
	judgements, err := s.OpenJudgements(t.Context(), 0, 2)
	must(t, err)
	return judgements
}

func TestJudgementsAreSettledOnce(t *testing.T) {
	s, _ := newJudged(t)
	judgements := open(t, s)
	if len(judgements) != 2*6 || judgements[0].First != eval.SideA || judgements[1].First != eval.SideB || judgements[0].ComparisonID != judgements[1].ComparisonID {
		t.Fatalf("got %+v, want both orders of six comparisons", judgements)
	}
	first, again := judgements[0], s.queue.again
	reserve := func(j eval.Judgement, budget audit.NanoUSD, now time.Time) error {
		return s.ReserveJudgement(t.Context(), j, "gpt-x", "wording", 100, budget, now, now.Add(time.Minute))
	}
	must(t, reserve(first, 250, testTime))
	if err := reserve(first, 250, testTime.Add(time.Second)); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("claimed twice: %v", err)
	}
	must(t, reserve(judgements[1], 250, testTime))
	if err := reserve(judgements[2], 250, testTime); !errors.Is(err, eval.ErrBudgetExhausted) {
		t.Errorf("beyond the budget: %v", err)
	}
	// Right is the candidate where the control was shown first, and the other way round.
	must(t, s.EndJudgement(t.Context(), first, eval.JudgeReply{Verdict: eval.RightMuchBetter, Rationale: "why", Cost: new(audit.NanoUSD(40))}, testTime))
	must(t, s.EndJudgement(t.Context(), judgements[1], eval.JudgeReply{Verdict: eval.LeftBetter, Lost: 100}, testTime))
	if err := reserve(first, 1000, testTime.Add(time.Hour)); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("asked again after its rating: %v", err)
	}
	if got := s.queue.again - again; got != 3 {
		t.Errorf("%d transactions were done again, want those of the three refusals", got)
	}
	var verdicts []string
	must(t, s.EachRating(t.Context(), 0, func(r eval.Rating) error {
		verdicts = append(verdicts, string(r.First)+" "+string(r.Verdict)+" "+r.Note)
		return nil
	}))
	if got := strings.Join(verdicts, ", "); got != "a much_b why, b b " {
		t.Errorf("got the ratings %q", got)
	}
	spent, err := s.Spent(t.Context())
	must(t, err)
	committed, err := s.Committed(t.Context())
	must(t, err)
	if spent != 40 || committed != 140 {
		t.Errorf("spent %d, committed %d; want 40 and, with what may have been billed, 140", spent, committed)
	}

	// Unreadable twice: given up. A call that a killed program left counts at its worst.
	third := judgements[2]
	for range 2 {
		must(t, reserve(third, 1000, testTime))
		must(t, s.EndJudgement(t.Context(), third, eval.JudgeReply{Unreadable: true, Reason: "prose", Cost: new(audit.NanoUSD(10))}, testTime))
	}
	must(t, reserve(judgements[3], 1000, testTime))
	must(t, reserve(judgements[3], 1000, testTime.Add(time.Hour)))
	must(t, s.EndJudgement(t.Context(), judgements[3], eval.JudgeReply{Reason: "HTTP 500"}, testTime))
	left := open(t, s)
	if len(left) != 12-3 || left[0].ComparisonID != judgements[3].ComparisonID || left[0].First != judgements[3].First {
		t.Errorf("%d are open, the first is %+v", len(left), left[0])
	}
	status, err := s.Judges(t.Context())
	must(t, err)
	want := JudgeStatus{Judge: "bench", Rated: 2, Unreadable: 1, Failed: 1, Calls: 6, Spent: 60, SetAside: 200, LastFail: "HTTP 500"}
	if len(status) != 1 || status[0] != want {
		t.Errorf("got %+v, want %+v", status, want)
	}
}

func TestAJudgeThatHasRatedStaysAsItWas(t *testing.T) {
	s, protocol := newJudged(t)
	lock := func(change func(*eval.Protocol)) error {
		changed := protocol
		change(&changed)
		_, err := s.LockProtocol(t.Context(), changed, "changed", testTime)
		return err
	}
	must(t, lock(func(p *eval.Protocol) { p.Rubrics = map[audit.Category]string{audit.Coding: "1. Does it run?"} }))
	must(t, lock(func(*eval.Protocol) {}))
	judgement := open(t, s)[0]
	if judgement.Category != audit.Coding {
		t.Fatalf("the first is of %s", judgement.Category)
	}
	must(t, s.ReserveJudgement(t.Context(), judgement, "gpt-x", "wording", 0, 0, testTime, testTime.Add(time.Minute)))
	must(t, s.EndJudgement(t.Context(), judgement, eval.JudgeReply{Verdict: eval.ShownTie}, testTime))
	for name, change := range map[string]func(*eval.Protocol){
		"another model":  func(p *eval.Protocol) { p.Judges = []eval.Arm{{Name: "bench", Provider: "files", Model: "gpt-y"}} },
		"another rubric": func(p *eval.Protocol) { p.Rubrics = map[audit.Category]string{audit.Coding: "1. Is it pretty?"} },
	} {
		if err := lock(change); err == nil || !strings.Contains(err.Error(), "another name") {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
	must(t, lock(func(p *eval.Protocol) { p.Rubrics = map[audit.Category]string{audit.Math: "1. Is it right?"} }))
	// Left out of one version and then back as another.
	must(t, lock(func(p *eval.Protocol) { p.Judges = nil }))
	if err := lock(func(p *eval.Protocol) { p.Judges = []eval.Arm{{Name: "bench", Provider: "files", Model: "gpt-y"}} }); err == nil {
		t.Error("another model under the old name after a version without it was taken")
	}
}

func TestCheckRatingsSupersede(t *testing.T) {
	s := newAnswered(t, 1, 1)
	_, err := s.AddRater(t.Context(), eval.Rater{Name: "exact", Kind: eval.Check}, testTime)
	must(t, err)
	var seen []Checkable
	must(t, s.EachCheckable(t.Context(), 0, func(c Checkable) error { seen = append(seen, c); return nil }))
	if len(seen) != 3 || seen[0].TextA != "now says coding-000" || seen[0].TextB != "next says coding-000" {
		t.Fatalf("got %+v, want three comparisons with the control's answer as a", seen)
	}
	save := func(verdict eval.Verdict) int {
		stored, err := s.SaveCheckRatings(t.Context(), []CheckRating{{ComparisonID: seen[0].ComparisonID, Check: "exact", Verdict: verdict}}, testTime)
		must(t, err)
		return stored
	}
	if got := []int{save(eval.PrefersA), save(eval.PrefersA), save(eval.BothBad), save(eval.BothBad)}; got[0] != 1 || got[1] != 0 || got[2] != 1 || got[3] != 0 {
		t.Errorf("stored %v, want only what is new", got)
	}
	var verdicts []eval.Verdict
	must(t, s.EachRating(t.Context(), 0, func(r eval.Rating) error { verdicts = append(verdicts, r.Verdict); return nil }))
	if len(verdicts) != 1 || verdicts[0] != eval.BothBad {
		t.Errorf("got %v, want what the check says now", verdicts)
	}
	if _, err := s.SaveCheckRatings(t.Context(), []CheckRating{{ComparisonID: seen[0].ComparisonID, Check: "nobody", Verdict: eval.Tie}}, testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("a check that nobody knows: %v", err)
	}
}
