package ingest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"modeltrial/audit"
)

// openRouter reads the activity that OpenRouter accounts for, of its API or the CSV
// of its site, whose headers are not documented. The records of its generation API,
// one request each, hold no text either and are no activity.
var openRouter = &dialect{
	name: "openrouter",
	is: func(s *shape) bool {
		if s.hasOne("prompt", "messages", "input", "question", "request_id", "trace_id") {
			return false
		}
		if s.has("id") && s.hasOne("native_tokens_prompt", "native_tokens_completion") {
			return true
		}
		return s.hasOne(openRouterDates...) && s.hasOne("model", "model_permaslug", "model_slug", "model_name") &&
			s.hasOne("requests", "request_count", "model_permaslug", "byok_usage_inference") && !s.has("num_model_requests")
	},
	within: [][]string{{"data", anyElement}},
	draft:  draftOpenRouter,
	spend:  true,
	notes:  []string{"cost is usage, with byok_usage_inference where the account has it"},
}

var openRouterDates = []string{"date", "day", "created_at", "timestamp"}

func draftOpenRouter(r *record) []*draft {
	d := newDraft()
	d.take(r, "start", openRouterDates...)
	d.take(r, "model", "model", "model_permaslug", "model_slug", "model_name")
	d.take(r, "provider", "provider_name", "provider")
	d.take(r, "detail", "endpoint_id", "api_key", "key", "key_name", "api_key_name", "member", "user")
	d.take(r, "requests", "requests", "request_count")
	d.take(r, "input_tokens", "prompt_tokens", "input_tokens", "tokens_prompt")
	d.take(r, "output_tokens", "completion_tokens", "output_tokens", "tokens_completion")
	d.take(r, "reasoning_tokens", "reasoning_tokens")
	usage, from := r.get("usage", "spend", "cost", "total_cost", "usage_usd", "cost_usd", "spend_usd")
	own, fromOwn := r.get("byok_usage_inference")
	d.set("cost_usd", number(usage), from)
	if one, two, ok := decimals(number(usage), number(own)); ok {
		d.set("cost_usd", one.Add(one, two).FloatString(12), from+" + "+fromOwn)
	}
	if r.text("native_tokens_prompt", "native_tokens_completion") != "" {
		d.filtered = "single generations, which hold no text; the activity sums them"
	}
	return []*draft{d}
}

// decimals reads two decimal numbers.
func decimals(first, second string) (one, two *big.Rat, ok bool) {
	one, okOne := new(big.Rat).SetString(boundedDecimal(first))
	two, okTwo := new(big.Rat).SetString(boundedDecimal(second))
	return one, two, okOne && okTwo
}

// openAIUsage reads pages of OpenAI's organization usage and costs.
var openAIUsage = &dialect{
	name: "openai-usage",
	is: func(s *shape) bool {
		return s.has("num_model_requests") || (s.has("results", "start_time", "end_time") && s.inner["results"].kind != '{')
	},
	within: [][]string{{"data", anyElement}},
	draft:  draftOpenAIUsage,
	spend:  true,
	notes:  []string{"the usage has no cost; a page of the costs API has"},
}

func draftOpenAIUsage(r *record) []*draft {
	if results, _ := r.get("results"); results.IsArray() {
		var drafts []*draft
		for _, result := range results.Array() {
			inner := objectRecord(result.Raw, r.line, names{})
			d := draftUsage(inner)
			d.take(r, "start", "start_time")
			drafts = append(drafts, d)
		}
		return drafts
	}
	if r.text("num_model_requests") == "" && r.text("object") == "bucket" {
		return nil // a bucket of a quiet day
	}
	d := draftUsage(r)
	d.take(r, "start", "start_time", "date", "day", "timestamp")
	return []*draft{d}
}

