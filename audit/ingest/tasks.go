package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"modeltrial/audit"
)

// taskFields are the fields of a task log.
var taskFields = append([]Field{
	{Name: "id", Synonyms: []string{"task_id", "request_id", "trace_id", "uuid"}},
	{Name: "timestamp", Synonyms: []string{"created_at", "start_time", "started_at", "request_time", "request_created_at", "datetime", "date", "time", "zeitpunkt", "zeitstempel", "datum", "fecha", "horodatage"}},
	{Name: "team", Synonyms: []string{"team_id", "team_name", "team_alias", "department", "cost_center", "cost_centre", "dept", "abteilung", "kostenstelle", "departamento", "reparto"}},
	{Name: "user", Synonyms: []string{"user_id", "user_name", "end_user", "username", "benutzer", "nutzer", "usuario", "utente", "utilisateur", "utilizador"}},
	{Name: "model", Synonyms: []string{"model_name", "model_id", "model_group", "provided_model_name", "gen_ai.request.model", "llm", "ai_model", "modell", "ki_modell", "modelo", "modello", "modèle"}},
	{Name: "provider", Synonyms: []string{"provider_name", "custom_llm_provider", "vendor", "anbieter"}},
	{Name: "system", Synonyms: []string{"system_prompt", "system_message"}},
	{Name: "prompt", Synonyms: []string{"question", "instruction", "input", "query", "user_prompt", "user_message", "prompt_text", "user_input", "messages", "request", "request_body", "anfrage", "frage", "aufgabe", "eingabe", "pregunta", "domanda", "pergunta", "demande"}, Required: true},
	{Name: "conversation", Synonyms: []string{"history", "chat_history", "previous_messages"}},
	{Name: "response", Synonyms: []string{"completion", "output", "answer", "model_response", "response_text", "generation", "reply", "antwort", "ausgabe", "respuesta", "risposta", "resposta", "réponse"}},
	{Name: "reference", Synonyms: []string{"reference_answer", "expected", "expected_output", "expected_answer", "ground_truth", "gold"}},
	{Name: "final_text", Synonyms: []string{"final", "final_answer", "edited", "edited_text", "post_edit", "sent_text"}},
	{Name: "category", Synonyms: []string{"task_category", "task_type", "use_case"}},
	{Name: "tags", Synonyms: []string{"request_tags", "labels"}},
	{Name: "cluster", Synonyms: []string{"cluster_id", "session_id", "conversation_id", "thread_id"}},
}, MeasureFields...)

// Options say how a task log is read.
type Options struct {
	Map             map[string]string // field to column, before what is recognised
	KnownCategories []audit.Category  // none: the built-in ones
	Category        audit.Category    // of every row, instead of what the log says; may be empty
	Prices          audit.PriceTable  // for costs that the log leaves out
	Format          string            // one of [Formats]; empty: recognised
	Rates           Rates             // of other currencies than the US dollar
	DateFormat      string            // how dates are written, where that is in doubt: see [CheckDateFormat]
	Decimal         string            // comma or point, where it is in doubt what divides fractions
	Query           *Query            // instead of a file
	Traces          *Traces           // of the observations in the file; may be nil
	Name            string            // what messages call the file, instead of its path
	Progress        func(bytesRead int64)
	// Textless takes what a gateway's log says of each of its requests: those without a
	// text, which are spend and no task, and those with one as 0 requests of no cost, so
	// that the model is known to be in the log. It may be nil.
	Textless func(audit.SpendEntry)
	// Protect changes a task before it is given on, Redact what is written of rejected
	// rows: a task may not hold personal data that was to be left out. Both may be nil,
	// and each is called by one goroutine at a time.
	Protect func(*audit.Task)
	Redact  func(text string) string
}

