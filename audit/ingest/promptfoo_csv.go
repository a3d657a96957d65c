package ingest

import (
	"regexp"
	"slices"
)

// A promptfooGroup is the columns of one provider and prompt in promptfoo's CSV: the
// answer under "[provider] label", then Status, Score, Named Scores, Grader Reason and
// Comment. Variables stand before the first group.
type promptfooGroup struct {
	at              int // of the answer
	provider, label string
}

var (
	promptfooHead = regexp.MustCompile(`(?s)^(?:\[([^\]\n]+)\] )?(.+)$`)
	// promptfooFile is what a label of a prompt from a file begins with.
	promptfooFile = regexp.MustCompile(`^[\w./\\-]+\.(?:txt|md|json|jsonl|ya?ml|j2|csv|js|ts|py): `)
	// promptfooSlot is the place of a variable in a prompt.
	promptfooSlot = regexp.MustCompile(`\{\{\s*([\w.-]+)\s*\}\}`)
)

// promptfooGroups finds the groups in a header; none where it is another table's.
func promptfooGroups(header []string) (groups []promptfooGroup) {
	for i := 0; i+3 < len(header); i++ {
		if header[i+1] != "Status" || header[i+2] != "Score" || !slices.Contains(header[i+3:min(i+5, len(header))], "Grader Reason") {
			continue
		}
		if head := promptfooHead.FindStringSubmatch(header[i]); head != nil {
			groups = append(groups, promptfooGroup{i, head[1], head[2]})
		}
	}
	return groups
}

// draftPromptfooRow makes a task of each provider's answer to a row. The table has a
// prompt as its label only, into which the row's variables are put.
func draftPromptfooRow(r *record, groups []promptfooGroup) []*draft {
	variables := map[string]string{}
	for i, name := range r.header[:groups[0].at] {
		if name != "Description" {
			variables[name] = r.cells[i]
		}
	}
	var drafts []*draft
	for i, group := range groups {
		end := len(r.header)
		if i+1 < len(groups) {
			end = groups[i+1].at
		}
		if drafts = append(drafts, group.draft(r, end, variables)); len(groups) > 1 {
			drafts[i].set("cluster", "promptfoo-"+r.sum(0)[:12], "the row")
		}
	}
	return drafts
}

func (g promptfooGroup) draft(r *record, end int, variables map[string]string) *draft {
	d := newDraft()
	d.provider(g.provider, "the header")
	prompt, complete := renderPromptfoo(promptfooFile.ReplaceAllString(g.label, ""), variables)
	d.set("prompt", prompt, "the header and its variables")
	failed := r.cells[g.at+1] == "ERROR"
	if !failed { // else the answer is what went wrong
		d.set("response", r.cells[g.at], "[provider] prompt")
	}
	for i := g.at + 1; i < min(end, g.at+6); i++ {
		d.note(r.header[i], r.cells[i])
	}
	for name, value := range variables {
		d.note(name, value)
	}
	switch {
	case r.cells[g.at] == "" && r.cells[g.at+1] == "":
		d.filtered = "results that a provider does not have"
	case failed:
		d.filtered = "failed requests"
	case !complete:
		d.filtered = "results whose prompt the table has a name of only; promptfoo's JSON has the prompts"
	}
	return d
}

// renderPromptfoo puts variables into a prompt. It is not complete where the prompt
// takes something that the table does not have, or none of the variables: then the
// label is a name and not the prompt.
func renderPromptfoo(label string, variables map[string]string) (prompt string, complete bool) {
	used, missing := 0, false
	prompt = promptfooSlot.ReplaceAllStringFunc(label, func(slot string) string {
		value, known := variables[promptfooSlot.FindStringSubmatch(slot)[1]]
		if !known {
			missing = true
			return slot
		}
		used++
		return value
	})
	return prompt, !missing && (used > 0 || len(variables) == 0)
}
