package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
)

// A PreviewTask is a task of a log that was looked into, as JSON.
type PreviewTask struct {
	ID           string          `json:"id"`
	Timestamp    *time.Time      `json:"timestamp"` // null where unknown
	Team         string          `json:"team,omitempty"`
	User         string          `json:"user,omitempty"`
	Model        string          `json:"model"`
	Provider     string          `json:"provider,omitempty"`
	System       string          `json:"system,omitempty"`
	Conversation []audit.Message `json:"conversation,omitempty"`
	Prompt       string          `json:"prompt"`
	Response     string          `json:"response,omitempty"`
	Category     audit.Category  `json:"category,omitempty"`
	audit.Tokens
	CostUSD   *float64          `json:"cost_usd"`
	LatencyMS *int64            `json:"latency_ms"`
	TTFTMS    *int64            `json:"ttft_ms"`
	Tags      []string          `json:"tags,omitempty"`
	Cluster   string            `json:"cluster,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
}

// PreviewTasks makes documents of tasks.
func PreviewTasks(tasks []audit.Task) []PreviewTask {
	list := make([]PreviewTask, len(tasks))
	for i, task := range tasks {
		list[i] = PreviewTask{
			ID: task.ID, Team: task.Team, User: task.User, Model: task.Model, Provider: task.Provider, System: task.System,
			Conversation: task.Conversation, Prompt: task.Prompt, Response: task.Response, Category: task.Category, Tokens: task.Tokens,
			CostUSD: dollars(task.Cost), LatencyMS: task.LatencyMS, TTFTMS: task.TTFTMS, Tags: task.Tags, Cluster: task.Cluster, Metadata: task.Metadata,
		}
		if !task.Timestamp.IsZero() {
			list[i].Timestamp = &task.Timestamp
		}
	}
	return list
}

// A PreviewSpend is an entry of a provider's account, as JSON.
type PreviewSpend struct {
	Start    time.Time `json:"start"`
	Model    string    `json:"model"`
	Provider string    `json:"provider,omitempty"`
	audit.Spend
	CostUSD *float64 `json:"cost_usd"`
}

// PreviewSpends makes documents of entries.
func PreviewSpends(entries []audit.SpendEntry) []PreviewSpend {
	list := make([]PreviewSpend, len(entries))
	for i, entry := range entries {
		list[i] = PreviewSpend{entry.Start, entry.Model, entry.Provider, entry.Spend, dollars(entry.Cost)}
	}
	return list
}

// Imported writes what became of a log's rows.
func Imported(out io.Writer, read ingest.FileReport) {
	fmt.Fprintf(out, "%s: %s rows: %s imported, %s already there, %s rejected", line(read.File),
		Count(read.Rows), Count(read.Imported), Count(read.Duplicates+read.Completed), Count(read.Rejected))
	if read.Filtered > 0 {
		fmt.Fprintf(out, ", %s are no tasks", Count(read.Filtered))
	}
	fmt.Fprintln(out)
	if read.Completed > 0 {
		fmt.Fprintf(out, "  %s of those already there got values that they were without\n", Count(read.Completed))
	}
	recognised(out, read)
	if read.OldRejectsFile != "" {
		fmt.Fprintf(out, "  the rejects of an earlier import are in %s now\n", read.OldRejectsFile)
	}
}

// recognised writes what a log was read as.
func recognised(out io.Writer, read ingest.FileReport) {
	as := []string{read.Format}
	for _, part := range []string{read.Container, read.Compression, read.Encoding} {
		if part != "" {
			as = append(as, part)
		}
	}
	what := ""
	if read.Kind == "spend" {
		what = ", a spend baseline"
	}
	fmt.Fprintf(out, "  read as %s%s: %s\n", strings.Join(as, ", "), what, mappedText(read.Mapped))
	if len(read.NotRead) > 0 {
		const most = 12
		list := make([]string, 0, most)
		for _, column := range read.NotRead[:min(most, len(read.NotRead))] {
			list = append(list, line(column))
		}
		more := ""
		if len(read.NotRead) > most {
			more = fmt.Sprintf(" and %d more", len(read.NotRead)-most)
		}
		fmt.Fprintf(out, "  not read, kept as metadata: %s%s\n", strings.Join(list, ", "), more)
	}
	for _, note := range read.Notes {
		fmt.Fprintf(out, "  %s\n", line(note))
	}
	for _, reason := range slices.Sorted(maps.Keys(read.FilteredReasons)) {
		fmt.Fprintf(out, "  no tasks: %s %s\n", Count(read.FilteredReasons[reason]), line(reason))
	}
	if read.TextlessRequests > 0 && read.TextlessUSD != nil {
		fmt.Fprintf(out, "  %s without a text, of %s: the audit counts them as spend\n", counted(int(read.TextlessRequests), "request", "requests"), Money(*read.TextlessUSD))
	}
	for _, warning := range read.Warnings {
		fmt.Fprintf(out, "  ! %s\n", line(warning))
	}
}

// mappedText lists fields with the columns they come from.
func mappedText(mapped map[string]string) string {
	var parts []string
	for field, column := range mapped {
		if field == column {
			parts = append(parts, field)
			continue
		}
		parts = append(parts, field+" from "+line(column))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// Preview writes what a log was recognised as, with its first tasks.
func Preview(out io.Writer, p ingest.Preview) {
	read := p.Report
	fmt.Fprintf(out, "%s: of the first %s rows %s can be imported, %s would be rejected, %s are no tasks\n", line(read.File),
		Count(read.Rows), Count(read.Imported), Count(read.Rejected), Count(read.Filtered))
	recognised(out, read)
	for _, reason := range read.Reasons {
		fmt.Fprintf(out, "  rejected: %s\n", line(reason))
	}
	for i, task := range p.Tasks {
		fmt.Fprintf(out, "  %d. %s\n", i+1, strings.Join(taskFacts(task), " · "))
		if len(task.Conversation) > 0 {
			fmt.Fprintf(out, "     after %s\n", counted(len(task.Conversation), "turn", "turns"))
		}
		fmt.Fprintf(out, "     prompt: %s\n", clip(task.Prompt))
		if task.Response != "" {
			fmt.Fprintf(out, "     response: %s\n", clip(task.Response))
		}
	}
	for i, entry := range p.Spend {
		facts := []string{entry.Start.Format(time.DateOnly), line(entry.Model)}
		if entry.Requests != nil {
			facts = append(facts, fmt.Sprintf("%d requests", *entry.Requests))
		}
		if entry.Cost != nil {
			facts = append(facts, entry.Cost.String())
		}
		fmt.Fprintf(out, "  %d. %s\n", i+1, strings.Join(facts, " · "))
	}
}

// taskFacts are what is known of a task beside its texts.
func taskFacts(task audit.Task) []string {
	facts := []string{line(task.ID)}
	if !task.Timestamp.IsZero() {
		facts = append(facts, task.Timestamp.Format(time.RFC3339))
	}
	for _, text := range []string{task.Model, task.Team, string(task.Category)} {
		if text != "" {
			facts = append(facts, line(text))
		}
	}
	if task.Tokens.Input != nil || task.Tokens.Output != nil {
		facts = append(facts, fmt.Sprintf("%s tokens in, %s out", whole(task.Tokens.Input), whole(task.Tokens.Output)))
	}
	if task.Cost != nil {
		facts = append(facts, task.Cost.String())
	}
	if task.LatencyMS != nil {
		facts = append(facts, fmt.Sprintf("%d ms", *task.LatencyMS))
	}
	return facts
}

func whole(n *int64) string {
	if n == nil {
		return unknown
	}
	return Count(int(*n))
}

// clip is the beginning of a text on one line.
func clip(text string) string {
	const most = 100
	runes := []rune(line(text))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most]) + "…"
}
