package audit

import "time"

// A SpendEntry is one line of a provider's account of what was used: requests
// and tokens of one model in one bucket of time, without the text of any task.
// Pointers are nil where the account does not say.
type SpendEntry struct {
	Start    time.Time // UTC, of the bucket
	Model    string
	Provider string
	// Detail tells entries of one bucket and model apart, such as an endpoint, a
	// project or a key; empty where the account sums over them.
	Detail string
	Spend
}

// A Spend is what a number of requests used.
type Spend struct {
	Requests        *int64   `json:"requests" db:"requests"`
	InputTokens     *int64   `json:"input_tokens" db:"input_tokens"` // cached ones included
	CachedTokens    *int64   `json:"cached_tokens" db:"cached_tokens"`
	OutputTokens    *int64   `json:"output_tokens" db:"output_tokens"` // reasoning ones included
	ReasoningTokens *int64   `json:"reasoning_tokens" db:"reasoning_tokens"`
	Cost            *NanoUSD `json:"-" db:"cost_nano_usd"`
}

// A Baseline is what a provider accounts for one model in one calendar month
// (UTC). The audit holds it against the task log, which may not hold every
// request. It is never a task: no text belongs to it. A sum is nil where one of
// its entries does not say.
type Baseline struct {
	Month    string `json:"month" db:"month"` // such as 2026-03
	Model    string `json:"model" db:"model"`
	Provider string `json:"provider" db:"provider"`
	Spend
	Source string `json:"source" db:"path"` // the file that the sums were read from
	// Textless says that the sums are of a gateway's requests whose texts were not kept.
	// The log has the others, so that both together are what was spent.
	Textless bool `json:"textless,omitempty" db:"textless"`
}
