package eval

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"modeltrial/audit"
)

// A Config is a workspace's modeltrial.yaml.
type Config struct {
	// Database is a file, or the address of a PostgreSQL database without a password;
	// empty: the file beside the configuration.
	Database   string           `yaml:"db"`
	Categories []CategoryConfig `yaml:"categories"`
	Providers  []Provider       `yaml:"providers"`
	// Categoriser is the model that audit classify --method model asks; nil: none.
	Categoriser *Arm     `yaml:"categoriser"`
	Pilot       Protocol `yaml:"pilot"`
}

// A CategoryConfig is one of the organisation's own categories.
type CategoryConfig struct {
	Name        audit.Category `yaml:"name"`
	Description string         `yaml:"description"`
	Examples    []string       `yaml:"examples"`
}

// CategoryNames are the workspace's categories: its own, or the built-in ones.
func (c Config) CategoryNames() []audit.Category {
	if len(c.Categories) == 0 {
		return audit.Categories
	}
	names := make([]audit.Category, len(c.Categories))
	for i, category := range c.Categories {
		names[i] = category.Name
	}
	return names
}

// Provider finds a provider by name.
func (c Config) Provider(name string) (Provider, bool) {
	for _, provider := range c.Providers {
		if provider.Name == name {
			return provider, true
		}
	}
	return Provider{}, false
}

// A ConfigError is one thing that is wrong in modeltrial.yaml.
type ConfigError struct {
	File         string
	Line, Column int // from 1; 0 where the place is not known
	Msg          string
}

// Error gives file:line:column: message.
func (e *ConfigError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Msg)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// ParseConfig reads modeltrial.yaml. file is only named in messages. All that is
// wrong comes back in one joined error of [*ConfigError]. A file without a pilot
// is right: an audit needs none.
func ParseConfig(file string, text []byte) (Config, error) {
	config := Config{Pilot: Protocol{
		Weeks: 4, TasksPerWeek: 30, RatingsPerComparison: 1, Margin: 0.05, Saving: 0.10,
		Seed: 1, BudgetUSD: "0", Concurrency: 8,
	}}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return config, yamlError(file, err)
	}
	if len(tree.Docs) == 0 || tree.Docs[0].Body == nil {
		return config, &ConfigError{File: file, Line: 1, Column: 1, Msg: "the file is empty; modeltrial init writes a commented one"}
	}
	if err := decodeYAML(text, &config); err != nil {
		return config, yamlError(file, err)
	}
	fillTemplates(config.Pilot.Arms)
	return config, checkConfig(file, tree, config)
}

