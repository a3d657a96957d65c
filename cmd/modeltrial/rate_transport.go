package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"

	"github.com/spf13/cobra"

	"modeltrial/eval/rate"
)

// transport is how raters' browsers reach a site.
type transport struct {
	certificate string // file; empty: no TLS of its own
	key         string // file
	behindProxy bool
}

func (t *transport) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.certificate, "tls-cert", "", "serve over TLS with the certificate in this file (PEM, with its chain)")
	cmd.Flags().StringVar(&t.key, "tls-key", "", "file of the certificate's private key (PEM)")
	cmd.Flags().BoolVar(&t.behindProxy, "behind-proxy", false, "a proxy with TLS stands before the site: cookies need TLS, and X-Forwarded-For is believed")
}

func (t *transport) check() error {
	if (t.certificate == "") != (t.key == "") {
		return usagef("--tls-cert and --tls-key need each other: a certificate and its private key")
	}
	return nil
}

// over makes a listener and a site ones of this transport, and gives the address that
// raters use here. It warns where others could read along.
func (t *transport) over(listener net.Listener, site http.Handler, errOut io.Writer) (_ net.Listener, _ http.Handler, address string, err error) {
	if t.behindProxy {
		site = rate.BehindProxy(site)
	}
	if t.certificate == "" {
		if !t.behindProxy && !loopback(listener.Addr()) {
			fmt.Fprintln(errOut, "! without TLS everyone on the way can read answers and take raters' links; give --tls-cert and --tls-key, or put a proxy with TLS before it and say --behind-proxy")
		}
		return listener, site, "http://" + listener.Addr().String(), nil
	}
	certificate, err := tls.LoadX509KeyPair(t.certificate, t.key)
	if err != nil {
		return nil, nil, "", fmt.Errorf("certificate %s with key %s: %w; both are PEM files and belong together", t.certificate, t.key, err)
	}
	return rate.TLSListener(listener, certificate), site, "https://" + listener.Addr().String(), nil
}

// loopback says whether an address is reached from this machine alone.
func loopback(address net.Addr) bool {
	parsed, err := netip.ParseAddrPort(address.String())
	return err == nil && parsed.Addr().IsLoopback()
}
