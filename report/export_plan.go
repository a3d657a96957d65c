package report

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"modeltrial/eval"
)

// An Endpoint is how a gateway reaches an arm, as the pilot did: the provider is
// empty where modeltrial.yaml no longer has it. A pipeline has the models of its Steps
// in place of all else.
type Endpoint struct {
	Model      string
	Provider   eval.Provider
	Parameters eval.Parameters
	Steps      []string
}

// An exportTarget is an arm that a gateway sends requests to.
type exportTarget struct {
	Endpoint

	arm     string
	slug    string // of small letters, digits and hyphens; no other target has it
	missing string // why the endpoint is not known; empty where it is
}

// An exportRoute sends a category to a target, by its index.
type exportRoute struct {
	eval.Route

	category string // as callers pass it
	slug     string // no other route has it
	target   int
	standIn  bool // the target is the model in use, since the arm is a pipeline
}

// An exportPlan is a routing table in the terms of gateways.
type exportPlan struct {
	table    eval.RoutingTable
	targets  []exportTarget
	routes   []exportRoute
	fallback int // the target for requests without a known category: the model in use, or -1
	// noFallback says why there is none, and left which routes are pipelines, a sentence
	// each.
	noFallback string
	left       []string
}

// newExportPlan resolves the arms of a routing table, which needs a route to a model at
// least.
func newExportPlan(table eval.RoutingTable, endpoints map[string]Endpoint) (exportPlan, error) {
	if len(table.Routes) == 0 {
		return exportPlan{}, fmt.Errorf("the routing table has no route")
	}
	plan := exportPlan{table: table, fallback: -1}
	at := map[string]int{}
	slugs := slugger{}
	target := func(arm, model string) int {
		if i, ok := at[arm]; ok {
			return i
		}
		next := exportTarget{Endpoint: endpoints[arm], arm: arm, slug: slugs.of(arm, "arm")}
		next.Model = cmp.Or(model, next.Model)
		for _, text := range []*string{&next.arm, &next.Model, &next.Parameters.ReasoningEffort, &next.Provider.Name, &next.Provider.BaseURL, &next.Provider.APIKeyEnv} {
			*text = strings.ToValidUTF8(*text, "�")
		}
		next.missing = noEndpoint(next.Provider)
		at[arm] = len(plan.targets)
		plan.targets = append(plan.targets, next)
		return at[arm]
	}
	categories, seen := slugger{}, map[string]bool{}
	for _, r := range table.Routes {
		category := strings.ToValidUTF8(string(r.Category), "�")
		if category == "" || seen[category] {
			return exportPlan{}, fmt.Errorf("two routes have the category %q, or it is empty; make the table anew: modeltrial route recommend", category)
		}
		seen[category] = true
		route := exportRoute{Route: r, category: category, slug: categories.of(category, "category"), standIn: len(r.Steps) > 0}
		if !route.standIn {
			route.target = target(r.Arm, r.Model)
		}
		plan.routes = append(plan.routes, route)
	}
	// The control keeps what nobody has tried to move. A route that keeps it names its
	// model; where every category switches the protocol does.
	control := table.Routes[0].Control
	known, ok := endpoints[control]
	switch i, routed := at[control]; {
	case routed:
		plan.fallback = i
	case len(known.Steps) > 0:
		plan.noFallback = fmt.Sprintf("the one in use, %s, is a pipeline (%s), which a gateway cannot call", control, strings.Join(known.Steps, ", then "))
	case ok && control != "":
		plan.fallback = target(control, known.Model)
	default:
		plan.noFallback = "every category switches, and the protocol no longer says what was in use"
	}
	return plan, plan.standIn()
}

// standIn sends the categories of pipelines to the model in use, or leaves them out where
// that is a pipeline, too: no gateway calls several models in turn.
func (p *exportPlan) standIn() error {
	routes := p.routes[:0]
	for _, r := range p.routes {
		if r.standIn {
			note := fmt.Sprintf("the route of %s to %s is NOT in this file: it is a pipeline (%s), and a gateway sends each request to one model; "+
				"call the steps from your own code, with the templates of modeltrial.yaml", r.category, r.Arm, strings.Join(r.Steps, ", then "))
			if p.fallback < 0 {
				p.left = append(p.left, line(note+". Until then keep this work off the gateway"))
				continue
			}
			r.target = p.fallback
			p.left = append(p.left, line(fmt.Sprintf("%s. Until then the file sends this work to %s, which was in use", note, p.targets[p.fallback].arm)))
		}
		routes = append(routes, r)
	}
	if p.routes = routes; len(routes) == 0 {
		return fmt.Errorf("every route is a pipeline, and a gateway sends each request to one model; the formats json, yaml and csv hold the whole table")
	}
	return nil
}

