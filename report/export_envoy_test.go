package report

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestEnvoyFitsTheSchema holds the resources of Envoy AI Gateway to the schemas of its
// custom resource definitions, or of those in the folder that MODELTRIAL_ENVOY_CRDS names,
// and to their rules in CEL, as Kubernetes' API server does. Unknown fields fail, as the
// server refuses them.
func TestEnvoyFitsTheSchema(t *testing.T) {
	schemas := envoySchemas(t)
	checked := map[string]int{}
	for _, text := range envoyExports(t) {
		for _, document := range yamlDocuments(t, text) {
			var object map[string]any
			if err := json.Unmarshal(document, &object); err != nil {
				t.Fatal(err)
			}
			kind := object["kind"].(string)
			if schema, ok := schemas[kind]; ok {
				checked[kind]++
				if err := schema.Validate(object); err != nil {
					t.Errorf("%v\n%s", err, document)
				}
				if err := schema.rules(object); err != nil {
					t.Errorf("%v\n%s", err, document)
				}
			}
		}
	}
	for _, kind := range []string{"AIGatewayRoute", "AIServiceBackend", "BackendSecurityPolicy"} {
		if checked[kind] == 0 {
			t.Errorf("no %s was checked", kind)
		}
	}
	// The check finds what is wrong.
	var wrong any
	if err := json.Unmarshal([]byte(`{"apiVersion":"aigateway.envoyproxy.io/v1beta1","kind":"AIGatewayRoute","metadata":{"name":"x"},"spec":{"rules":[{"backendRefs":[{"name":"b","model":"m"}]}]}}`), &wrong); err != nil {
		t.Fatal(err)
	}
	if schemas["AIGatewayRoute"].Validate(wrong) == nil {
		t.Error("a field that the definition does not have passes")
	}
	if err := json.Unmarshal([]byte(`{"spec":{"rules":[{"name":"route-not-found"}]}}`), &wrong); err != nil {
		t.Fatal(err)
	}
	if schemas["AIGatewayRoute"].rules(wrong) == nil {
		t.Error("a name that a rule of the definition keeps for the gateway passes")
	}
}

func envoyExports(t *testing.T) []string {
	t.Helper()
	texts := []string{export(t, "envoy", fixtureRouting())}
	path := filepath.Join(t.TempDir(), "routes.yaml")
	writeExport(t, path, "envoy", hostileNames...)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return append(texts, string(text))
}

// envoySchemas are the schemas of the definitions by kind.
func envoySchemas(t *testing.T) map[string]envoyDefinition {
	t.Helper()
	folder := cmp.Or(os.Getenv("MODELTRIAL_ENVOY_CRDS"), filepath.Join("testdata", "envoy"))
	files, err := filepath.Glob(filepath.Join(folder, "aigateway.envoyproxy.io_*.yaml*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no aigateway.envoyproxy.io_*.yaml in %s", folder)
	}
	schemas := map[string]envoyDefinition{}
	for _, file := range files {
		text := readUnzipped(t, file)
		var definition struct {
			Spec struct {
				Names    struct{ Kind string }
				Versions []struct {
					Name   string
					Schema struct {
						OpenAPIV3Schema any `yaml:"openAPIV3Schema"`
					}
				}
			}
		}
		if err := yaml.Unmarshal(text, &definition); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, version := range definition.Spec.Versions {
			if version.Name != "v1beta1" {
				continue
			}
			compiler := jsonschema.NewCompiler()
			if err := compiler.AddResource(file, strictSchema(t, version.Schema.OpenAPIV3Schema)); err != nil {
				t.Fatal(err)
			}
			compiled, err := compiler.Compile(file)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			schemas[definition.Spec.Names.Kind] = envoyDefinition{compiled, version.Schema.OpenAPIV3Schema}
		}
	}
	return schemas
}

// An envoyDefinition is a definition's schema, and its text with the rules in CEL.
type envoyDefinition struct {
	*jsonschema.Schema
	text any
}

