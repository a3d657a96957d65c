package audit

import "time"

// A Task is one piece of work that the organisation gave to a model. Pointers
// are nil where the log did not say: unknown is never zero.
type Task struct {
	ID           string
	Timestamp    time.Time // UTC; zero where unknown
	Team         string
	User         string
	Model        string
	Provider     string
	System       string
	Prompt       string
	Conversation []Message // the turns before the prompt, oldest first
	Response     string
	Reference    string // a known right answer
	FinalText    string // what a person made of the response in the end
	Tags         []string

	Category       Category       // empty until categorised
	CategorySource CategorySource // who said so
	Probability    float64        // of the category, 0 to 1; 1 where given

	Tokens          Tokens
	TokensEstimated bool // the log gave none: they were counted from the texts
	Cost            *NanoUSD
	CostSource      CostSource // empty where the cost is not known, and of a stored task where it is the log's
	CostMissing     string     // why the cost is not known, as found on import; it is not kept
	ServiceTier     string     // how the request was sent, as the log names it: batch, flex, …
	LatencyMS       *int64
	TTFTMS          *int64 // time to first token

	Cluster  string            // tasks that belong together; empty: the task itself
	Metadata map[string]string // columns of the log that have no field here
	Origin   Origin
}

// A Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"` // system, user or assistant
	Content string `json:"content"`
}

// Tokens counts tokens by kind. Cached is the part of Input that was read from
// a cache, CacheWrite the part that was written to one, Reasoning the part of Output
// that was not shown. Nil is unknown.
type Tokens struct {
	Input     *int64 `json:"input_tokens"`
	Cached    *int64 `json:"cached_tokens"`
	Output    *int64 `json:"output_tokens"`
	Reasoning *int64 `json:"reasoning_tokens"`

	CacheWrite *int64 `json:"cache_write_tokens,omitempty"`
}

// An Origin says where a task was read, so that each number can be followed
// back to a line of a file.
type Origin struct {
	File      string
	Line      int    // the line on which the row begins, from 1
	RowSHA256 string // hexadecimal, of the row as read; empty where the row has an id
}

// RowIDPrefix begins the id of a task whose row has none: 96 bits of the row's hash
// follow, so that the same row has the same id.
const RowIDPrefix = "row-"

// A CategorySource says who put a task into its category.
type CategorySource string

// The sources of a category. A person's word is never overwritten by a model's.
const (
	CategoryFromLog    CategorySource = "log"
	CategoryFromLocal  CategorySource = "local"
	CategoryFromModel  CategorySource = "model" // a model that was asked over the network
	CategoryFromReview CategorySource = "review"
)
