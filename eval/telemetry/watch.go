package telemetry

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"
	"go.opentelemetry.io/otel/trace"

	"modeltrial/eval"
	"modeltrial/eval/provider"
)

// scope is the name that spans and metrics stand under.
const scope = "modeltrial"

// The bounds that the conventions advise for the histograms, in seconds and tokens.
var (
	durationBounds = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	tokenBounds    = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
)

// watched is a provider whose calls are told.
type watched struct {
	provider.Provider
	name     genaiconv.ProviderNameAttr
	server   []attribute.KeyValue // its address; none where it has none
	logger   *slog.Logger
	tracer   trace.Tracer
	duration genaiconv.ClientOperationDuration
	first    genaiconv.ClientOperationTimeToFirstChunk
	tokens   genaiconv.ClientTokenUsage
}

// Watch has the calls of a provider told: each attempt is a span, a measurement and a log
// record, at level Debug where it was answered, else Info, for it may be made again. It
// comes after [Export]. A provider that calls nobody is returned as it is.
func Watch(answering provider.Provider, known eval.Provider, logger *slog.Logger) (provider.Provider, error) {
	if !known.Kind.Called() {
		return answering, nil
	}
	w := &watched{
		Provider: answering, name: genaiconv.ProviderNameAttr(known.Name), server: serverOf(known.BaseURL),
		logger: logger, tracer: otel.Tracer(scope),
	}
	meter := otel.Meter(scope)
	var errs [3]error
	w.duration, errs[0] = genaiconv.NewClientOperationDuration(meter, metric.WithExplicitBucketBoundaries(durationBounds...))
	w.first, errs[1] = genaiconv.NewClientOperationTimeToFirstChunk(meter, metric.WithExplicitBucketBoundaries(durationBounds...))
	w.tokens, errs[2] = genaiconv.NewClientTokenUsage(meter, metric.WithExplicitBucketBoundaries(tokenBounds...))
	return w, errors.Join(errs[:]...)
}

func serverOf(base string) []attribute.KeyValue {
	address, err := url.Parse(base)
	if err != nil || address.Hostname() == "" {
		return nil
	}
	attributes := []attribute.KeyValue{semconv.ServerAddress(address.Hostname())}
	if port, err := strconv.Atoi(address.Port()); err == nil {
		attributes = append(attributes, semconv.ServerPort(port))
	}
	return attributes
}

// Answer makes one attempt and tells of it.
func (w *watched) Answer(ctx context.Context, request provider.Request) (provider.Answer, error) {
	began := time.Now()
	common := append([]attribute.KeyValue{semconv.GenAIRequestModel(request.Arm.Model)}, w.server...)
	ctx, span := w.tracer.Start(ctx, string(genaiconv.OperationNameChat)+" "+request.Arm.Model,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(common...),
		trace.WithAttributes(semconv.GenAIOperationNameChat, semconv.GenAIProviderNameKey.String(string(w.name))))
	defer span.End()
	answer, err := w.Provider.Answer(ctx, request)
	took := time.Since(began)
	if err != nil {
		kind := errorType(err)
		// The message may quote what the provider answered: it is in the store alone.
		span.SetStatus(codes.Error, kind)
		span.SetAttributes(semconv.ErrorTypeKey.String(kind))
		w.duration.Record(ctx, took.Seconds(), genaiconv.OperationNameChat, w.name, append(common, semconv.ErrorTypeKey.String(kind))...)
		w.record(ctx, slog.LevelInfo, "call failed", request, took, slog.String("error", kind))
		return answer, err
	}
	if answer.ModelServed != "" {
		common = append(common, semconv.GenAIResponseModel(answer.ModelServed))
	}
	if span.IsRecording() {
		span.SetAttributes(answered(answer)...)
	}
	w.duration.Record(ctx, took.Seconds(), genaiconv.OperationNameChat, w.name, common...)
	if answer.TTFT != nil {
		w.first.Record(ctx, answer.TTFT.Seconds(), genaiconv.OperationNameChat, w.name, common...)
	}
	var said []slog.Attr
	if n := answer.Tokens.Input; n != nil {
		said = append(said, slog.Int64("input_tokens", *n))
		w.tokens.Record(ctx, *n, genaiconv.OperationNameChat, w.name, genaiconv.TokenTypeInput, common...)
	}
	if n := answer.Tokens.Output; n != nil {
		said = append(said, slog.Int64("output_tokens", *n))
		w.tokens.Record(ctx, *n, genaiconv.OperationNameChat, w.name, genaiconv.TokenTypeOutput, common...)
	}
	w.record(ctx, slog.LevelDebug, "call answered", request, took, append(said, slog.String("finish_reason", answer.FinishReason))...)
	return answer, nil
}

// record writes a log record of a call; most runs write none.
func (w *watched) record(ctx context.Context, level slog.Level, message string, request provider.Request, took time.Duration, more ...slog.Attr) {
	if !w.logger.Enabled(ctx, level) {
		return
	}
	w.logger.LogAttrs(ctx, level, message, append([]slog.Attr{
		slog.String("provider", string(w.name)), slog.String("model", request.Arm.Model), slog.String("arm", request.Arm.Name),
		slog.String("task", request.Task.ID), slog.Int64("ms", took.Milliseconds()),
	}, more...)...)
}

// answered are a span's attributes of an answer.
func answered(answer provider.Answer) []attribute.KeyValue {
	attributes := []attribute.KeyValue{semconv.GenAIResponseFinishReasons(cmp.Or(answer.FinishReason, "unknown"))}
	if answer.ModelServed != "" {
		attributes = append(attributes, semconv.GenAIResponseModel(answer.ModelServed))
	}
	if answer.TTFT != nil {
		attributes = append(attributes, semconv.GenAIResponseTimeToFirstChunk(answer.TTFT.Seconds()))
	}
	for _, kind := range []struct {
		tokens    *int64
		attribute func(int) attribute.KeyValue
	}{
		{answer.Tokens.Input, semconv.GenAIUsageInputTokens},
		{answer.Tokens.Output, semconv.GenAIUsageOutputTokens},
		{answer.Tokens.Cached, semconv.GenAIUsageCacheReadInputTokens},
		{answer.Tokens.CacheWrite, semconv.GenAIUsageCacheCreationInputTokens},
		{answer.Tokens.Reasoning, semconv.GenAIUsageReasoningOutputTokens},
	} {
		if kind.tokens != nil {
			attributes = append(attributes, kind.attribute(int(*kind.tokens)))
		}
	}
	return attributes
}

// errorType is of few values, as the conventions ask: the HTTP status, else what went wrong.
func errorType(err error) string {
	failure, ok := errors.AsType[*provider.Error](err)
	switch {
	case !ok && errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case !ok && errors.Is(err, context.Canceled):
		return "canceled"
	case !ok:
		return string(genaiconv.ErrorTypeOther)
	case failure.Status > 0:
		return strconv.Itoa(failure.Status)
	case failure.Dead:
		return "unreachable"
	case failure.Unusable:
		return "unusable_answer"
	}
	return "no_answer"
}