// ReadTasks gives each task of a log to emit, whose [*audit.RowError] rejects the
// row as if it could not be read; any other error ends the reading and is
// returned. A task without an id has one made from its row's values, the same
// for the same row. A cost that the log leaves out is computed where tokens and
// price are known. Columns of no field are kept as metadata.
func ReadTasks(ctx context.Context, path string, options Options, emit func(audit.Task) (Outcome, error)) (FileReport, error) {
	if len(options.KnownCategories) == 0 {
		options.KnownCategories = audit.Categories
	}
	name := cmp.Or(options.Name, path)
	reasons := map[string]int{}
	costs := &CostReport{}
	report, err := readFile(ctx, options.file(path), func(row *Row, into *readTaskRow) error {
		into.filtered, into.textless = row.Get(filteredField), nil
		if options.Textless != nil && row.Get(requestsField) != "" {
			entry, err := readTextless(row, into.filtered != "")
			if err != nil {
				return err
			}
			into.textless = &entry
		}
		if into.filtered != "" {
			return nil
		}
		err := readTask(row, name, &options, &into.task)
		if err == nil && options.Protect != nil {
			options.Protect(&into.task)
		}
		return err
	}, true, func(row readTaskRow) (Outcome, error) {
		if row.textless != nil {
			options.Textless(*row.textless)
		}
		if row.filtered != "" {
			reasons[row.filtered]++
			return Filtered, nil
		}
		return costs.emit(row.task, emit)
	})
	report.Costs = costs
	if len(reasons) > 0 {
		report.FilteredReasons = reasons
	}
	return report, err
}

// A readTaskRow is a task, or why a record of an export is none.
type readTaskRow struct {
	task     audit.Task
	filtered string
	textless *audit.SpendEntry // for [Options.Textless]
}

// readTextless reads a gateway's request as spend.
func readTextless(row *Row, textless bool) (audit.SpendEntry, error) {
	if textless {
		return readSpend(row)
	}
	entry := audit.SpendEntry{
		Model: strings.TrimSpace(row.Get("model")), Provider: strings.TrimSpace(row.Get("provider")),
		Spend: audit.Spend{Requests: new(int64), InputTokens: new(int64), CachedTokens: new(int64), OutputTokens: new(int64), ReasoningTokens: new(int64), Cost: new(audit.NanoUSD)},
	}
	var err error
	entry.Start, err = row.time("timestamp")
	return entry, err
}

func (o Options) file(path string) File {
	return File{
		Path: path, Fields: taskFields, Map: o.Map, Format: o.Format, Rates: o.Rates, DateFormat: o.DateFormat, Decimal: o.Decimal,
		Progress: o.Progress, Query: o.Query, Traces: o.Traces, Name: o.Name, Redact: o.Redact, tasks: true,
	}
}

func readTask(row *Row, path string, options *Options, task *audit.Task) error {
	*task = audit.Task{
		ID:        strings.TrimSpace(row.Get("id")),
		Team:      strings.TrimSpace(row.Get("team")),
		User:      strings.TrimSpace(row.Get("user")),
		Model:     strings.TrimSpace(row.Get("model")),
		Provider:  strings.TrimSpace(row.Get("provider")),
		System:    row.Get("system"),
		Prompt:    row.Get("prompt"),
		Response:  row.Get("response"),
		Reference: row.Get("reference"),
		FinalText: row.Get("final_text"),
		Tags:      readTags(row.Get("tags")),
		Cluster:   strings.TrimSpace(row.Get("cluster")),
		Metadata:  row.Extra,
		Origin:    audit.Origin{File: path, Line: row.Line, RowSHA256: row.SHA256},
	}
	if err := readConversation(row, task); err != nil {
		return err
	}
	unifyLineBreaks(task)
	if strings.TrimSpace(task.Prompt) == "" {
		return row.Reject("prompt", "is empty", "every task needs a prompt")
	}
	if task.ID == "" {
		const digits = 24 // 96 bits: no two rows of a log meet by chance
		task.ID = audit.RowIDPrefix + row.SHA256[:digits]
	}
	var err error
	if task.Timestamp, err = row.time("timestamp"); err != nil {
		return err
	}
	category := options.Category
	if category == "" {
		if category, err = ReadCategory(row, options.KnownCategories); err != nil {
			return err
		}
	}
	if category != "" {
		task.Category, task.CategorySource, task.Probability = category, audit.CategoryFromLog, 1
	}
	measured, err := ReadMeasured(row)
	if err != nil {
		return err
	}
	task.Tokens, task.Cost, task.LatencyMS, task.TTFTMS = measured.Tokens, measured.Cost, measured.LatencyMS, measured.TTFTMS
	priceTask(row, task, options.Prices)
	return nil
}