func draftUsage(r *record) *draft {
	d := newDraft()
	d.take(r, "model", "model", "line_item")
	d.set("provider", "openai", "the export's kind")
	d.take(r, "requests", "num_model_requests")
	d.take(r, "input_tokens", "input_tokens")
	d.take(r, "cached_tokens", "input_cached_tokens")
	d.take(r, "output_tokens", "output_tokens")
	if amount, from := r.get("amount.value"); present(amount) {
		d.set("cost_usd", number(amount)+" "+strings.ToUpper(r.text("amount.currency")), from)
	}
	var detail []string
	for _, name := range []string{"project_id", "user_id", "api_key_id", "batch", "service_tier", "organization_id"} {
		if text := r.text(name); text != "" {
			detail = append(detail, name+"="+text)
		}
	}
	d.set("detail", strings.Join(detail, " "), "project_id, user_id, api_key_id, batch, service_tier")
	return d
}

// spendFields are what a provider's account may hold.
var spendFields = []Field{
	{Name: "start"},
	{Name: "model"},
	{Name: "provider"},
	{Name: "detail"},
	{Name: requestsField},
	{Name: "input_tokens"},
	{Name: "cached_tokens"},
	{Name: "output_tokens"},
	{Name: "reasoning_tokens"},
	{Name: "cost_usd"},
}

// ErrSpend says that a file is a provider's account of what was used. It holds no
// text of any task; [ReadSpend] reads it.
var ErrSpend = errors.New("is an account of spend without the text of any task, so that no task can be made of it")

// ReadSpend gives each entry of a provider's account to emit, as [ReadTasks] gives
// tasks.
func ReadSpend(ctx context.Context, path string, options Options, emit func(audit.SpendEntry) error) (FileReport, error) {
	reasons := map[string]int{}
	report, err := ReadFile(ctx, options.spendFile(path), func(row Row) (Outcome, error) {
		if why := row.Get(filteredField); why != "" {
			reasons[why]++
			return Filtered, nil
		}
		entry, err := readSpend(&row)
		if err != nil {
			return Imported, err
		}
		return Imported, emit(entry)
	})
	if len(reasons) > 0 {
		report.FilteredReasons = reasons
	}
	return report, err
}

func (o Options) spendFile(path string) File {
	file := o.file(path)
	file.Fields, file.tasks, file.spend = spendFields, false, true
	return file
}

func readSpend(row *Row) (entry audit.SpendEntry, err error) {
	entry.Model = strings.TrimSpace(row.Get("model"))
	entry.Provider = strings.TrimSpace(row.Get("provider"))
	entry.Detail = row.Get("detail")
	start := "start"
	if !row.Has(start) {
		start = "timestamp" // of a gateway's request
	}
	if entry.Start, err = row.time(start); err != nil {
		return entry, err
	}
	if entry.Start.IsZero() {
		return entry, row.Reject("start", "is empty", "every sum needs the day or month that it is of")
	}
	entry.Start = entry.Start.Truncate(time.Second)
	for _, field := range [...]struct {
		name string
		into **int64
	}{
		{"requests", &entry.Requests},
		{"input_tokens", &entry.InputTokens},
		{"cached_tokens", &entry.CachedTokens},
		{"output_tokens", &entry.OutputTokens},
		{"reasoning_tokens", &entry.ReasoningTokens},
	} {
		text := row.number(field.name)
		if text == "" {
			continue
		}
		count, err := parseCount(text)
		if err != nil {
			return entry, row.Reject(field.name, err.Error(), "leave it empty where it is not known")
		}
		*field.into = &count
	}
	entry.Cost, err = row.cost("cost_usd")
	return entry, err
}

// maxCount is beyond what an account can hold, and small enough that sums stay in
// range.
const maxCount = 1e15

// parseCount reads a whole number of at least 0.
func parseCount(text string) (int64, error) {
	if count, err := strconv.ParseInt(text, 10, 64); err == nil && count >= 0 && count <= maxCount {
		return count, nil
	}
	value, err := ParseNumber(text)
	if err != nil {
		return 0, err
	}
	if value < 0 || value > maxCount || value != math.Trunc(value) {
		return 0, fmt.Errorf("%q is not a whole number from 0 to %d", shorten(text), int64(maxCount))
	}
	return int64(value), nil
}
