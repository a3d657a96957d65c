package ingest

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// suggestRows is how many rows are looked at to suggest a column.
const suggestRows = 20

// A sampledColumn is what the first rows of a column hold.
type sampledColumn struct {
	name    string
	example string
	filled  int // rows with anything in them
	words   int // blanks between words, of all rows
	length  int // bytes, of all rows
	values  map[string]bool
	dates   int // rows with a date
	models  int // rows with what reads like the name of a model
	times   int // rows with a number of seconds or milliseconds and its unit
	money   int // rows with an amount and its currency
}

// lazily is a regular expression that is compiled when it is used for the first time:
// hardly any log needs suggestions.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// modelPattern is what names of models begin with, after what a gateway puts before.
var modelPattern = lazily(`(?i)^([\w.-]+/)*(gpt|chatgpt|o[134]\b|claude|gemini|gemma|llama|mistral|mixtral|ministral|codestral|magistral|qwen|deepseek|command|grok|phi|nova|kimi|glm|granite|jamba|sonar)[\w.:@/-]*$`)

// durationPattern is how long something took.
var durationPattern = lazily(`(?i)^\d+(?:[.,]\d+)? ?(?:ms|s|secs?|sek)$`)

// Words in the name of a column that say on which side of a request its texts stand.
var (
	askedPattern    = lazily(`\b(?:prompts?|sent|asked|asks?|questions?|inputs?|requests?|quer(?:y|ies)|instructions?|frage|anfrage|eingabe|gesendet|demande|pregunta|entrada|pergunta|domanda|richiesta)\b|質問|入力`)
	answeredPattern = lazily(`\b(?:answer(?:s|ed)?|responses?|repl(?:y|ies|ied)|outputs?|returned|back|received|results?|completions?|generated|antwort|ausgabe|erhalten|r[ée]ponse|sortie|respuesta|salida|resposta|sa[íi]da|risposta)\b|回答|出力`)
)

// suggest says what columns of an unknown name hold, and which of them look like the
// fields of a task: the prompt is the longest text of several words on average whose
// name does not speak of an answer.
func suggest(header []string, read func() ([]string, int, error)) string {
	if read == nil {
		return ""
	}
	columns, rows := sampleColumns(header, read)
	const most = 12
	var b strings.Builder
	for _, column := range columns[:min(len(columns), most)] {
		if column.example != "" {
			fmt.Fprintf(&b, "\n  %q holds %q", shorten(column.name), shorten(column.example))
		}
	}
	prompt := longestText(columns, rows, nil, askedPattern(), answeredPattern())
	if prompt == nil {
		return b.String()
	}
	fmt.Fprintf(&b, "\n  if the tasks are in %q: %s", prompt.name, mapFlag("prompt", prompt.name))
	if others := otherFields(columns, rows, prompt); others != "" {
		fmt.Fprintf(&b, "\n  what else looks like a field: %s", others)
	}
	return b.String()
}

func mapFlag(field, column string) string { return fmt.Sprintf("--map %s=%q", field, column) }

// sampleColumns reads the first rows.
func sampleColumns(header []string, read func() ([]string, int, error)) (columns []sampledColumn, rows int) {
	columns = make([]sampledColumn, len(header))
	for i, name := range header {
		columns[i] = sampledColumn{name: name, values: map[string]bool{}}
	}
	for range suggestRows {
		cells, _, err := read()
		if err != nil {
			if _, bad := asFault(err); bad {
				continue
			}
			break
		}
		rows++
		for i := range min(len(cells), len(header)) {
			columns[i].add(strings.Join(strings.Fields(cells[i]), " "))
		}
	}
	return columns, rows
}

func (c *sampledColumn) add(text string) {
	if text == "" {
		return
	}
	if c.example == "" {
		c.example = text
	}
	c.filled++
	c.words += strings.Count(text, " ")
	c.length += len(text)
	c.values[text] = true
	_, dated := cutDate(text)
	if _, err := ParseTime(text); (err == nil && strings.ContainsAny(text, "-/:")) || dated {
		c.dates++
	}
	if modelPattern().MatchString(text) {
		c.models++
	}
	if durationPattern().MatchString(text) {
		c.times++
	}
	if _, currency := cutCurrency(text); currency != "" {
		c.money++
	}
}

// longestText is the column with the longest texts of several words: of those whose
// name speaks of the one side or, where there are none, of those whose name does not
// speak of the other; nil where there is no text.
func longestText(columns []sampledColumn, rows int, except *sampledColumn, side, other *regexp.Regexp) (best *sampledColumn) {
	rank := func(c *sampledColumn) int {
		switch words := strings.ReplaceAll(normalize(c.name), "_", " "); {
		case side.MatchString(words):
			return 2
		case other.MatchString(words):
			return 0
		}
		return 1
	}
	for i := range columns {
		c := &columns[i]
		if c == except || c.name == "" || rows == 0 || c.words < rows || 2*c.dates > c.filled {
			continue
		}
		if best == nil || rank(c) > rank(best) || rank(c) == rank(best) && c.length > best.length {
			best = c
		}
	}
	return best
}

// otherFields suggests what the other columns are, of which no name is known: the
// answer is the next longest text; times, models and money show by what they hold.
func otherFields(columns []sampledColumn, rows int, prompt *sampledColumn) string {
	known := map[string]bool{}
	index, _ := newFieldIndex(taskFields, nil) // without a mapping there is nothing wrong
	for _, c := range columns {
		field, _ := index.field(c.name)
		known[field] = true
	}
	var flags []string
	say := func(field string, c *sampledColumn) {
		if _, named := index.byName[normalize(c.name)]; !known[field] && !named && c != prompt {
			known[field] = true
			flags = append(flags, mapFlag(field, c.name))
		}
	}
	if answer := longestText(columns, rows, prompt, answeredPattern(), askedPattern()); answer != nil {
		say("response", answer)
	}
	for i := range columns {
		switch c := &columns[i]; {
		case c.filled == 0:
		case c.dates == c.filled:
			say("timestamp", c)
		case 2*c.models > c.filled:
			say("model", c)
		case c.times == c.filled:
			say("latency_ms", c)
		case c.money == c.filled:
			say("cost_usd", c)
		case i == 0 && rows > 1 && len(c.values) == rows && c.words == 0 && utf8.RuneCountInString(c.example) < 40:
			say("id", c) // a first column of single words, none of them twice
		}
	}
	return strings.Join(flags, " ")
}
