package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

type bifrostFile struct {
	Providers  map[string]*bifrostProvider `json:"providers"`
	Governance bifrostGovernance           `json:"governance"`
}

type bifrostProvider struct {
	Keys    []bifrostKey    `json:"keys"`
	Network *bifrostNetwork `json:"network_config,omitempty"`
	Custom  *bifrostCustom  `json:"custom_provider_config,omitempty"`
}

type bifrostKey struct {
	Name   string   `json:"name"`
	Value  string   `json:"value"`
	Models []string `json:"models"`
	Weight int      `json:"weight"`
}

type bifrostNetwork struct {
	BaseURL string `json:"base_url"`
}

type bifrostCustom struct {
	Base    string            `json:"base_provider_type"`
	KeyLess bool              `json:"is_key_less,omitempty"`
	Paths   map[string]string `json:"request_path_overrides,omitempty"`
}

type bifrostGovernance struct {
	Rules []bifrostRule `json:"routing_rules"`
}

type bifrostRule struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Enabled     bool            `json:"enabled"`
	Expression  string          `json:"cel_expression"`
	Targets     []bifrostTarget `json:"targets"`
	Scope       string          `json:"scope"`
	Priority    int             `json:"priority"` // the least goes first
}

type bifrostTarget struct {
	Provider string  `json:"provider"`
	Model    string  `json:"model"`
	Weight   float64 `json:"weight"` // those of a rule sum to 1
}

// exportBifrost writes the providers and the routing rules of a Bifrost config.json. It
// has no place for a comment, so that each rule's description says what it was made
// from and how callers pass the category.
func exportBifrost(w io.Writer, plan exportPlan) error {
	file := bifrostFile{Providers: map[string]*bifrostProvider{}}
	names := make([]string, len(plan.targets))
	slugs := slugger{"openai": true, "anthropic": true}
	custom := map[string]string{} // the name here of a provider of modeltrial.yaml
	for i, t := range plan.targets {
		names[i] = t.family()
		if t.missing != "" {
			continue
		}
		if base := t.base(); base != "" {
			if custom[t.Provider.Name] == "" {
				custom[t.Provider.Name] = slugs.of(t.Provider.Name, "provider")
			}
			names[i] = custom[t.Provider.Name]
		}
		bifrostAdd(file.Providers, names[i], t)
	}
	head := plan.head()
	if plan.fallback >= 0 {
		head = append(head, fmt.Sprintf("Requests without the header go to the model that they ask for: ask for %s/%s, the one that was in use.", names[plan.fallback], plan.targets[plan.fallback].Model))
	}
	for _, note := range plan.warnings() {
		head = append(head, "! "+note+".")
	}
	for i, r := range plan.routes {
		value := headerValue(r.category)
		t := plan.targets[r.target]
		about := []string{plan.evidence(r) + ".", fmt.Sprintf("Callers pass the header %s: %s.", taskHeader, value)}
		if moves := moveNote(r); moves != "" {
			about = append(about, moves)
		}
		if t.missing != "" {
			about = append(about, fmt.Sprintf("FILL IN the endpoint of %s: %s.", t.arm, t.missing))
		}
		file.Governance.Rules = append(file.Governance.Rules, bifrostRule{
			ID: "modeltrial-" + r.slug, Name: "modeltrial: " + r.slug, Enabled: true, Scope: "global", Priority: i,
			Description: line(strings.Join(slices.Concat(about, head), " ")),
			Expression:  fmt.Sprintf(`%[1]q in headers && headers[%[1]q] == %[2]s`, taskHeader, strconv.QuoteToASCII(value)),
			Targets:     []bifrostTarget{{Provider: names[r.target], Model: t.Model, Weight: 1}},
		})
	}
	return JSON(w, file)
}

// bifrostAdd adds a target's provider, or its model to the key that the provider has.
func bifrostAdd(providers map[string]*bifrostProvider, name string, t exportTarget) {
	provider := providers[name]
	if provider == nil {
		provider = &bifrostProvider{Keys: []bifrostKey{}}
		providers[name] = provider
	}
	if base := t.base(); base != "" {
		provider.Custom = &bifrostCustom{Base: t.family(), KeyLess: t.keyVariable() == ""}
		// Bifrost adds v1 and the path itself.
		shorter, versioned := strings.CutSuffix(base, "/v1")
		provider.Network = &bifrostNetwork{BaseURL: shorter}
		if !versioned {
			provider.Custom.Paths = map[string]string{"chat_completion": "/chat/completions", "chat_completion_stream": "/chat/completions"}
		}
	}
	variable := t.keyVariable()
	if variable == "" {
		return
	}
	i := slices.IndexFunc(provider.Keys, func(k bifrostKey) bool { return k.Name == variable })
	if i < 0 {
		i = len(provider.Keys)
		provider.Keys = append(provider.Keys, bifrostKey{Name: variable, Value: "env." + variable, Weight: 1})
	}
	if !slices.Contains(provider.Keys[i].Models, t.Model) {
		provider.Keys[i].Models = append(provider.Keys[i].Models, t.Model)
	}
}
