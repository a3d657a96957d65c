package report

import (
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"modeltrial/eval"
)

// exportYAML writes the table's JSON document as YAML: the same names, the same
// order, the same nulls.
func exportYAML(w io.Writer, table eval.RoutingTable) error {
	document, err := json.Marshal(table)
	if err != nil {
		return err
	}
	var ordered any
	if err := yaml.UnmarshalWithOptions(document, &ordered, yaml.UseOrderedMap()); err != nil {
		return err
	}
	return writeYAML(w, asYAMLText(ordered))
}

// asYAMLText makes every text of a document a yamlText. The names of fields are plain
// words.
func asYAMLText(value any) any {
	switch v := value.(type) {
	case string:
		return yamlText(v)
	case []any:
		for i := range v {
			v[i] = asYAMLText(v[i])
		}
	case yaml.MapSlice:
		for i := range v {
			v[i].Value = asYAMLText(v[i].Value)
		}
	}
	return value
}

// A yamlText is text that readers of YAML 1.1 and of YAML 1.2 take for the same text.
// The two disagree on what is a number, a truth value, a time or a merge key, so that
// all but plain words and addresses is quoted, with the escapes that both know.
type yamlText string

// plainYAML is what needs no quotes in either.
var plainYAML = regexp.MustCompile(`^(https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?(/[A-Za-z0-9._/-]*)?|[A-Za-z][A-Za-z0-9._/-]*)$`)

// wordsYAML are the words that YAML 1.1 takes for something other than text.
var wordsYAML = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// MarshalYAML writes the text so that it is read as text.
func (t yamlText) MarshalYAML() ([]byte, error) {
	if plainYAML.MatchString(string(t)) && !slices.Contains(wordsYAML, strings.ToLower(string(t))) {
		return []byte(t), nil
	}
	return []byte(strconv.Quote(string(t))), nil
}

// writeYAML writes documents of a file one after the other.
func writeYAML(w io.Writer, documents ...any) error {
	for i, document := range documents {
		content, err := yaml.MarshalWithOptions(document, yaml.IndentSequence(true))
		if err != nil {
			return err
		}
		if i > 0 {
			content = append([]byte("---\n"), content...)
		}
		if _, err := w.Write(content); err != nil {
			return err
		}
	}
	return nil
}
