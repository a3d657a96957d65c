package report

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"modeltrial/eval"
)

// A kubeObject is a Kubernetes resource, of whatever kind.
type kubeObject struct {
	APIVersion yamlText `yaml:"apiVersion"`
	Kind       yamlText `yaml:"kind"`
	Metadata   kubeMeta `yaml:"metadata"`
	Spec       any      `yaml:"spec"`
}

type kubeMeta struct {
	Name yamlText `yaml:"name"`
}

type kubeRef struct {
	Group yamlText `yaml:"group,omitempty"`
	Kind  yamlText `yaml:"kind,omitempty"`
	Name  yamlText `yaml:"name"`
}

type envoyRoute struct {
	Parents []kubeRef   `yaml:"parentRefs"`
	Rules   []envoyRule `yaml:"rules"`
}

type envoyRule struct {
	Matches  []envoyMatch   `yaml:"matches,omitempty"` // none: every request that no other rule takes
	Backends []envoyBackend `yaml:"backendRefs"`
}

type envoyMatch struct {
	Headers []envoyHeader `yaml:"headers"`
}

type envoyHeader struct {
	Type  yamlText `yaml:"type"`
	Name  yamlText `yaml:"name"`
	Value yamlText `yaml:"value"`
}

type envoyBackend struct {
	Name  yamlText       `yaml:"name"`
	Model yamlText       `yaml:"modelNameOverride"`
	Body  *envoyMutation `yaml:"bodyMutation,omitempty"`
}

type envoyMutation struct {
	Set []envoyField `yaml:"set"`
}

type envoyField struct {
	Path  yamlText `yaml:"path"`
	Value yamlText `yaml:"value"` // as JSON
}

type envoyService struct {
	Schema  envoySchema `yaml:"schema"`
	Backend kubeRef     `yaml:"backendRef"`
}

type envoySchema struct {
	Name   yamlText `yaml:"name"`
	Prefix yamlText `yaml:"prefix,omitempty"`
}

type envoySecurity struct {
	Targets      []kubeRef    `yaml:"targetRefs"`
	Type         yamlText     `yaml:"type"`
	APIKey       *envoySecret `yaml:"apiKey,omitempty"`
	AnthropicKey *envoySecret `yaml:"anthropicAPIKey,omitempty"`
}

type envoySecret struct {
	Ref kubeRef `yaml:"secretRef"`
}

type envoyEndpoints struct {
	Endpoints []envoyEndpoint `yaml:"endpoints"`
}

type envoyEndpoint struct {
	FQDN *envoyFQDN `yaml:"fqdn,omitempty"`
	IP   *envoyIP   `yaml:"ip,omitempty"`
}

type envoyFQDN struct {
	Hostname yamlText `yaml:"hostname"`
	Port     int      `yaml:"port"`
}

type envoyIP struct {
	Address yamlText `yaml:"address"`
	Port    int      `yaml:"port"`
}

type envoyTLS struct {
	Targets    []kubeRef       `yaml:"targetRefs"`
	Validation envoyValidation `yaml:"validation"`
}

type envoyValidation struct {
	CACertificates yamlText `yaml:"wellKnownCACertificates"`
	Hostname       yamlText `yaml:"hostname"`
}

// maxEnvoyRules is how many rules one AIGatewayRoute may have.
const maxEnvoyRules = 15

const (
	envoyAIGroup  = "aigateway.envoyproxy.io"
	envoyGroup    = "gateway.envoyproxy.io"
	envoyAI       = envoyAIGroup + "/v1beta1"
	envoyGateway  = "modeltrial"
	gatewayAPI    = "gateway.networking.k8s.io"
	secretsSuffix = "-key"
)

// exportEnvoy writes the resources of an Envoy AI Gateway: AIGatewayRoutes that choose by
// a header, and what they send to.
func exportEnvoy(w io.Writer, plan exportPlan) error {
	var rules []envoyRule
	for _, r := range plan.routes {
		rules = append(rules, envoyRule{
			Matches:  []envoyMatch{{Headers: []envoyHeader{{Type: "Exact", Name: taskHeader, Value: yamlText(headerValue(r.category))}}}},
			Backends: []envoyBackend{envoyTo(plan.targets[r.target])},
		})
	}
	usage := []string{fmt.Sprintf("Callers pass the task's category in the header %s: CATEGORY.", taskHeader)}
	usage = append(usage, plan.encoded()...)
	if plan.fallback >= 0 {
		rules = append(rules, envoyRule{Backends: []envoyBackend{envoyTo(plan.targets[plan.fallback])}})
		usage = append(usage, fmt.Sprintf("Requests without a known category go to %s, the one that was in use.", plan.targets[plan.fallback].slug))
	}
	var documents []any
	for i, some := range slices.Collect(slices.Chunk(rules, maxEnvoyRules)) {
		name := "modeltrial"
		if i > 0 {
			name += "-" + strconv.Itoa(i+1)
		}
		documents = append(documents, envoyObject(envoyAI, "AIGatewayRoute", name, envoyRoute{
			Parents: []kubeRef{{Group: gatewayAPI, Kind: "Gateway", Name: envoyGateway}}, Rules: some,
		}))
	}
	usage = append(usage, fmt.Sprintf("The routes belong to the Gateway %s: put the name of yours under parentRefs.", envoyGateway))
	for _, t := range plan.targets {
		documents = append(documents, envoyTarget(t)...)
		if variable := t.keyVariable(); variable != "" {
			usage = append(usage, fmt.Sprintf("Before: kubectl create secret generic %s --from-literal=apiKey=\"$%s\"", envoyName(t)+secretsSuffix, variable))
		}
	}
	usage = append(usage, "No key stands in this file.")
	if err := plan.writeComment(w, usage...); err != nil {
		return err
	}
	return writeYAML(w, documents...)
}

