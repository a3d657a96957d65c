package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/provider"
	"modeltrial/eval/run"
	"modeltrial/eval/telemetry"
)

// observing are the flags for those who run modeltrial where nobody looks at a terminal.
type observing struct {
	format, level string
	end           func(context.Context) error // nil before start
}

func (o *observing) add(root *cobra.Command) {
	root.PersistentFlags().StringVar(&o.format, "log-format", "text", "how records of calls, requests and failures are written on standard error: text or json")
	root.PersistentFlags().StringVar(&o.level, "log-level", "warn", "from which level on: debug (every call), info (failed calls, requests), warn or error")
}

// start makes the logger that everything uses, and has spans and metrics sent where the
// environment names a collector.
func (o *observing) start(ctx context.Context, errOut io.Writer) (err error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.level)); err != nil {
		return usagef("--log-level is %q; choose debug, info, warn or error", o.level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch o.format {
	case "text":
		slog.SetDefault(slog.New(slog.NewTextHandler(errOut, options)))
	case "json":
		slog.SetDefault(slog.New(slog.NewJSONHandler(errOut, options)))
	default:
		return usagef("--log-format is %q; choose text or json", o.format)
	}
	o.end, err = telemetry.Export(ctx, os.Getenv, func(err error) { slog.Warn("the collector does not take telemetry", "error", err) })
	return err
}

// stop sends what is left of the spans and metrics.
func (o *observing) stop() error {
	if o.end == nil {
		return nil
	}
	const longest = 5 * time.Second // a collector that is away holds nobody up
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	if err := o.end(ctx); err != nil {
		return fmt.Errorf("send the last telemetry: %w", err)
	}
	return nil
}

// newEndpoint makes a provider of the configuration, whose calls are told.
func newEndpoint(known eval.Provider, getenv func(string) string, recorded provider.RecordedLookup) (run.Endpoint, error) {
	answering, err := provider.New(known, getenv, recorded)
	if err != nil {
		return run.Endpoint{}, err
	}
	if answering, err = telemetry.Watch(answering, known, slog.Default()); err != nil {
		return run.Endpoint{}, err
	}
	return run.NewEndpoint(answering, known), nil
}