// unifyLineBreaks makes the line breaks of Windows plain ones, as reading CSV and Excel
// does it by their rules: the same log in another format is to give the same texts.
func unifyLineBreaks(task *audit.Task) {
	for _, text := range []*string{&task.System, &task.Prompt, &task.Response, &task.Reference, &task.FinalText} {
		*text = plainLineBreaks(*text)
	}
	for i := range task.Conversation {
		turn := &task.Conversation[i]
		turn.Content = plainLineBreaks(turn.Content)
	}
}

func plainLineBreaks(text string) string {
	if strings.IndexByte(text, '\r') < 0 { // which takes no time in a log of a gigabyte
		return text
	}
	return strings.ReplaceAll(text, "\r\n", "\n")
}

// readConversation makes messages of a prompt that is a request as JSON, and of the
// conversation before it.
func readConversation(row *Row, task *audit.Task) error {
	if text := row.Get("conversation"); text != "" {
		turns, ok := textJSON(text)
		if !ok || !allMessages(turns) {
			return row.Reject("conversation", "is no list of messages", `write it like [{"role":"user","content":"…"}]`)
		}
		task.Conversation = plainTurns(turns)
	}
	if row.table.translator != nil {
		return nil // is read already
	}
	request, ok := looksLikeChat(task.Prompt)
	if !ok {
		return nil
	}
	c := readChat(request)
	if strings.TrimSpace(c.prompt) == "" {
		return nil
	}
	task.Prompt = c.prompt
	task.System = cmp.Or(task.System, c.system)
	task.Response = cmp.Or(task.Response, c.answer)
	task.Conversation = append(task.Conversation, c.conversation...)
	return nil
}

// plainTurns are the turns of a list of messages in their order.
func plainTurns(list gjson.Result) []audit.Message {
	var c chat
	c.request(list, 0)
	return c.conversation
}

// ReadCategory reads the field category without regard to case; empty where the
// row has none. One that is not known gives an [*audit.RowError] with the known
// ones. With none known every category is taken as it is.
func ReadCategory(row *Row, known []audit.Category) (audit.Category, error) {
	text := strings.TrimSpace(row.Get("category"))
	if text == "" || len(known) == 0 {
		return audit.Category(text), nil
	}
	for _, category := range known {
		if strings.EqualFold(string(category), text) {
			return category, nil
		}
	}
	names := make([]string, len(known))
	for i, category := range known {
		names[i] = string(category)
	}
	return "", row.Reject("category", fmt.Sprintf("%q is not a known category", shorten(text)),
		"choose "+strings.Join(names, ", ")+", or leave it empty")
}

// readTags reads a JSON list, or tags divided by semicolons, bars or commas.
func readTags(text string) []string {
	text = strings.TrimSpace(text)
	if text == "" || text == "[]" {
		return nil
	}
	var tags []string
	if text[0] == '[' && json.Unmarshal([]byte(text), &tags) == nil {
		return tags
	}
	if text[0] == '{' && text[len(text)-1] == '}' { // a list as PostgreSQL writes it
		text = text[1 : len(text)-1]
	}
	for tag := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '|' || r == ',' }) {
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}