// rules evaluates the definition's rules where their parts of a resource are there.
func (s envoyDefinition) rules(resource any) error {
	environment, err := cel.NewEnv(cel.Variable("self", cel.DynType), ext.Strings())
	if err != nil {
		return err
	}
	var walk func(schema, value any, path string) error
	walk = func(schema, value any, path string) error {
		node, _ := schema.(map[string]any)
		list, _ := node["x-kubernetes-validations"].([]any)
		for _, item := range list {
			rule := item.(map[string]any)["rule"].(string)
			parsed, issues := environment.Compile(rule)
			if issues.Err() != nil {
				return fmt.Errorf("%s: %w", rule, issues.Err())
			}
			program, err := environment.Program(parsed)
			if err != nil {
				return fmt.Errorf("%s: %w", rule, err)
			}
			result, _, err := program.Eval(map[string]any{"self": value})
			if err != nil {
				return fmt.Errorf("%s: %s: %w", path, rule, err)
			}
			if result.Value() != true {
				return fmt.Errorf("%s: breaks the rule %s", path, rule)
			}
		}
		switch value := value.(type) {
		case map[string]any:
			properties, _ := node["properties"].(map[string]any)
			for name, child := range value {
				if err := walk(properties[name], child, path+"."+name); err != nil {
					return err
				}
			}
		case []any:
			for i, child := range value {
				if err := walk(node["items"], child, fmt.Sprintf("%s[%d]", path, i)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return walk(s.text, withDefaults(s.text, resource), "")
}

// withDefaults fills in what a resource leaves to the definition, as the server does before
// it applies the rules.
func withDefaults(schema, value any) any {
	node, _ := schema.(map[string]any)
	switch value := value.(type) {
	case map[string]any:
		properties, _ := node["properties"].(map[string]any)
		filled := maps.Clone(value)
		for name, property := range properties {
			if child, ok := filled[name]; ok {
				filled[name] = withDefaults(property, child)
			} else if standard, ok := property.(map[string]any)["default"]; ok {
				filled[name] = withDefaults(property, standard)
			}
		}
		return filled
	case []any:
		filled := make([]any, len(value))
		for i, child := range value {
			filled[i] = withDefaults(node["items"], child)
		}
		return filled
	}
	return value
}

// readUnzipped reads a file, of which the name tells whether it is compressed.
func readUnzipped(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(path) != ".gz" {
		return text
	}
	reader, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if text, err = io.ReadAll(reader); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return text
}

// strictSchema is a definition's schema as JSON, with no field but the known ones.
func strictSchema(t *testing.T, schema any) any {
	t.Helper()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	var strict func(node any)
	strict = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			for _, child := range node {
				strict(child)
			}
			if _, ok := node["properties"].(map[string]any); ok && node["x-kubernetes-preserve-unknown-fields"] != true {
				node["additionalProperties"] = false
			}
		case []any:
			for _, child := range node {
				strict(child)
			}
		}
	}
	strict(tree)
	return tree
}

// TestEnvoyNamesAreKubernetesNames checks what the API server does of every resource.
func TestEnvoyNamesAreKubernetesNames(t *testing.T) {
	const longest = 253
	allowed := regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	for _, text := range envoyExports(t) {
		var seen []string
		for _, document := range yamlDocuments(t, text) {
			var object struct {
				Kind     string
				Metadata struct{ Name string }
			}
			if err := json.Unmarshal(document, &object); err != nil {
				t.Fatal(err)
			}
			name := object.Metadata.Name
			if !allowed.MatchString(name) || len(name) > longest {
				t.Errorf("%s has the name %q", object.Kind, name)
			}
			if key := object.Kind + " " + name; slices.Contains(seen, key) {
				t.Errorf("%s stands there twice", key)
			} else {
				seen = append(seen, key)
			}
		}
	}
}
