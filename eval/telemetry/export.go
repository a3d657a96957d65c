package telemetry

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
)

// The variables that name a collector (OpenTelemetry, "OTLP Exporter Configuration").
const (
	endpointEnv = "OTEL_EXPORTER_OTLP_ENDPOINT"
	tracesEnv   = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	metricsEnv  = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
	disabledEnv = "OTEL_SDK_DISABLED"
	protocolEnv = "OTEL_EXPORTER_OTLP_PROTOCOL"
)

// Export sends spans and metrics to the collector that the environment names, over
// OTLP/HTTP; nothing where it names none. stop sends what is left and ends it; it must
// be called. failed is told when a collector does not take them, which stops nothing
// else. The other OTEL_ variables hold as their specification says.
func Export(ctx context.Context, getenv func(string) string, failed func(error)) (stop func(context.Context) error, err error) {
	nothing := func(context.Context) error { return nil }
	traces := getenv(endpointEnv) != "" || getenv(tracesEnv) != ""
	metrics := getenv(endpointEnv) != "" || getenv(metricsEnv) != ""
	if getenv(disabledEnv) == "true" || !traces && !metrics {
		return nothing, nil
	}
	if protocol := getenv(protocolEnv); protocol != "" && protocol != "http/protobuf" {
		return nil, fmt.Errorf("%s is %q; calls are told over http/protobuf alone (most collectors take it at port 4318)", protocolEnv, protocol)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(failed))
	// The environment's attributes and service name stand over these.
	origin, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName("modeltrial")), resource.WithHost(), resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	var ends []func(context.Context) error
	if traces {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("send spans: %w", err)
		}
		provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(origin))
		otel.SetTracerProvider(provider)
		ends = append(ends, provider.Shutdown)
	}
	if metrics {
		exporter, err := otlpmetrichttp.New(ctx)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("send metrics: %w", err), end(ctx, ends))
		}
		provider := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(exporter)), metric.WithResource(origin))
		otel.SetMeterProvider(provider)
		ends = append(ends, provider.Shutdown)
	}
	return func(ctx context.Context) error { return end(ctx, ends) }, nil
}

func end(ctx context.Context, ends []func(context.Context) error) error {
	var failures []error
	for _, shutdown := range ends {
		failures = append(failures, shutdown(ctx))
	}
	return errors.Join(failures...)
}
