package audit

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// hosts maps the names under which gateways, exports and price lists know a provider
// to one of them. A name that is not here stands for itself.
var hosts = map[string]string{
	"azure_openai": "azure", "azureopenai": "azure", "azure_ai_openai": "azure", "az.ai.openai": "azure", "azure_text": "azure",
	"amazon_bedrock": "bedrock", "aws_bedrock": "bedrock", "aws.bedrock": "bedrock", "bedrock_converse": "bedrock", "aws": "bedrock", "amazon": "bedrock",
	"vertex_ai": "vertex", "vertexai": "vertex", "google_vertex": "vertex", "google_vertex_ai": "vertex", "gcp.vertex_ai": "vertex",
	"vertex_ai_anthropic_models": "vertex", "vertex_ai_language_models": "vertex", "vertex_ai_mistral_models": "vertex", "vertex_ai_deepseek_models": "vertex",
	"gemini": "google", "google_ai_studio": "google", "gcp.gemini": "google", "google_genai": "google", "gcp.gen_ai": "google", "google_generative_ai": "google",
	"x_ai": "xai", "mistralai": "mistral", "mistral_ai": "mistral", "text_completion_openai": "openai", "openai_chat": "openai",
	"together": "together_ai", "togetherai": "together_ai", "fireworks": "fireworks_ai",
}

var underscores = strings.NewReplacer(" ", "_", "-", "_")

// host is a provider's name as this package compares it.
func host(provider string) string {
	name := strings.ToLower(strings.TrimSpace(provider))
	name = underscores.Replace(name)
	if known, ok := hosts[name]; ok {
		return known
	}
	return name
}

// oneListPrice has the makers whose models cost their list price at the clouds and
// gateways that resell them (but see ownPriced). Models whose weights anybody may host
// cost what each host asks.
var oneListPrice = map[string]bool{"openai": true, "anthropic": true, "google": true, "xai": true}

// makersOwn are names of such models as lists have them under a cloud's name.
var makersOwn = regexp.MustCompile(`^(?:gpt-\d|o\d|chatgpt-|claude-|gemini-|grok-)`)

// hasOneListPrice reports whether a price is the maker's own, which its resellers ask
// as well. A list has that under the bare name of the model.
func hasOneListPrice(p Price) bool {
	return oneListPrice[host(p.Provider)] && !strings.Contains(p.Model, "/") || makersOwn.MatchString(strings.ToLower(p.Model))
}

// ownPriced has hosts that resell such models at prices of their own.
var ownPriced = map[string]bool{
	"azure_ai": true, "bedrock_mantle": true, "deepinfra": true, "replicate": true, "snowflake": true, "databricks": true,
	"vercel_ai_gateway": true, "vercel": true, "oci": true, "gmi": true, "perplexity": true, "poe": true, "github_copilot": true,
}

// modelsOf has the makers and hosts whose name may stand before a model's name.
var modelsOf = []string{
	"openai", "azure", "anthropic", "google", "gemini", "vertex_ai", "vertex", "bedrock", "xai", "mistral", "deepseek",
	"openrouter", "groq", "together", "together_ai", "fireworks", "fireworks_ai", "cohere", "perplexity", "ollama",
}

// The parts that hosts add to a model's name.
var (
	bedrockPrefix  = regexp.MustCompile(`^(?:global\.)?(?:anthropic|amazon|meta|mistral|deepseek|cohere|ai21|openai|qwen)\.`)
	bedrockRegion  = regexp.MustCompile(`^(?:us|eu|apac|ap|us-gov|jp|au|ca|sa)\.[a-z0-9]+\.`)
	regionInPath   = regexp.MustCompile(`(?:^|/)(?:us|eu|[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d)/`)
	bedrockVersion = regexp.MustCompile(`-v\d+(?::\d+[a-z0-9:]*)?$`)
	dateAtEnd      = regexp.MustCompile(`(?:[-@](?:19|20)\d{2}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])|-latest|@latest|@default)$`)
	claudeVersion  = regexp.MustCompile(`(\d)\.(\d)`)
)

