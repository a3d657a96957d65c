package eval

import "modeltrial/audit"

// A StepRow is a call that is a part of an answer, as the analysis needs it: a step of a
// pipeline, or of an answer after the first.
type StepRow struct {
	TaskID     string         `db:"task_id"`
	Category   audit.Category `db:"category"`
	Week       int            `db:"week"`
	Arm        string         `db:"arm"`
	Repeat     int            `db:"repeat"` // from 1
	Step       int            `db:"step"`   // from 1
	Cost       *audit.NanoUSD `db:"cost_nano_usd"`
	LatencyMS  *int64         `db:"latency_ms"`
	Input      *int64         `db:"input_tokens"`
	Cached     *int64         `db:"cached_tokens"`
	CacheWrite *int64         `db:"cache_write_tokens"`
	Output     *int64         `db:"output_tokens"`
	Reasoning  *int64         `db:"reasoning_tokens"`
	StoredAt   int64          `db:"stored_at"` // µs since 1970
	TextSHA256 string         `db:"response_sha256"`
	Finish     string         `db:"finish_reason"`
	// Passed says whether the answer that ends with this step passes every check that
	// applies to it; nil where none does.
	Passed *bool `db:"-"`
}

// Tokens are what the call used.
func (r *StepRow) Tokens() audit.Tokens {
	return audit.Tokens{Input: r.Input, Cached: r.Cached, CacheWrite: r.CacheWrite, Output: r.Output, Reasoning: r.Reasoning}
}

// A PipelineStep says what a step of a pipeline took, in the first answers of a category.
// A mean is nil where it is not known of any of them. WhyMissing says for each null
// field, by its JSON name, why.
type PipelineStep struct {
	Category  audit.Category `json:"category"`
	Arm       string         `json:"arm"`
	Step      int            `json:"step"` // from 1
	Name      string         `json:"name"`
	Model     string         `json:"model"`
	Answers   int            `json:"answers"`
	Truncated int            `json:"truncated"` // ended by the limit of output
	Refused   int            `json:"refused"`
	// CostPerTask, LatencyMS and OutputTokens are means of one call.
	CostPerTask  *float64          `json:"cost_per_task_usd"`
	LatencyMS    *float64          `json:"latency_ms"`
	OutputTokens *float64          `json:"output_tokens"`
	WhyMissing   map[string]string `json:"why_missing"`
}

// A RepeatResult says how far an arm's answers to one task vary, beside how far tasks
// do: the model's noise. It is descriptive and decides nothing.
type RepeatResult struct {
	Category audit.Category `json:"category"`
	Arm      string         `json:"arm"`
	Tasks    int            `json:"tasks"`   // with two whole answers or more
	Answers  int            `json:"answers"` // to them
	// SameText is the share of tasks to which every answer was the same text.
	SameText float64 `json:"same_text_share"`
	// PassDiffers is the share of the checked tasks of which some answers passed the
	// checks and others did not; nil where no check applies.
	PassDiffers *float64          `json:"check_differs_share"`
	Measures    []RepeatMeasure   `json:"measures"`
	WhyMissing  map[string]string `json:"why_missing"`
}

// A RepeatMeasure splits a measure's variance into what differs between answers to one
// task and what differs between tasks, by one-way analysis of variance.
type RepeatMeasure struct {
	Measure string  `json:"measure"` // cost_usd, latency_ms or passes_checks
	Tasks   int     `json:"tasks"`
	Mean    float64 `json:"mean"`
	// WithinSD is the standard deviation between answers to one task, BetweenSD that of
	// the tasks' own means beyond it, both in the measure's unit.
	WithinSD  float64 `json:"within_task_sd"`
	BetweenSD float64 `json:"between_task_sd"`
	// NoiseShare is the part of the variance of one answer that is between answers to one
	// task, 0 to 1; nil where nothing varies.
	NoiseShare *float64 `json:"noise_share"`
}
