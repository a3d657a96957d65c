package eval

import "modeltrial/audit"

// A ScalePlan is what a pilot of some number of tasks takes: calls, time, money, people,
// storage and memory. A field that cannot be given is nil and WhyMissing, by its JSON
// name, says why.
type ScalePlan struct {
	Pilot  string `json:"pilot"`
	Locked bool   `json:"protocol_locked"` // else it is that of modeltrial.yaml
	Tasks  int    `json:"tasks"`

	Calls       int     `json:"calls"`       // of the arms, steps and repeats included
	JudgeCalls  int     `json:"judge_calls"` // each judge, in both orders
	Comparisons int     `json:"comparisons"` // of the control and a candidate on a task
	Ratings     int     `json:"ratings"`     // by people
	RaterHours  float64 `json:"rater_hours"` // with what tries the raters

	Costs     []ScaleCost `json:"costs"` // by arm and step, then by judge
	Expected  *float64    `json:"expected_usd"`
	WorstCase *float64    `json:"worst_case_usd"`

	Providers []ScaleProvider `json:"providers"`
	// Hours is what the calls take at least within every limit of the configuration, and
	// Limit the one that decides.
	Hours *float64    `json:"hours"`
	Limit *ScaleLimit `json:"limit"`
	// InFlight is how many calls are under way at a time where the limits of requests and
	// tokens a minute are used up.
	InFlight *float64 `json:"calls_in_flight"`

	Workers   []ScaleWorkers  `json:"workers"`
	Databases []ScaleDatabase `json:"databases"`
	Memory    ScaleMemory     `json:"memory"`
	Advice    ScaleAdvice     `json:"advice"`

	Texts    []ScaleTexts   `json:"texts"`    // what lengths rest on, by category
	Measured []ScaleMeasure `json:"measured"` // what sizes and rates rest on

	WhyMissing map[string]string `json:"why_missing"`
}

// A ScaleCost is what the calls of an arm, of one step of it, or of a judge cost.
type ScaleCost struct {
	Name      string   `json:"name"`
	Step      string   `json:"step,omitempty"` // of a pipeline
	Judge     bool     `json:"judge"`
	Model     string   `json:"model"`
	Provider  string   `json:"provider"`
	Calls     int      `json:"calls"`
	Expected  *float64 `json:"expected_usd"`      // nil: the price is not known
	WorstCase *float64 `json:"worst_case_usd"`    // nil: the price is not known
	Tokens    int64    `json:"expected_tokens"`   // of requests and answers; 0: not called
	MaxTokens int64    `json:"worst_case_tokens"` // of requests and answers; 0: not called
}

// A ScaleProvider is how long one provider takes under its limits, in hours; nil where
// it has none of the kind.
type ScaleProvider struct {
	Name   string `json:"provider"`
	Calls  int    `json:"calls"`
	Tokens int64  `json:"tokens"` // of requests and answers

	ByRequests *float64 `json:"hours_by_requests_per_minute"`
	ByTokens   *float64 `json:"hours_by_tokens_per_minute"`
	ByInFlight *float64 `json:"hours_by_concurrency"`
}

// A ScaleLimit is a limit of the configuration.
type ScaleLimit struct {
	Kind     string `json:"kind"`     // requests_per_minute, tokens_per_minute or concurrency
	Provider string `json:"provider"` // empty: of all together
	Value    int    `json:"value"`
}

// What decides how long calls take.
const (
	ScaleByLimit    = "limit"    // that of [ScalePlan]
	ScaleByWorker   = "worker"   // what the workers can do
	ScaleByDatabase = "database" // what the database can write
)

// ScaleWorkers is how long the calls take with a number of workers, in hours.
type ScaleWorkers struct {
	Workers int `json:"workers"`
	// SQLite and PostgreSQL are the hours on each database, and the limits what decides:
	// [ScaleByLimit], [ScaleByWorker] or [ScaleByDatabase].
	SQLite          float64 `json:"sqlite_hours"`
	SQLiteLimit     string  `json:"sqlite_limit"`
	PostgreSQL      float64 `json:"postgresql_hours"`
	PostgreSQLLimit string  `json:"postgresql_limit"`
}

// The databases.
const (
	SQLite     = "SQLite"
	PostgreSQL = "PostgreSQL"
)

// A ScaleDatabase is what a pilot takes on one database, in bytes.
type ScaleDatabase struct {
	Name   string       `json:"database"`
	Bytes  int64        `json:"bytes"` // indexes included
	Index  int64        `json:"index_bytes"`
	Tables []ScaleTable `json:"tables"`
	// BusyHours is how long the database writes for all calls and ratings together, if
	// it does nothing else, and RatersAtOnce how many people it serves at most.
	BusyHours    float64 `json:"busy_hours"`
	RatersAtOnce int     `json:"raters_at_once"`
}

// A ScaleTable is one table of a database.
type ScaleTable struct {
	Name   string  `json:"table"`
	Rows   int     `json:"rows"`
	PerRow float64 `json:"bytes_per_row"` // indexes included
	Bytes  int64   `json:"bytes"`
}

// ScaleMemory is the memory that programs take, in bytes.
type ScaleMemory struct {
	Worker  int64 `json:"worker_bytes"` // one process that makes calls, whatever the number of tasks
	Lock    int64 `json:"lock_bytes"`   // pilot lock, which draws the sample
	Analyze int64 `json:"analyze_bytes"`
}

// ScaleAdvice says on which database such a pilot belongs.
type ScaleAdvice struct {
	Database string   `json:"database"`
	Reasons  []string `json:"reasons"`
}

// ScaleTexts are the lengths on which tokens, costs and sizes of a category rest: means
// of some of its logged tasks.
type ScaleTexts struct {
	Category audit.Category `json:"category"`
	Tasks    int            `json:"tasks_planned"`
	Sampled  int            `json:"tasks_sampled"` // 0: lengths are assumed
	Stored   int            `json:"bytes_per_task"`
	Answer   int            `json:"bytes_per_answer"`
	// LatencyMS is that of a call, as logged; where no task says it, it is reckoned from
	// the length of an answer.
	LatencyMS       float64 `json:"latency_ms"`
	LatencyReckoned bool    `json:"latency_assumed"`
}

// A ScaleMeasure is where a constant comes from.
type ScaleMeasure struct {
	What    string `json:"what"`
	Figure  string `json:"figure"` // with its unit
	Date    string `json:"date"`
	Machine string `json:"machine"`
	Command string `json:"command"`
}