// noEndpoint says why the endpoint of a provider is not known, if it is not.
func noEndpoint(provider eval.Provider) string {
	switch provider.Kind {
	case eval.ProviderOpenAI, eval.ProviderAnthropic:
		return ""
	case eval.ProviderRecorded:
		return fmt.Sprintf("its answers are imported (provider %s), so modeltrial knows none", provider.Name)
	case eval.ProviderSimulated:
		return fmt.Sprintf("its answers are simulated (provider %s), so modeltrial knows none", provider.Name)
	}
	return "its provider is not in modeltrial.yaml"
}

// fillIn stands where the provider of a target is not known. No gateway has a provider
// of the name, so that it refuses and says where.
const fillIn = "FILL-IN-THE-PROVIDER"

// family is what gateways call the target's interface.
func (t exportTarget) family() string {
	switch {
	case t.missing != "":
		return fillIn
	case t.Provider.Kind == eval.ProviderAnthropic:
		return "anthropic"
	}
	return "openai"
}

// base is the address of a target's interface, v1 of Anthropic's included, or empty
// where it is the provider's own.
func (t exportTarget) base() string {
	if t.missing != "" || t.host() == "api.openai.com" || t.host() == "api.anthropic.com" {
		return ""
	}
	base := strings.TrimRight(t.Provider.BaseURL, "/")
	if t.Provider.Kind == eval.ProviderAnthropic {
		return strings.TrimSuffix(base, "/v1") + "/v1"
	}
	return base
}

// host is that of the target's address, empty where there is none.
func (t exportTarget) host() string {
	address, err := url.Parse(t.Provider.BaseURL)
	if err != nil {
		return ""
	}
	return address.Hostname()
}

// keyVariable names the environment variable of the key; empty where no key is needed.
func (t exportTarget) keyVariable() string {
	if t.missing != "" {
		return "FILL_IN_THE_KEY_VARIABLE"
	}
	return t.Provider.APIKeyEnv
}

// maxTokensField is the request's field for the longest answer.
func (t exportTarget) maxTokensField() string {
	if t.Provider.Kind == eval.ProviderAnthropic {
		return "max_tokens"
	}
	return cmp.Or(t.Provider.MaxTokensField, "max_completion_tokens")
}

// A requestField is a field of a chat request with its value.
type requestField struct {
	name  string
	value any
}

// fields are what the arm's requests asked in the pilot, by their names in a chat request.
// The longest answer is set only where the arm sets it: the caller knows its own needs.
func (t exportTarget) fields() []requestField {
	var fields []requestField
	p := t.Parameters
	if p.Temperature != nil {
		fields = append(fields, requestField{"temperature", *p.Temperature})
	}
	if p.TopP != nil {
		fields = append(fields, requestField{"top_p", *p.TopP})
	}
	if p.MaxOutputTokens != nil {
		fields = append(fields, requestField{t.maxTokensField(), *p.MaxOutputTokens})
	}
	if p.ReasoningEffort != "" {
		fields = append(fields, requestField{"reasoning_effort", p.ReasoningEffort})
	}
	return fields
}

// head says what a table was made from and when, a line each.
func (p exportPlan) head() []string {
	lines := []string{routingHead(p.table) + "."}
	if p.table.ProtocolSHA256 != "" {
		lines = append(lines, "Protocol SHA-256 "+line(p.table.ProtocolSHA256)+".")
	}
	lines = append(lines, "Decided "+p.table.DecidedAt.UTC().Format(time.RFC3339)+".")
	if notice := provenance(p.table.Provenance); notice != "" {
		lines = append(lines, sentence(notice))
	}
	return lines
}

// about is head with the evidence of each route and what callers have to know whatever
// the gateway.
func (p exportPlan) about() []string {
	lines := p.head()
	for _, r := range p.routes {
		lines = append(lines, p.evidence(r))
	}
	for _, note := range p.warnings() {
		lines = append(lines, line("! "+note+"."))
	}
	for _, r := range p.routes {
		if note := moveNote(r); note != "" {
			lines = append(lines, note)
		}
	}
	for _, t := range p.targets {
		if t.Parameters.System != "" {
			lines = append(lines, line(fmt.Sprintf("%s answered under a system prompt of its own, which this file does not hold: send it too. It is in modeltrial.yaml.", t.arm)))
		}
	}
	return lines
}

