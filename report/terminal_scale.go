package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"modeltrial/eval"
)

// ScalePlan writes what a pilot of many tasks takes, where it belongs and what that
// rests on.
func ScalePlan(w io.Writer, plan eval.ScalePlan, style Style) error {
	p := &page{style: style}
	from := "modeltrial.yaml"
	if plan.Locked {
		from = "the locked protocol"
	}
	p.say(Plain, "", fmt.Sprintf("Pilot %q by %s, at %s", plan.Pilot, from, counted(plan.Tasks, "task", "tasks")))
	p.gap()
	p.scaleWork(plan)
	p.scaleHours(plan)
	p.scaleSizes(plan)
	p.gap()
	p.say(Plain, "  ", fmt.Sprintf("advice: %s. %s", plan.Advice.Database, sentences(plan.Advice.Reasons)))
	p.gap()
	for _, texts := range plan.Texts {
		p.say(Dim, "  ", scaleTexts(texts))
	}
	for _, measure := range plan.Measured {
		p.say(Dim, "    ", fmt.Sprintf("%s: %s; %s on %s, %s", measure.What, measure.Figure, measure.Date, measure.Machine, measure.Command))
	}
	return p.flush(w)
}

// decides says in words what decides.
var decides = map[string]string{
	eval.ScaleByLimit:    "the limit above",
	eval.ScaleByWorker:   "what the workers can do",
	eval.ScaleByDatabase: "what the database can write",
}

func limitText(limit eval.ScaleLimit) string {
	what := map[string]string{"requests_per_minute": "requests a minute", "tokens_per_minute": "tokens a minute", "concurrency": "calls in flight"}[limit.Kind]
	at := ""
	if limit.Provider != "" {
		at = fmt.Sprintf(" at provider %q", limit.Provider)
	}
	return fmt.Sprintf("%s %s%s", Count(limit.Value), what, at)
}

// scaleWork writes what is to be done and what it costs.
func (p *page) scaleWork(plan eval.ScalePlan) {
	p.say(Plain, "  ", fmt.Sprintf("%s of arms, %s of judges, %s", counted(plan.Calls, "call", "calls"), Count(plan.JudgeCalls),
		counted(plan.Comparisons, "comparison", "comparisons")))
	p.say(Plain, "  ", fmt.Sprintf("%s by people: %s hours of their time", counted(plan.Ratings, "rating", "ratings"), hoursText(plan.RaterHours)))
	if plan.Expected == nil {
		p.say(Warning, "  ", "! cost not known: "+plan.WhyMissing["expected_usd"])
	} else {
		p.say(Plain, "  ", fmt.Sprintf("cost: %s expected, %s at worst, each call made once", Money(*plan.Expected), Money(*plan.WorstCase)))
	}
}

// scaleHours writes how long it takes.
func (p *page) scaleHours(plan eval.ScalePlan) {
	p.gap()
	if len(plan.Providers) > 0 {
		var rows [][]Cell
		for _, of := range plan.Providers {
			rows = append(rows, Cells(of.Name, Count(of.Calls), Count(int(of.Tokens/1e6)), optionalHours(of.ByRequests), optionalHours(of.ByTokens), optionalHours(of.ByInFlight)))
		}
		p.table([]Column{
			{Name: "provider"},
			{Name: "calls", Right: true, Fixed: true},
			{Name: "M tokens", Right: true, Fixed: true},
			{Name: "h by requests/min", Right: true, Fixed: true},
			{Name: "by tokens/min", Right: true, Fixed: true},
			{Name: "by concurrency", Right: true, Fixed: true},
		}, rows)
	}
	if plan.Hours == nil {
		p.say(Plain, "  ", "no limit: "+plan.WhyMissing["hours"])
	} else {
		p.say(Plain, "  ", fmt.Sprintf("at least %s hours: %s", hoursText(*plan.Hours), limitText(*plan.Limit)))
	}
	if plan.InFlight != nil {
		p.say(Plain, "  ", fmt.Sprintf("%s in flight use the limits of requests and tokens up", counted(max(int(*plan.InFlight+0.5), 1), "call", "calls")))
	}
	p.gap()
	var rows [][]Cell
	for _, of := range plan.Workers {
		rows = append(rows, Cells(Count(of.Workers), hoursText(of.SQLite), decides[of.SQLiteLimit], hoursText(of.PostgreSQL), decides[of.PostgreSQLLimit]))
	}
	p.table([]Column{
		{Name: "workers", Right: true, Fixed: true},
		{Name: "h on SQLite", Right: true, Fixed: true},
		{Name: "what decides"},
		{Name: "h on PostgreSQL", Right: true, Fixed: true},
		{Name: "what decides"},
	}, rows)
}

