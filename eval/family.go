package eval

import "strings"

// families are the makers' model families by parts of model names.
var families = []struct {
	name  string
	parts []string
}{
	{"openai", []string{"openai", "gpt", "o1", "o3", "o4", "codex", "davinci"}},
	{"anthropic", []string{"anthropic", "claude"}},
	{"google", []string{"google", "gemini", "gemma", "palm", "bard"}},
	{"mistral", []string{"mistral", "mixtral", "ministral", "magistral", "codestral", "devstral"}},
	{"deepseek", []string{"deepseek"}},
	{"xai", []string{"xai", "grok"}},
	{"meta", []string{"meta", "llama"}},
	{"alibaba", []string{"alibaba", "qwen", "qwq"}},
	{"cohere", []string{"cohere", "command"}},
	{"amazon", []string{"amazon", "nova", "titan"}},
	{"microsoft", []string{"microsoft", "phi"}},
	{"moonshot", []string{"moonshot", "kimi"}},
	{"zhipu", []string{"zhipu", "glm", "chatglm"}},
	{"minimax", []string{"minimax"}},
	{"ai21", []string{"ai21", "jamba"}},
	{"ibm", []string{"ibm", "granite"}},
	{"nvidia", []string{"nvidia", "nemotron"}},
}

// Family is the maker whose family a model's name tells, in lower case: a judge of an
// arm's family may prefer it. It is empty where the name does not tell. Words of a
// name are compared from their beginning, so that "gpt4" and "llama3" are found.
func Family(model string) string {
	words := strings.FieldsFunc(strings.ToLower(model), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	})
	for _, word := range words {
		for _, family := range families {
			for _, part := range family.parts {
				if rest, ok := strings.CutPrefix(word, part); ok && strings.Trim(rest, "0123456789vbk") == "" {
					return family.name
				}
			}
		}
	}
	return ""
}