// warnings say what of the table the file does not hold, and where requests without a
// known category go if not to the model in use.
func (p exportPlan) warnings() []string {
	notes := slices.Clone(p.left)
	if p.fallback < 0 {
		notes = append(notes, line("this file has no model for requests without a known category: "+p.noFallback))
	}
	return notes
}

// moveNote tells callers which work moves where it is not all of a category.
func moveNote(r exportRoute) string {
	if r.ReplacesModel == "" || r.standIn {
		return ""
	}
	return line(fmt.Sprintf("Only work now on %s moves: send the category %s with its requests alone.", r.ReplacesModel, r.Category))
}

// evidence is what a route rests on, in a line. What is imported or simulated says so.
func (p exportPlan) evidence(r exportRoute) string {
	said := r.Reason
	if !strings.HasPrefix(said, string(r.Decision)) {
		said = joined(string(r.Decision), said)
	}
	to := r.Model
	if r.standIn {
		to = fmt.Sprintf("%s, in the place of %s", p.targets[r.target].Model, r.Model)
	}
	text := fmt.Sprintf("%s -> %s: %s", r.Category, to, joined(said, staysNote(r.Route)))
	if r.Tasks > 0 && r.Source != eval.SourceNone {
		text += fmt.Sprintf("; %s by %s", counted(r.Tasks, "task", "tasks"), ratersOf(r.Source, r.Raters))
		if r.WinRate != nil {
			text += fmt.Sprintf(", win rate %s (%s)", Rate(r.WinRate.Estimate, r.Tasks), rateRange(r.WinRate, r.Tasks))
		}
		if mark := beside(p.table.Provenance); mark != "" {
			text += " (" + strings.ToLower(strings.TrimSuffix(mark, ".")) + ")"
		}
	}
	return line(text)
}

// notKnown are the targets whose endpoint has to be filled in, a line each.
func (p exportPlan) notKnown() []string {
	var lines []string
	for _, t := range p.targets {
		if t.missing != "" {
			lines = append(lines, line(fmt.Sprintf("FILL IN the endpoint of %s: %s", t.arm, t.missing)))
		}
	}
	return lines
}

// writeComment writes what a file was made from and how it is used as comment lines.
func (p exportPlan) writeComment(w io.Writer, usage ...string) error {
	var b strings.Builder
	say := func(text string) { b.WriteString("# " + line(text) + "\n") }
	for _, text := range p.about() {
		say(text)
	}
	b.WriteString("#\n")
	for _, text := range slices.Concat(usage, p.notKnown()) {
		say(text)
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// A slugger makes names of small letters, digits and hyphens, each once.
type slugger map[string]bool

// maxSlug keeps names within what Kubernetes allows, with room for what is added.
const maxSlug = 40

// of is a name for text, or for kind where text has no letter or digit of ASCII.
func (s slugger) of(text, kind string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= maxSlug {
			break
		}
	}
	name := cmp.Or(strings.Trim(b.String(), "-"), kind)
	if name[0] >= '0' && name[0] <= '9' {
		name = kind + "-" + name
	}
	unique := name
	for n := 2; s[unique]; n++ {
		unique = name + "-" + strconv.Itoa(n)
	}
	s[unique] = true
	return unique
}

// headerValue is a category as an HTTP header carries it: what is not plain ASCII is
// percent-encoded.
func headerValue(category string) string {
	odd := func(r rune) bool { return r < ' ' || r > '~' || r == '%' || r == ',' }
	if strings.TrimSpace(category) == category && !strings.ContainsFunc(category, odd) {
		return category
	}
	return url.PathEscape(category)
}

// taskHeader is the header in which callers pass the category.
const taskHeader = "x-task-category"

// encoded says how categories stand in a header where it is not as they are.
func (p exportPlan) encoded() []string {
	var lines []string
	for _, r := range p.routes {
		if value := headerValue(r.category); value != r.category {
			lines = append(lines, line(fmt.Sprintf("In the header %s is written %s.", strconv.Quote(r.category), value)))
		}
	}
	return lines
}