func envoyName(t exportTarget) string { return "modeltrial-" + t.slug }

func envoyObject(version, kind, name string, spec any) kubeObject {
	return kubeObject{APIVersion: yamlText(version), Kind: yamlText(kind), Metadata: kubeMeta{Name: yamlText(name)}, Spec: spec}
}

// envoyTo sends a request to a target, asking what the arm's requests asked.
func envoyTo(t exportTarget) envoyBackend {
	backend := envoyBackend{Name: yamlText(envoyName(t)), Model: yamlText(t.Model)}
	for _, field := range t.fields() {
		value, err := json.Marshal(field.value)
		if err != nil {
			continue // numbers and text always can be
		}
		if backend.Body == nil {
			backend.Body = &envoyMutation{}
		}
		backend.Body.Set = append(backend.Body.Set, envoyField{Path: yamlText(field.name), Value: yamlText(value)})
	}
	return backend
}

// envoyTarget is what a route sends to: the backend with its interface, its address,
// its key and, for https, the check of its certificate.
func envoyTarget(t exportTarget) []any {
	name := envoyName(t)
	schema, security := envoySchema{Name: "OpenAI"}, envoySecurity{Type: "APIKey"}
	secret := &envoySecret{Ref: kubeRef{Name: yamlText(name + secretsSuffix)}}
	if t.Provider.Kind == eval.ProviderAnthropic {
		schema.Name, security.Type, security.AnthropicKey = "Anthropic", "AnthropicAPIKey", secret
	} else {
		security.APIKey = secret
	}
	address, err := url.Parse(t.Provider.BaseURL)
	if t.missing != "" || err != nil || address.Hostname() == "" {
		address = &url.URL{Scheme: "https", Host: "fill-in-the-host.invalid", Path: "/v1"}
	}
	prefix := strings.TrimRight(address.Path, "/")
	if t.Provider.Kind == eval.ProviderAnthropic {
		prefix = strings.TrimSuffix(prefix, "/v1") + "/v1"
	}
	schema.Prefix = yamlText(prefix)
	host, endpoint := strings.ToLower(address.Hostname()), envoyEndpoint{}
	if ip, err := netip.ParseAddr(host); err == nil {
		endpoint.IP = &envoyIP{Address: yamlText(ip.String()), Port: envoyPort(address)}
	} else {
		endpoint.FQDN = &envoyFQDN{Hostname: yamlText(host), Port: envoyPort(address)}
	}
	objects := []any{
		envoyObject(envoyAI, "AIServiceBackend", name, envoyService{Schema: schema, Backend: kubeRef{Group: envoyGroup, Kind: "Backend", Name: yamlText(name)}}),
		envoyObject(envoyGroup+"/v1alpha1", "Backend", name, envoyEndpoints{Endpoints: []envoyEndpoint{endpoint}}),
	}
	if t.keyVariable() != "" {
		security.Targets = []kubeRef{{Group: envoyAIGroup, Kind: "AIServiceBackend", Name: yamlText(name)}}
		objects = append(objects, envoyObject(envoyAI, "BackendSecurityPolicy", name, security))
	}
	if address.Scheme == "https" {
		objects = append(objects, envoyObject(gatewayAPI+"/v1alpha3", "BackendTLSPolicy", name, envoyTLS{
			Targets:    []kubeRef{{Group: envoyGroup, Kind: "Backend", Name: yamlText(name)}},
			Validation: envoyValidation{CACertificates: "System", Hostname: yamlText(host)},
		}))
	}
	return objects
}

// envoyPort is the port of an address, its scheme's where it names none.
func envoyPort(address *url.URL) int {
	if port, err := strconv.Atoi(address.Port()); err == nil {
		return port
	}
	if address.Scheme == "http" {
		return 80
	}
	return 443
}
