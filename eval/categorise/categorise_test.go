package categorise

import (
	"context"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
	"modeltrial/eval/run"
)

// memory keeps one task's call.
type memory struct {
	reserved, cost audit.NanoUSD
	category       audit.Category
	reason         string
}

func (m *memory) Task(context.Context, string) (audit.Task, error) {
	return audit.Task{ID: "t", Prompt: "zorgle"}, nil
}
func (m *memory) CategorySpend(context.Context) (audit.NanoUSD, error) { return m.cost, nil }

func (m *memory) Reserve(_ context.Context, _, _ string, worstCase, budget audit.NanoUSD, _, _ time.Time) error {
	if m.cost+worstCase > budget {
		return eval.ErrBudgetExhausted
	}
	m.reserved = worstCase
	return nil
}

func (m *memory) SaveModelCategory(_ context.Context, _ string, category audit.Category, cost audit.NanoUSD) error {
	m.category = category
	m.cost += cost
	return nil
}

func (m *memory) FailCategoryCall(_ context.Context, _ string, cost audit.NanoUSD, reason string) error {
	m.reason = reason
	m.cost += cost
	return nil
}

// scripted gives one answer or one failure.
type scripted struct {
	answer provider.Answer
	err    error
}

func (scripted) Origin() eval.ResponseOrigin { return eval.Measured }
func (s scripted) Answer(context.Context, provider.Request) (provider.Answer, error) {
	return s.answer, s.err
}

func TestSpendIsTheBill(t *testing.T) {
	price := audit.Price{Input: 1_000_000_000, Output: 2_000_000_000} // 1 and 2 USD for 1,000,000 tokens
	tokens := audit.Tokens{Input: new(int64(100)), Output: new(int64(10))}
	for _, c := range []struct {
		name     string
		provider scripted
		limit    audit.NanoUSD
		want     func(m *memory, s Summary) bool
	}{
		{"by the tokens", scripted{answer: provider.Answer{Text: `{"category":"coding"}`, Tokens: tokens}}, 1e9, func(m *memory, s Summary) bool {
			return m.category == "coding" && m.cost == 120_000 && s.Answered == 1
		}},
		{"by the provider's own figure", scripted{answer: provider.Answer{Text: `{"category":"coding"}`, Tokens: tokens, Cost: new(audit.NanoUSD(7))}}, 1e9, func(m *memory, s Summary) bool {
			return m.cost == 7
		}},
		{"not known: at worst", scripted{answer: provider.Answer{Text: `{"category":"coding"}`}}, 1e9, func(m *memory, s Summary) bool {
			return m.category == "coding" && m.cost == m.reserved && m.cost > 0
		}},
		{"broken off: at worst", scripted{err: &provider.Error{Msg: "broken off"}}, 1e9, func(m *memory, s Summary) bool {
			return m.category == "" && m.cost == m.reserved && m.cost > 0 && s.Failed == 1 && s.Malformed == 0
		}},
		{"refused: nothing", scripted{err: &provider.Error{Status: 422, Msg: "no"}}, 1e9, func(m *memory, s Summary) bool {
			return m.cost == 0 && s.Failed == 1
		}},
		{"malformed: each reply's", scripted{answer: provider.Answer{Text: "poetry", Tokens: tokens}}, 1e9, func(m *memory, s Summary) bool {
			return m.category == "" && m.cost == 5*120_000 && s.Malformed == 1 && s.Failed == 1
		}},
		{"beyond the cap", scripted{answer: provider.Answer{Text: `{"category":"coding"}`, Tokens: tokens}}, 1000, func(m *memory, s Summary) bool {
			return m.cost == 0 && s.BudgetExhausted && s.Answered == 0
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &memory{}
			options := Options{
				Store: m, TaskIDs: []string{"t"}, Categories: two, Arm: eval.Arm{Provider: "p", Model: "m"}, Price: price,
				Endpoint: run.Endpoint{Provider: c.provider, Timeout: time.Minute}, Cap: c.limit, Concurrency: 1,
			}
			summary, err := Run(t.Context(), options)
			if err != nil || !c.want(m, summary) {
				t.Errorf("kept %+v, summary %+v, error %v", m, summary, err)
			}
			if _, worst, err := Estimate(t.Context(), options); err != nil || (m.reserved > 0 && worst != m.reserved) {
				t.Errorf("estimated %v at worst, reserved %v, error %v", worst, m.reserved, err)
			}
		})
	}
}
