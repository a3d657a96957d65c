package audit

// A Category is a kind of work. The built-in ones are those below; an
// organisation may bring its own list in modeltrial.yaml.
type Category string

// The built-in categories.
const (
	Reasoning Category = "reasoning"
	Coding    Category = "coding"
	Math      Category = "math"
	Creative  Category = "creative"
	General   Category = "general"
)

// Categories are the built-in categories in the order in which every table
// shows them.
var Categories = []Category{Reasoning, Coding, Math, Creative, General}
