//go:build !linux || !(amd64 || arm64)

package sandbox

import "context"

// Run refuses: see the Linux form.
func Run(context.Context, []string, map[string]string, Limits) (Result, error) {
	return Result{}, ErrUnsupported
}
