package rate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// shutdownTime is how long requests that are under way may take to end.
const shutdownTime = 10 * time.Second

// Serve answers requests on the listener until the context ends, then lets those
// under way finish for up to ten seconds. It closes the listener and returns nil
// after an orderly end.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	if err := Until(ctx, listener, newServer(handler)); err != nil {
		return fmt.Errorf("rating site: %w", err)
	}
	return nil
}

// Until is [Serve] with a server of the caller's, whose handler and bounds it has.
func Until(ctx context.Context, listener net.Listener, server *http.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	// The context has ended already; the requests under way get their own time.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("stop serving: %w", errors.Join(err, server.Close()))
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	}
	return nil
}

// newServer bounds how long a client may take, and how much it may send before the
// handler sees it.
func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

// TLSListener is the listener over TLS, 1.2 at least, with a certificate.
func TLSListener(listener net.Listener, certificate tls.Certificate) net.Listener {
	return tls.NewListener(listener, &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	})
}
