package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"modeltrial/audit"
)

// A record is one entry of a tool's export: a row of a table, or a JSON object. Its
// columns are found by name without regard to case and to how words are joined.
type record struct {
	line    int
	columns []column
	byName  map[string]int          // normalized name to the place in columns
	raw     string                  // JSON where it is a JSON object, else empty
	hashed  []byte                  // what sum made of it; nil: nothing yet
	kept    func(key string) string // of the JSON around it
	header  []string                // of a table, as written and in its order; else nil
	cells   []string                // under header
	logs    *otelLogs
	traces  *Traces
}

// A column of a record. A value that is nested, or text that is JSON, is JSON.
type column struct {
	name  string // as written
	value gjson.Result
	used  bool
}

// names remembers how headers and keys are normalized, since each comes again and
// again.
type names map[string]string

// mostNames bounds how many are remembered.
const mostNames = 10_000

func (n names) normalize(name string) string {
	if known, ok := n[name]; ok {
		return known
	}
	normal := normalize(name)
	if len(n) < mostNames {
		n[name] = normal
	}
	return normal
}

// objectRecord makes a record of a JSON object that is known to be valid.
func objectRecord(object string, line int, known names) *record {
	r := &record{line: line, raw: object, byName: map[string]int{}}
	gjson.Parse(object).ForEach(func(key, value gjson.Result) bool {
		r.add(key.String(), value, known)
		return true
	})
	return r
}

// rowRecord makes a record of a table's row.
func rowRecord(header, cells []string, line int, known names) *record {
	r := &record{line: line, byName: make(map[string]int, len(header)), header: header, cells: cells}
	for i, name := range header {
		r.add(name, gjson.Result{Type: gjson.String, Str: cells[i]}, known)
	}
	return r
}

func (r *record) add(name string, value gjson.Result, known names) {
	normal := known.normalize(name)
	if at, twice := r.byName[normal]; twice && present(r.columns[at].value) {
		return // the first says it
	}
	r.byName[normal] = len(r.columns)
	r.columns = append(r.columns, column{name: name, value: value})
}

// get gives the first of the columns that holds anything, with its name as written.
// A name may lead into JSON: metadata.team is the team in the column metadata.
func (r *record) get(names ...string) (value gjson.Result, from string) {
	for _, name := range names {
		outer, path, _ := strings.Cut(name, ".")
		at, ok := r.byName[outer]
		if !ok {
			continue
		}
		column := &r.columns[at]
		if path == "" {
			column.used = true
			if value := unwrap(column.value); present(value) {
				return value, column.name
			}
			continue
		}
		if value := unwrap(column.value).Get(path); present(value) {
			return value, column.name + "." + path
		}
	}
	return gjson.Result{}, ""
}

// text is get as a field's text.
func (r *record) text(names ...string) string {
	value, _ := r.get(names...)
	return fieldText(value)
}

// fieldText is a value as text: a string without quotes, what is nested as JSON.
func fieldText(value gjson.Result) string {
	switch {
	case value.Type == gjson.String:
		return value.Str
	case value.Type == gjson.Null:
		return ""
	}
	return value.Raw
}

// lookup finds what a user's --map names: a column by its exact name, else a path
// into the record's JSON such as inputs.messages.0.content.
func (r *record) lookup(name string) (text string, found bool) {
	for i := range r.columns {
		if r.columns[i].name == name {
			r.columns[i].used = true
			return fieldText(r.columns[i].value), true
		}
	}
	outer, path, _ := strings.Cut(name, ".")
	for i := range r.columns {
		if r.columns[i].name != outer || path == "" {
			continue
		}
		if value := unwrap(r.columns[i].value).Get(path); value.Exists() {
			return fieldText(value), true
		}
	}
	return "", false
}

// use marks columns as read, so that they are not kept as metadata.
func (r *record) use(names ...string) {
	for _, name := range names {
		if at, ok := r.byName[name]; ok {
			r.columns[at].used = true
		}
	}
}