// ParseDatabase reads of a configuration nothing but where the database is, so that what
// else is wrong with it keeps nobody from looking.
func ParseDatabase(file string, text []byte) (string, error) {
	var config struct {
		Database string `yaml:"db"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return "", yamlError(file, err)
	}
	return config.Database, nil
}

// decodeYAML decodes strictly. The library panics at a tag before what is no list where
// one is wanted.
func decodeYAML(text []byte, into any) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("a tag (!…) stands before a value that it does not go with; leave the tag out")
		}
	}()
	return yaml.UnmarshalWithOptions(text, into, yaml.Strict())
}

// yamlError keeps the place that the library found.
func yamlError(file string, err error) error {
	var placed yaml.Error
	if errors.As(err, &placed) && placed.GetToken() != nil {
		at := placed.GetToken().Position
		return &ConfigError{File: file, Line: at.Line, Column: at.Column, Msg: placed.GetMessage()}
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return &ConfigError{File: file, Msg: first}
}

// A checker collects what is wrong with the places in the file.
type checker struct {
	file string
	tree *ast.File
	errs []error
}

// fail notes an error at a YAML path such as $.pilot.arms[0].name, or at the
// nearest path above it that the file has.
func (c *checker) fail(path, format string, args ...any) {
	failure := &ConfigError{File: c.file, Msg: fmt.Sprintf(format, args...)}
	for at := path; at != "$" && at != ""; at = at[:max(strings.LastIndexAny(at, ".["), 0)] {
		parsed, err := yaml.PathString(at)
		if err != nil {
			continue
		}
		node, err := parsed.FilterFile(c.tree)
		if err != nil || node == nil {
			continue
		}
		position := node.GetToken().Position
		failure.Line, failure.Column = position.Line, position.Column
		break
	}
	c.errs = append(c.errs, failure)
}

func checkConfig(file string, tree *ast.File, config Config) error {
	c := &checker{file: file, tree: tree}
	c.categories(config)
	c.providers(config)
	c.categoriser(config)
	if len(config.Pilot.Arms) > 0 || config.Pilot.Control != "" || len(config.Pilot.UseCases) > 0 {
		c.arms(config)
		c.useCases(config)
		c.plan(config.Pilot)
		c.raterChecks(config.Pilot)
		c.repeats(config)
		c.claims(config.Pilot)
		c.judges(config)
		c.checks(config)
	}
	return errors.Join(c.errs...)
}

func (c *checker) categories(config Config) {
	seen := map[audit.Category]bool{}
	for i, category := range config.Categories {
		path := fmt.Sprintf("$.categories[%d].name", i)
		switch {
		case category.Name == "":
			c.fail(path, "a category needs a name")
		case category.Name == "all":
			c.fail(path, `"all" means every category together; choose another name`)
		case seen[category.Name]:
			c.fail(path, "category %q stands here twice", category.Name)
		}
		seen[category.Name] = true
	}
}

func (c *checker) providers(config Config) {
	kinds := []ProviderKind{ProviderOpenAI, ProviderAnthropic, ProviderRecorded, ProviderSimulated}
	seen := map[string]bool{}
	for i, provider := range config.Providers {
		path := fmt.Sprintf("$.providers[%d]", i)
		if provider.Name == "" {
			c.fail(path+".name", "a provider needs a name")
		}
		if seen[provider.Name] {
			c.fail(path+".name", "provider %q stands here twice", provider.Name)
		}
		seen[provider.Name] = true
		if !slices.Contains(kinds, provider.Kind) {
			c.fail(path+".kind", "kind %q is not known; choose openai, anthropic, recorded or simulated", provider.Kind)
		}
		c.endpoint(path, provider)
		if strings.HasPrefix(provider.APIKeyEnv, "sk-") {
			c.fail(path+".api_key_env", "this looks like a key; write the name of the environment variable that holds it")
		}
		if provider.TimeoutSeconds < 0 || provider.TimeoutSeconds > 3600 {
			c.fail(path+".timeout_seconds", "timeout_seconds is %d; choose 1 to 3600, or leave it out for 120", provider.TimeoutSeconds)
		}
		for field, limit := range map[string]int{
			"requests_per_minute": provider.RequestsPerMinute, "tokens_per_minute": provider.TokensPerMinute, "concurrency": provider.Concurrency,
		} {
			if limit < 0 {
				c.fail(path+"."+field, "%s is negative; leave it out for no limit", field)
			}
		}
		for j, price := range provider.Prices {
			c.price(fmt.Sprintf("%s.prices[%d]", path, j), price)
		}
	}
}

// endpoint checks how a provider is reached.
func (c *checker) endpoint(path string, provider Provider) {
	if provider.Kind.Called() {
		c.baseURL(path, provider)
	}
	switch {
	case !slices.Contains([]API{"", APIChat, APIResponses}, provider.API):
		c.fail(path+".api", "api is %q; choose chat or responses", provider.API)
	case provider.API != "" && provider.Kind != ProviderOpenAI:
		c.fail(path+".api", "api is for providers of kind openai; leave it out")
	}
	switch {
	case !slices.Contains([]string{"", "max_completion_tokens", "max_tokens"}, provider.MaxTokensField):
		c.fail(path+".max_tokens_field", "max_tokens_field is %q; choose max_completion_tokens or max_tokens", provider.MaxTokensField)
	case provider.MaxTokensField != "" && (provider.Kind == ProviderAnthropic || provider.API == APIResponses):
		c.fail(path+".max_tokens_field", "max_tokens_field is for Chat Completions; leave it out")
	}
}

func (c *checker) baseURL(path string, provider Provider) {
	example := "https://api.openai.com/v1"
	if provider.Kind == ProviderAnthropic {
		example = "https://api.anthropic.com"
	}
	switch base, err := url.Parse(provider.BaseURL); {
	case provider.BaseURL == "":
		c.fail(path+".base_url", "provider %q needs a base_url such as %s", provider.Name, example)
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		c.fail(path+".base_url", "base_url is %q; write an address such as %s", provider.BaseURL, example)
	case base.User != nil:
		c.fail(path+".base_url", "base_url holds a user or password; keys never stand here, api_key_env names the environment variable that holds one")
	}
}

// parameters checks what a request of an arm asks for.
func (c *checker) parameters(path string, provider Provider, p Parameters) {
	path += ".parameters"
	if most := p.MaxOutput(); most < 1 || most > 1_000_000 {
		c.fail(path+".max_output_tokens", "max_output_tokens is %d; choose 1 to 1000000", most)
	}
	hottest := 2.0
	if provider.Kind == ProviderAnthropic {
		hottest = 1
	}
	if t := p.Temperature; t != nil && !(*t >= 0 && *t <= hottest) {
		c.fail(path+".temperature", "temperature is %v; choose 0 to %v", *t, hottest)
	}
	if share := p.TopP; share != nil && !(*share > 0 && *share <= 1) {
		c.fail(path+".top_p", "top_p is %v; choose a share above 0, up to 1", *share)
	}
	if p.Seed != nil && (provider.Kind == ProviderAnthropic || provider.API == APIResponses) {
		c.fail(path+".seed", "provider %q knows no seed; leave it out", provider.Name)
	}
	if provider.Kind != ProviderAnthropic || p.ReasoningEffort == "" {
		return // compatible endpoints have words of their own
	}
	efforts := []string{"none", "low", "medium", "high", "xhigh", "max"}
	switch {
	case !slices.Contains(efforts, p.ReasoningEffort):
		c.fail(path+".reasoning_effort", "reasoning_effort is %q; choose one of %s", p.ReasoningEffort, strings.Join(efforts, ", "))
	case p.ReasoningEffort != "none" && p.Temperature != nil && *p.Temperature != 1:
		c.fail(path+".temperature", "a model that thinks takes no temperature but 1; leave temperature or reasoning_effort out")
	}
}

func (c *checker) categoriser(config Config) {
	if config.Categoriser == nil {
		return
	}
	provider, known := config.Provider(config.Categoriser.Provider)
	switch {
	case !known:
		c.fail("$.categoriser.provider", "categoriser: provider %q is not under providers", config.Categoriser.Provider)
	case !provider.Kind.Called():
		c.fail("$.categoriser.provider", "categoriser: provider %q is of kind %s, which cannot categorise; choose one of kind openai or anthropic", provider.Name, provider.Kind)
	}
	if config.Categoriser.Pipeline() {
		c.fail("$.categoriser.steps", "the categoriser is one model and has no steps")
	}
	if config.Categoriser.Model == "" {
		c.fail("$.categoriser", "the categoriser needs a model")
	}
	c.parameters("$.categoriser", provider, config.Categoriser.Parameters)
}

func (c *checker) price(path string, price ModelPrice) {
	if price.Model == "" {
		c.fail(path+".model", "a price needs the model it is for")
	}
	fields := map[string]string{"input_usd_per_1m": price.Input, "output_usd_per_1m": price.Output}
	for field, text := range map[string]string{
		"cached_input_usd_per_1m": price.CachedInput, "batch_input_usd_per_1m": price.BatchInput, "batch_output_usd_per_1m": price.BatchOutput,
	} {
		if text != "" {
			fields[field] = text
		}
	}
	if (price.BatchInput == "") != (price.BatchOutput == "") {
		c.fail(path+".batch_input_usd_per_1m", "batch prices of %q: write batch_input_usd_per_1m and batch_output_usd_per_1m, or neither", price.Model)
	}
	for field, text := range fields {
		amount, err := audit.ParseUSD(text)
		if err != nil {
			c.fail(path+"."+field, "%s of %q: %v", field, price.Model, err)
			continue
		}
		if amount < 0 {
			c.fail(path+"."+field, "%s of %q is negative", field, price.Model)
		}
	}
}

func (c *checker) arms(config Config) {
	pilot := config.Pilot
	seen := map[string]bool{}
	for i, arm := range pilot.Arms {
		path := fmt.Sprintf("$.pilot.arms[%d]", i)
		if arm.Name == "" {
			c.fail(path+".name", "an arm needs a name")
		}
		if seen[arm.Name] {
			c.fail(path+".name", "arm %q stands here twice", arm.Name)
		}
		seen[arm.Name] = true
		c.armCalls(path, config, arm)
	}
	if _, ok := pilot.Arm(pilot.Control); !ok {
		c.fail("$.pilot.control", "the control %q is not among the arms", pilot.Control)
	}
}

func (c *checker) useCases(config Config) {
	pilot := config.Pilot
	if len(pilot.UseCases) == 0 {
		c.fail("$.pilot", "the pilot needs at least one use case: a category with its candidates")
	}
	seen := map[audit.Category]bool{}
	for i, useCase := range pilot.UseCases {
		path := fmt.Sprintf("$.pilot.use_cases[%d]", i)
		if !slices.Contains(config.CategoryNames(), useCase.Category) {
			c.fail(path+".category", "category %q is not known; there are %s", useCase.Category, listCategories(config.CategoryNames()))
		}
		if seen[useCase.Category] {
			c.fail(path+".category", "category %q stands here twice; list its candidates together", useCase.Category)
		}
		seen[useCase.Category] = true
		if len(useCase.Candidates) == 0 {
			c.fail(path+".candidates", "use case %q has no candidate", useCase.Category)
		}
		for j, candidate := range useCase.Candidates {
			at := fmt.Sprintf("%s.candidates[%d]", path, j)
			if _, ok := pilot.Arm(candidate); !ok {
				c.fail(at, "candidate %q is not among the arms", candidate)
			}
			if candidate == pilot.Control {
				c.fail(at, "%q is the control and cannot be its own candidate", candidate)
			}
			if slices.Index(useCase.Candidates, candidate) < j {
				c.fail(at, "candidate %q stands here twice", candidate)
			}
		}
	}
}

func listCategories(categories []audit.Category) string {
	names := make([]string, len(categories))
	for i, category := range categories {
		names[i] = string(category)
	}
	return strings.Join(names, ", ")
}

func (c *checker) plan(pilot Protocol) {
	if pilot.Weeks < 1 || pilot.Weeks > 52 {
		c.fail("$.pilot.weeks", "weeks is %d; choose 1 to 52", pilot.Weeks)
	}
	if pilot.TasksPerWeek < 1 {
		c.fail("$.pilot.tasks_per_week", "tasks_per_week is %d; choose at least 1", pilot.TasksPerWeek)
	}
	if !slices.Contains([]SampleKind{"", SampleReserve, SampleFresh}, pilot.Sample) {
		c.fail("$.pilot.sample", "sample is %q; choose reserve or fresh", pilot.Sample)
	}
	if pilot.RatingsPerComparison < 1 {
		c.fail("$.pilot.ratings_per_comparison", "ratings_per_comparison is %d; choose at least 1", pilot.RatingsPerComparison)
	}
	c.tags(pilot.RatingTags)
	if pilot.Concurrency < 1 || pilot.Concurrency > 1024 {
		c.fail("$.pilot.concurrency", "concurrency is %d; choose 1 to 1024", pilot.Concurrency)
	}
	if !(pilot.Margin > 0 && pilot.Margin < 0.5) {
		c.fail("$.pilot.non_inferiority_margin", "non_inferiority_margin is %v win-rate points; choose between 0 and 0.5, 0.05 is usual", pilot.Margin)
	}
	if !(pilot.Saving >= 0 && pilot.Saving < 1) {
		c.fail("$.pilot.minimum_saving", "minimum_saving is %v; choose a share from 0 to under 1, 0.10 is usual", pilot.Saving)
	}
	if rule := pilot.FlaggedAnswers; !slices.Contains([]FlaggedRule{"", RateFlagged, ExcludeFlagged}, rule) {
		c.fail("$.pilot.flagged_answers", "flagged_answers is %q; choose rate or exclude", rule)
	}
	if ratio := pilot.MaxCostRatio; ratio != nil && (!(*ratio > 0) || math.IsInf(*ratio, 0)) {
		c.fail("$.pilot.max_cost_ratio", "max_cost_ratio is %v; choose a number above 0 or leave it out", *ratio)
	}
	budget, err := pilot.Budget()
	if err != nil {
		c.fail("$.pilot.budget_usd", "%v", err)
	} else if budget < 0 {
		c.fail("$.pilot.budget_usd", "the budget is negative")
	}
}
