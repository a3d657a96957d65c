// Package telemetry tells of calls of models while they are made: a span and metrics for
// each attempt by the semantic conventions of OpenTelemetry for generative AI, sent over
// OTLP where the environment names a collector, and a log record. None of them holds a
// prompt, an answer or a key. What was asked and answered belongs in the store.
package telemetry