// withoutDate is a model's name without the date of its snapshot, as in
// -2024-08-06, -20250929 or @20250929, and without -latest.
func withoutDate(name string) string {
	if at := dateAtEnd.FindStringIndex(name); at != nil && at[0] > 0 {
		return name[:at[0]]
	}
	return name
}

// ModelFamily is a model's name in lower case without the date of its snapshot: the
// versions of a model have one family.
func ModelFamily(name string) string { return withoutDate(strings.ToLower(name)) }

// modelAliases are the names to try for a model, in their order.
type modelAliases struct {
	provider string // who was paid: the log's word, else what the name says; may be empty
	names    []string
	regional bool // the name is that of a region, in which hosts may charge more
}

// modelNames gives the names of a model, from the one in the log to the one without
// what gateways and hosts add to it:
//
//   - provider/model, as LiteLLM's list has the models of hosts;
//   - what stands before the last slash: openai/gpt-5, openrouter/anthropic/…,
//     models/gemini-2.5-pro, publishers/google/models/…, an ARN;
//   - a provider and a colon, as in openai:chat:gpt-5;
//   - Bedrock's vendor and version: global.anthropic.…-v1:0;
//   - Vertex AI's @ before a date;
//   - OpenRouter's :thinking and :beta, and its dots in the versions of Claude.
//
// A name with a region in it (us.anthropic.…, azure/eu/…) is tried only as it is: some
// hosts charge more there, and for newer models only. The name of a model that was
// fine-tuned (ft:…) and other variants after a colon,
// such as :free or :online, which cost something else, are tried only as they are.
func modelNames(provider, model string) modelAliases {
	name := strings.ToLower(strings.TrimSpace(model))
	aliases := modelAliases{provider: host(provider)}
	try := func(name string) {
		if name != "" && !slices.Contains(aliases.names, name) {
			aliases.names = append(aliases.names, name)
		}
	}
	if aliases.provider != "" {
		try(strings.ToLower(strings.TrimSpace(provider)) + "/" + name)
		try(aliases.provider + "/" + name)
	}
	try(name)
	if strings.HasPrefix(name, "ft:") {
		return aliases
	}
	last := name[strings.LastIndexByte(name, '/')+1:]
	if aliases.regional = regionInPath.MatchString(name) && !strings.HasPrefix(name, "projects/") || bedrockRegion.MatchString(last); aliases.regional {
		if bedrockRegion.MatchString(last) {
			try(last)
		}
		if aliases.provider == "" {
			aliases.provider = "bedrock"
			if first, _, ok := strings.Cut(name, "/"); ok {
				aliases.provider = host(first)
			}
		}
		return aliases
	}
	route := ""
	if strings.HasPrefix(name, "arn:aws:bedrock:") {
		route = "bedrock"
	}
	if at := strings.LastIndexByte(name, '/'); at >= 0 {
		if first, _, _ := strings.Cut(name, "/"); route == "" && first != "models" && first != "publishers" && first != "projects" {
			route = host(first)
		}
		name = name[at+1:]
		try(name)
	}
	if first, _, ok := strings.Cut(name, ":"); ok && slices.Contains(modelsOf, host(first)) {
		route = cmp.Or(route, host(first))
		name = name[strings.LastIndexByte(name, ':')+1:]
		try(name)
	}
	if prefix := bedrockPrefix.FindString(name); prefix != "" {
		route = cmp.Or(route, "bedrock")
		name = bedrockVersion.ReplaceAllString(name[len(prefix):], "")
		try(name)
	}
	for _, variant := range []string{":thinking", ":beta"} {
		name = strings.TrimSuffix(name, variant)
	}
	if strings.Contains(name, "@") {
		try(strings.Replace(name, "@", "-", 1))
	}
	try(name)
	if strings.HasPrefix(name, "claude-") {
		try(claudeVersion.ReplaceAllString(strings.Replace(name, "@", "-", 1), "$1-$2"))
	}
	aliases.provider = cmp.Or(aliases.provider, route)
	return aliases
}