// sum identifies the record and, of several tasks in it, the nth after the first.
func (r *record) sum(n int) string {
	if r.hashed == nil {
		hash := sha256.New()
		_, _ = hash.Write([]byte(r.raw)) // a hash takes everything
		if r.raw == "" {
			for _, column := range r.columns {
				if column.value.Str != "" {
					_, _ = hash.Write([]byte(column.name + "\x00" + column.value.Str + "\x00"))
				}
			}
		}
		r.hashed = hash.Sum(nil)
	}
	if n == 0 {
		return hex.EncodeToString(r.hashed)
	}
	sum := sha256.Sum256(strconv.AppendInt(r.hashed[:len(r.hashed):len(r.hashed)], int64(n), 10))
	return hex.EncodeToString(sum[:])
}

// between is the time from one column to another in milliseconds, empty where one is
// unknown or they stand the wrong way round.
func (r *record) between(from, to []string) string {
	start, errFrom := ParseTime(r.text(from...))
	end, errTo := ParseTime(r.text(to...))
	if errFrom != nil || errTo != nil || end.Before(start) {
		return ""
	}
	return strconv.FormatInt(end.Sub(start).Round(time.Millisecond).Milliseconds(), 10)
}

// A draft is a task as a dialect reads it: its fields as text.
type draft struct {
	values map[string]string // by field
	from   map[string]string // the column that each was read from
	// conversation is made text when the task is read: a long one is in many drafts.
	conversation []audit.Message
	extra        map[string]string
	filtered     string // why it is no task; empty for a task
	// gateway says that it is a request of a gateway's own log, which is spend whether or
	// not its text was kept.
	gateway bool
}

func newDraft() *draft {
	return &draft{values: map[string]string{}, from: map[string]string{}}
}

// set gives a field its text and says where it comes from.
func (d *draft) set(field, text, from string) {
	if text != "" {
		d.values[field], d.from[field] = text, from
	}
}

// take gives a field the first of the columns that holds anything.
func (d *draft) take(r *record, field string, names ...string) {
	value, from := r.get(names...)
	d.set(field, fieldText(value), from)
}

// note keeps something as metadata.
func (d *draft) note(name, text string) {
	if text == "" {
		return
	}
	if d.extra == nil {
		d.extra = map[string]string{}
	}
	d.extra[name] = text
}

// mostHistory bounds the text of a conversation that a task keeps, to what the longest
// contexts hold. Of a longer one the latest turns are kept.
const mostHistory = 512 << 10

// chat gives the fields of a request.
func (d *draft) chat(c chat, from string) {
	d.set("system", c.system, from)
	d.set("prompt", c.prompt, from)
	if c.left > 0 {
		d.note("turns_without_text", strconv.Itoa(c.left))
	}
	size, first := 0, len(c.conversation)
	for first > 0 && size+len(c.conversation[first-1].Content) <= mostHistory {
		first--
		size += len(c.conversation[first].Content)
	}
	if first > 0 {
		d.note("earlier_turns_left_out", strconv.Itoa(first))
	}
	if d.conversation = c.conversation[first:]; len(d.conversation) > 0 {
		d.from["conversation"] = from
	}
}

// request reads the first of the columns that holds a request with text.
func (d *draft) request(r *record, names ...string) {
	for _, name := range names {
		value, from := r.get(name)
		if !present(value) {
			continue
		}
		c := readChat(value)
		if strings.TrimSpace(c.prompt) == "" {
			continue
		}
		d.chat(c, from)
		if c.answer != "" && d.values["response"] == "" {
			d.set("response", c.answer, from)
		}
		return
	}
}

// answer reads the first of the columns that holds an answer with text.
func (d *draft) answer(r *record, names ...string) {
	for _, name := range names {
		value, from := r.get(name)
		if text := readAnswer(value); text != "" {
			d.set("response", text, from)
			return
		}
	}
}

// withoutText says why a record without a prompt is no task; failed is what the tool
// says of its failure.
func (d *draft) withoutText(failed bool, why string) {
	switch {
	case strings.TrimSpace(d.values["prompt"]) != "":
	case failed:
		d.filtered = "failed requests without text"
	default:
		d.filtered = why
	}
}
