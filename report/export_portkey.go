package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

type portkeyConfig struct {
	About    []string        `json:"about"` // Portkey passes over it
	Strategy portkeyStrategy `json:"strategy"`
	Targets  []portkeyTarget `json:"targets"`
}

type portkeyStrategy struct {
	Mode       string             `json:"mode"`
	Conditions []portkeyCondition `json:"conditions"`
	Default    string             `json:"default,omitempty"`
}

type portkeyCondition struct {
	Query map[string]map[string]string `json:"query"`
	Then  string                       `json:"then"`
}

type portkeyTarget struct {
	Name       string         `json:"name"`
	Provider   string         `json:"provider"`
	APIKey     string         `json:"api_key"`
	CustomHost string         `json:"custom_host,omitempty"`
	Override   map[string]any `json:"override_params"`
}

// exportPortkey writes a Portkey configuration of the mode conditional, which routes by
// the request's metadata. It is ASCII alone, since it may be sent in a header.
func exportPortkey(w io.Writer, plan exportPlan) error {
	config := portkeyConfig{Strategy: portkeyStrategy{Mode: "conditional"}}
	for _, t := range plan.targets {
		target := portkeyTarget{Name: t.slug, Provider: t.family(), APIKey: "none", CustomHost: t.base(), Override: map[string]any{"model": t.Model}}
		if variable := t.keyVariable(); variable != "" {
			target.APIKey = "${" + variable + "}"
		}
		for _, field := range t.fields() {
			target.Override[field.name] = field.value
		}
		config.Targets = append(config.Targets, target)
	}
	for _, r := range plan.routes {
		config.Strategy.Conditions = append(config.Strategy.Conditions, portkeyCondition{
			Query: map[string]map[string]string{"metadata.task_category": {"$eq": r.category}},
			Then:  plan.targets[r.target].slug,
		})
	}
	usage := []string{
		"Callers pass the task's category in the header x-portkey-metadata: {\"task_category\": \"CATEGORY\"}.",
		"Send the configuration itself in the header x-portkey-config, as jq -ca 'del(.about)' FILE prints it, or store it in Portkey and send its id.",
		"A key stands as ${VARIABLE}, the environment variable that has it: envsubst puts it in. No key stands in this file.",
	}
	if plan.fallback >= 0 {
		config.Strategy.Default = plan.targets[plan.fallback].slug
		usage = append(usage, fmt.Sprintf("Requests without a known category go to %s, the one that was in use.", config.Strategy.Default))
	} else {
		usage = append(usage, "Requests without a known category are refused.")
	}
	config.About = slices.Concat(plan.about(), usage, plan.notKnown())
	var content bytes.Buffer
	if err := JSON(&content, config); err != nil {
		return err
	}
	_, err := w.Write(asciiJSON(content.Bytes()))
	return err
}

// del is the one character of ASCII that JSON lets stand as it is and a header does not.
const del = 0x7f

// asciiJSON writes what is not ASCII as escapes. In JSON it can stand only within
// strings.
func asciiJSON(text []byte) []byte {
	ascii := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r < utf8.RuneSelf && r != del:
			ascii = append(ascii, text[0])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			ascii = fmt.Appendf(ascii, `\u%04x\u%04x`, high, low)
		default:
			ascii = fmt.Appendf(ascii, `\u%04x`, r)
		}
		text = text[size:]
	}
	return ascii
}
