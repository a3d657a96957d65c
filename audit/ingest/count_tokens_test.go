package ingest

import (
	"math/rand/v2"
	"strings"
	"testing"

	"modeltrial/audit"
)

// TestCountTokens holds counts against those that OpenAI's own cookbook gives for its
// encodings (How to count tokens with tiktoken), and says what cannot be counted.
func TestCountTokens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, model   string
		task          audit.Task
		input, output int64
		why           string
	}{
		{"cl100k", "gpt-4-turbo", audit.Task{Prompt: "tiktoken is great!", Response: "お誕生日おめでとう"}, 3 + 4 + 6, 9, ""},
		{"o200k", "azure/gpt-4o", audit.Task{Prompt: "antidisestablishmentarianism", Response: "お誕生日おめでとう"}, 3 + 4 + 6, 8, ""},
		{
			"a conversation", "gpt-4.1",
			audit.Task{System: "hello world", Prompt: "2 + 2 = 4", Response: "hello world", Conversation: []audit.Message{{Role: "user", Content: "hello world"}}},
			3 + (4 + 2) + (4 + 7) + (4 + 2), 2, "",
		},
		{"only the output is missing", "claude-opus-5", audit.Task{Prompt: "hello world", Response: "hello world", Tokens: audit.Tokens{Input: new(int64(77))}}, 77, 2, ""},
		{"no answer", "gpt-4o", audit.Task{Prompt: "hello"}, 0, 0, whyNoAnswer},
		{"an image", "gpt-4o", audit.Task{Prompt: `[{"type":"image_url","image_url":{"url":"x"}}]`, Response: "a"}, 0, 0, whyNotText},
		{"an image as data", "gpt-4o", audit.Task{Prompt: "what is it?", Response: "![](data:image/png;base64,AAAA)"}, 0, 0, whyNotText},
		{"hidden reasoning", "o4-mini", audit.Task{Prompt: "hello", Response: "a"}, 0, 0, whyReasoning},
		{"hidden reasoning under a host's name", "openrouter/openai/gpt-5", audit.Task{Prompt: "hello", Response: "a"}, 0, 0, whyReasoning},
		{"hidden reasoning, but counted", "gpt-5", audit.Task{Prompt: "hello world", Tokens: audit.Tokens{Output: new(int64(5))}}, 3 + 4 + 2, 5, ""},
		{"answers at once", "gpt-5-chat-latest", audit.Task{Prompt: "hello world", Response: "hello world"}, 3 + 4 + 2, 2, ""},
	} {
		why := countTokens(&c.task, c.model)
		if why != c.why || c.task.TokensEstimated != (c.why == "") {
			t.Errorf("%s: got %q, want %q", c.name, why, c.why)
			continue
		}
		if why != "" {
			if c.task.Tokens != (audit.Tokens{}) {
				t.Errorf("%s: a part was counted", c.name)
			}
			continue
		}
		if *c.task.Tokens.Input != c.input || *c.task.Tokens.Output != c.output {
			t.Errorf("%s: got %d and %d tokens, want %d and %d", c.name, *c.task.Tokens.Input, *c.task.Tokens.Output, c.input, c.output)
		}
	}
}

func TestEstimatedCost(t *testing.T) {
	t.Parallel()
	prices := pricesOf(t, "model,provider,valid_from,input_usd_per_1m,output_usd_per_1m\ngpt-4o,openai,2024-05-13,5,15\n")
	var tasks []audit.Task
	path := write(t, "id,model,prompt,response,input_tokens,output_tokens,cost_usd\n"+
		"counted,gpt-4o,hello world,hello world,,,\nin part,gpt-4o,hello world,hello world,100,,\nown,gpt-4o,hello world,hello world,,,0.5\nempty,gpt-4o,hello world,,,,\nother,forge,hello world,hello world,,,\n")
	report, err := ReadTasks(t.Context(), path, Options{Prices: prices}, func(task audit.Task) (Outcome, error) {
		tasks = append(tasks, task)
		return Imported, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (audit.CostSources{FromLog: 1, Estimated: 2, Unknown: 2}); report.Costs.CostSources != want || report.Costs.WhyUnknown[whyNoAnswer] != 1 {
		t.Errorf("got %+v, want %+v", report.Costs, want)
	}
	if task := tasks[0]; !task.TokensEstimated || *task.Cost != 9*5000+2*15000 {
		t.Errorf("estimated: %v, cost %v", task.TokensEstimated, *task.Cost)
	}
	if task := tasks[1]; *task.Cost != 100*5000+2*15000 {
		t.Errorf("estimated in part: cost %v", *task.Cost)
	}
	for _, task := range tasks[2:] {
		if task.TokensEstimated || task.Tokens != (audit.Tokens{}) {
			t.Errorf("%s: tokens were counted that no cost depends on", task.ID)
		}
	}
}

// BenchmarkPriceTask says what pricing adds to the reading of a task of 500 bytes and
// an answer as long: next to nothing where the log has tokens.
func BenchmarkPriceTask(b *testing.B) {
	prices := pricesOf(b, "model,provider,valid_from,input_usd_per_1m,output_usd_per_1m\ngpt-4o,openai,2024-05-13,5,15\n")
	words := strings.Fields("the customer asks whether an invoice of last month can be split between two departments and paid in parts by end of quarter")
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		var s strings.Builder
		for s.Len() < 500 {
			s.WriteString(words[random.IntN(len(words))] + " ")
		}
		return s.String()
	}
	bare := audit.Task{Model: "gpt-4o-2024-11-20", Provider: "azure", Prompt: text(), Response: text()}
	full := bare
	full.Tokens = audit.Tokens{Input: new(int64(100)), Output: new(int64(100))}
	priced := full
	priced.Cost = new(audit.USD)
	for name, task := range map[string]audit.Task{"cost in the log": priced, "tokens in the log": full, "texts only": bare} {
		b.Run(name, func(b *testing.B) {
			row := &Row{table: &Table{}}
			for b.Loop() {
				copied := task
				priceTask(row, &copied, prices)
			}
		})
	}
}
