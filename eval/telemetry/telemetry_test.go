package telemetry_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
	"modeltrial/eval/telemetry"
)

// A collector takes OTLP over HTTP.
type collector struct {
	t       *testing.T
	mu      sync.Mutex
	spans   []*trace.Span
	service string
	metrics []string
	raw     bytes.Buffer
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			c.t.Error(err)
			return
		}
		body = unpacked
	}
	sent, err := io.ReadAll(body)
	if err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(sent)
	switch r.URL.Path {
	case "/v1/traces":
		var request collectortrace.ExportTraceServiceRequest
		if err := proto.Unmarshal(sent, &request); err != nil {
			c.t.Error(err)
		}
		for _, resource := range request.GetResourceSpans() {
			c.service = attributes(resource.GetResource().GetAttributes())["service.name"].GetStringValue()
			for _, scope := range resource.GetScopeSpans() {
				c.spans = append(c.spans, scope.GetSpans()...)
			}
		}
	case "/v1/metrics":
		var request collectormetrics.ExportMetricsServiceRequest
		if err := proto.Unmarshal(sent, &request); err != nil {
			c.t.Error(err)
		}
		for _, resource := range request.GetResourceMetrics() {
			for _, scope := range resource.GetScopeMetrics() {
				for _, metric := range scope.GetMetrics() {
					c.metrics = append(c.metrics, metric.GetName())
				}
			}
		}
	default:
		c.t.Errorf("%s was asked", r.URL.Path)
	}
}

func attributes(pairs []*common.KeyValue) map[string]*common.AnyValue {
	of := map[string]*common.AnyValue{}
	for _, pair := range pairs {
		of[pair.GetKey()] = pair.GetValue()
	}
	return of
}

// fixed answers once and then fails.
type fixed struct{ asked int }

func (f *fixed) Answer(context.Context, provider.Request) (provider.Answer, error) {
	if f.asked++; f.asked > 1 {
		return provider.Answer{}, &provider.Error{Provider: "lab", Status: 429, Temporary: true, Msg: "SECRET quota of sk-live"}
	}
	return provider.Answer{
		Text: "SECRET answer", ModelServed: "atlas-2026", FinishReason: provider.FinishStop,
		Tokens: audit.Tokens{Input: new(int64(70)), Output: new(int64(9)), Cached: new(int64(50))},
	}, nil
}

func (*fixed) Origin() eval.ResponseOrigin { return eval.Measured }

// TestACollectorIsToldOfCalls has one answered and one refused.
func TestACollectorIsToldOfCalls(t *testing.T) {
	c := &collector{t: t}
	server := httptest.NewServer(c)
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	getenv := func(name string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}[name]
	}
	stop, err := telemetry.Export(t.Context(), getenv, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	watched, err := telemetry.Watch(&fixed{}, eval.Provider{Name: "lab", Kind: eval.ProviderOpenAI, BaseURL: "https://models.example:8443/v1"}, logger)
	if err != nil {
		t.Fatal(err)
	}
	request := provider.Request{Task: audit.Task{ID: "t1", Prompt: "SECRET prompt"}, Arm: eval.Arm{Name: "now", Model: "atlas"}}
	if answer, err := watched.Answer(t.Context(), request); err != nil || answer.Text != "SECRET answer" {
		t.Errorf("got %+v, %v", answer, err)
	}
	if _, err := watched.Answer(t.Context(), request); err == nil || watched.Origin() != eval.Measured {
		t.Errorf("got %v and origin %v, want both as the provider gives them", err, watched.Origin())
	}
	if err := stop(t.Context()); err != nil {
		t.Fatal(err)
	}

	if len(c.spans) != 2 || c.service != "modeltrial" {
		t.Fatalf("got %d spans of %q, want two of modeltrial", len(c.spans), c.service)
	}
	first, second := c.spans[0], c.spans[1]
	of := attributes(first.GetAttributes())
	if first.GetName() != "chat atlas" || first.GetKind() != trace.Span_SPAN_KIND_CLIENT ||
		of["gen_ai.operation.name"].GetStringValue() != "chat" || of["gen_ai.provider.name"].GetStringValue() != "lab" ||
		of["gen_ai.request.model"].GetStringValue() != "atlas" || of["gen_ai.response.model"].GetStringValue() != "atlas-2026" ||
		of["gen_ai.usage.input_tokens"].GetIntValue() != 70 || of["gen_ai.usage.output_tokens"].GetIntValue() != 9 ||
		of["server.address"].GetStringValue() != "models.example" || of["server.port"].GetIntValue() != 8443 {
		t.Errorf("got %s with %v", first.GetName(), of)
	}
	if failed := attributes(second.GetAttributes()); second.GetStatus().GetCode() != trace.Status_STATUS_CODE_ERROR || failed["error.type"].GetStringValue() != "429" {
		t.Errorf("got %v with %v, want an error", second.GetStatus(), failed)
	}
	told := strings.Join(c.metrics, " ")
	for _, name := range []string{"gen_ai.client.operation.duration", "gen_ai.client.token.usage"} {
		if !strings.Contains(told, name) {
			t.Errorf("%s is missing in %s", name, told)
		}
	}
	if !strings.Contains(log.String(), `"msg":"call answered"`) || !strings.Contains(log.String(), `"msg":"call failed","provider":"lab","model":"atlas","arm":"now","task":"t1"`) {
		t.Errorf("got the log %s", log.String())
	}
	for _, where := range []string{log.String(), c.raw.String()} {
		if strings.Contains(where, "SECRET") || strings.Contains(where, "sk-live") {
			t.Errorf("text of a call is told: %s", where)
		}
	}
}

// TestNothingIsSentUnasked has no collector in the environment, or one that is off.
func TestNothingIsSentUnasked(t *testing.T) {
	for name, variables := range map[string]map[string]string{
		"none": {},
		"off":  {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
	} {
		stop, err := telemetry.Export(t.Context(), func(name string) string { return variables[name] }, func(err error) { t.Error(err) })
		if err != nil {
			t.Fatal(name, err)
		}
		if err := stop(t.Context()); err != nil {
			t.Error(name, err)
		}
	}
	_, err := telemetry.Export(t.Context(), func(name string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}[name]
	}, nil)
	if err == nil || !strings.Contains(err.Error(), "http/protobuf") {
		t.Errorf("got %v, want the protocol named", err)
	}
}

// TestARecordedProviderIsLeftAlone calls nobody.
func TestARecordedProviderIsLeftAlone(t *testing.T) {
	answering := &fixed{}
	watched, err := telemetry.Watch(answering, eval.Provider{Name: "files", Kind: eval.ProviderRecorded}, slog.Default())
	if err != nil || watched != provider.Provider(answering) {
		t.Errorf("got %v, %v", watched, err)
	}
}
