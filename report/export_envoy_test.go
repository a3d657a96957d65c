package report

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestEnvoyFitsTheSchema holds the resources of Envoy AI Gateway to the schemas of its
// custom resource definitions, or of those in the folder that MODELTRIAL_ENVOY_CRDS names.
// Unknown fields fail, as the server refuses them; the definitions' rules in CEL are not
// checked.
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
func envoySchemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	folder := cmp.Or(os.Getenv("MODELTRIAL_ENVOY_CRDS"), filepath.Join("testdata", "envoy"))
	files, err := filepath.Glob(filepath.Join(folder, "aigateway.envoyproxy.io_*.yaml*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no aigateway.envoyproxy.io_*.yaml in %s", folder)
	}
	schemas := map[string]*jsonschema.Schema{}
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
			if schemas[definition.Spec.Names.Kind], err = compiler.Compile(file); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
	}
	return schemas
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
