package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// exportLangChain writes a Python module whose chat_model gives the model of a category.
func exportLangChain(w io.Writer, plan exportPlan) error {
	usage := []string{
		"Callers pass the task's category to chat_model: chat_model(\"CATEGORY\").invoke(messages).",
		"Needs langchain, and langchain-openai or langchain-anthropic for the arms below.",
		"Keys are read from the environment variables named in KEYS; no key stands in this file.",
	}
	if err := plan.writeComment(w, usage...); err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("import os\n\nfrom langchain.chat_models import init_chat_model\n\n# The arm of each category.\nROUTES = {\n")
	for _, r := range plan.routes {
		fmt.Fprintf(&b, "    %s: %s,\n", python(r.category), python(plan.targets[r.target].slug))
	}
	b.WriteString("}\n\n# The arm of any other category: the one that was in use, or None to refuse.\n")
	if plan.fallback >= 0 {
		fmt.Fprintf(&b, "DEFAULT = %s\n", python(plan.targets[plan.fallback].slug))
	} else {
		b.WriteString("DEFAULT = None\n")
	}
	b.WriteString("\nARMS = {\n")
	for _, t := range plan.targets {
		fmt.Fprintf(&b, "    %s: {\"model\": %s, \"model_provider\": %s", python(t.slug), python(t.Model), python(t.family()))
		base := t.base()
		if t.family() == "anthropic" {
			base = strings.TrimSuffix(base, "/v1") // its client adds it
		}
		if base != "" {
			fmt.Fprintf(&b, ", \"base_url\": %s", python(base))
		}
		for _, field := range t.fields() {
			name := field.name
			if name == t.maxTokensField() {
				name = "max_tokens"
			}
			if text, ok := field.value.(string); ok {
				fmt.Fprintf(&b, ", %q: %s", name, python(text))
			} else {
				fmt.Fprintf(&b, ", %q: %v", name, field.value)
			}
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n\n# The environment variable that has the key of an arm; None where it needs none.\nKEYS = {\n")
	for _, t := range plan.targets {
		variable := "None"
		if name := t.keyVariable(); name != "" {
			variable = python(name)
		}
		fmt.Fprintf(&b, "    %s: %s,\n", python(t.slug), variable)
	}
	b.WriteString(`}


def chat_model(category, **overrides):
    """The chat model that answers a task of the category."""
    arm = ROUTES.get(category, DEFAULT)
    if arm is None:
        raise KeyError(f"no route for category {category!r}")
    variable = KEYS[arm]
    key = "none" if variable is None else os.environ[variable]
    return init_chat_model(**{**ARMS[arm], "api_key": key, **overrides})
`)
	_, err := io.WriteString(w, b.String())
	return err
}

// python is text as a literal of Python: every escape that Go writes for ASCII is one
// of Python's.
func python(text string) string { return strconv.QuoteToASCII(text) }
