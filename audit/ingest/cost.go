package ingest

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"modeltrial/audit"
)

// A CostReport says of a log's new tasks where their costs come from.
type CostReport struct {
	audit.CostSources
	// WhyUnknown counts the tasks without a cost by reason; those of further reasons
	// than the first few stand under "other reasons".
	WhyUnknown map[string]int `json:"why_unknown,omitempty"`
}

// mostWhys is how many reasons a [CostReport] tells apart.
const mostWhys = 20

func (c *CostReport) emit(task audit.Task, emit func(audit.Task) (Outcome, error)) (Outcome, error) {
	outcome, err := emit(task)
	if err != nil || outcome != Imported {
		return outcome, err
	}
	if c.Add(task.CostSource); task.CostSource == "" {
		c.why(task.CostMissing)
	}
	return outcome, nil
}

func (c *CostReport) why(reason string) {
	if c.WhyUnknown == nil {
		c.WhyUnknown = map[string]int{}
	}
	if _, known := c.WhyUnknown[reason]; !known && len(c.WhyUnknown) >= mostWhys {
		reason = "other reasons"
	}
	c.WhyUnknown[reason]++
}

// wholeInput are the formats in which cached tokens are a part of the input tokens
// whoever made the model.
var wholeInput = []string{"litellm", "langfuse", "langsmith", "otel", "openrouter"}

// priceTask is [PriceTask] of a row. Before that the tokens get the meaning that [audit.Tokens] gives them.
func priceTask(row *Row, task *audit.Task, prices audit.PriceTable) {
	if tier := row.Get("service_tier"); tier != "" {
		task.ServiceTier = serviceTier(tier)
		task.Metadata = maps.Clone(task.Metadata) // the row's own
		if task.Metadata == nil {
			task.Metadata = map[string]string{}
		}
		task.Metadata["service_tier"] = task.ServiceTier
	}
	if task.Tokens.Cached != nil || task.Tokens.CacheWrite != nil {
		apart := audit.CountsCacheApart(task.Provider, task.Model) && !slices.Contains(wholeInput, row.table.Format())
		task.Tokens = task.Tokens.WholeInput(apart)
	}
	PriceTask(task, prices)
}

// PriceTask says what a task cost and who says so: its Cost, CostSource and
// CostMissing. Tokens that its log does not give are counted in its texts.
func PriceTask(task *audit.Task, prices audit.PriceTable) {
	costing := prices.CostOf(task)
	if costing.Uncounted != "" {
		if why := countTokens(task, costing.Uncounted); why != "" {
			costing.Why = why
		} else {
			costing = prices.CostOf(task)
		}
	}
	task.Cost, task.CostSource, task.CostMissing = costing.Cost, costing.Source, costing.Why
}

// serviceTier reads a tier's name, or a yes or no in a column that asks whether a
// request was sent in a batch.
func serviceTier(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	switch text {
	case "yes", "y":
		return "batch"
	case "no", "n":
		return "standard"
	}
	if batch, err := strconv.ParseBool(text); err == nil {
		if batch {
			return "batch"
		}
		return "standard"
	}
	return text
}