// scaleSizes writes what is stored, and the memory.
func (p *page) scaleSizes(plan eval.ScalePlan) {
	p.gap()
	columns := []Column{{Name: "table"}, {Name: "rows", Right: true, Fixed: true}}
	var rows [][]Cell
	total := Cells("all, indexes included", "")
	for i, database := range plan.Databases {
		columns = append(columns, Column{Name: "bytes/row", Right: true, Fixed: true}, Column{Name: database.Name, Right: true, Fixed: true})
		total = append(total, Cells("", bytesText(database.Bytes))...)
		for _, table := range database.Tables {
			at := slices.IndexFunc(rows, func(row []Cell) bool { return row[0].Text == table.Name })
			if at < 0 {
				at = len(rows)
				rows = append(rows, append(Cells(table.Name, Count(table.Rows)), make([]Cell, 2*len(plan.Databases))...))
			}
			rows[at][2+2*i].Text = Count(int(table.PerRow + 0.5))
			rows[at][3+2*i].Text = bytesText(table.Bytes)
		}
	}
	p.table(columns, append(rows, total))
	p.say(Plain, "  ", fmt.Sprintf("memory: %s for each worker, %s for pilot lock, %s for analyze",
		bytesText(plan.Memory.Worker), bytesText(plan.Memory.Lock), bytesText(plan.Memory.Analyze)))
}

// scaleTexts says what the lengths of a category rest on.
func scaleTexts(texts eval.ScaleTexts) string {
	from := "assumed, as no task of it is logged"
	if texts.Sampled > 0 {
		from = fmt.Sprintf("as in %s of the log", counted(texts.Sampled, "task", "tasks"))
	}
	latency := "as logged"
	if texts.LatencyReckoned {
		latency = "reckoned from the length of an answer"
	}
	return fmt.Sprintf("%s: %s; a task has %s bytes of text and an answer %s, %s; a call takes %s, %s", texts.Category, counted(texts.Tasks, "task", "tasks"),
		Count(texts.Stored), Count(texts.Answer), from, Milliseconds(texts.LatencyMS), latency)
}

// sentences joins reasons, each with a capital letter.
func sentences(reasons []string) string {
	parts := make([]string, len(reasons))
	for i, reason := range reasons {
		parts[i] = strings.ToUpper(reason[:1]) + reason[1:] + "."
	}
	return strings.Join(parts, " ")
}

// hoursText writes hours to the whole, short spans to two digits.
func hoursText(hours float64) string {
	switch {
	case !finite(hours):
		return unknown
	case hours < 9.95:
		return strconv.FormatFloat(hours, 'g', 2, 64)
	}
	return Count(int(hours + 0.5))
}

func optionalHours(hours *float64) string {
	if hours == nil {
		return unknown
	}
	return hoursText(*hours)
}

// bytesText writes a size to three digits, in powers of 1,000.
func bytesText(n int64) string {
	size, unit := float64(n), 0
	for size >= 999.5 && unit < 4 {
		size /= 1000
		unit++
	}
	return strconv.FormatFloat(size, 'g', 3, 64) + " " + [...]string{"B", "kB", "MB", "GB", "TB"}[unit]
}
