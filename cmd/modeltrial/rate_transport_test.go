package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeCertificate writes a certificate for this machine, its key, and a client that
// trusts it.
func writeCertificate(t *testing.T) (certificate, key string, client *http.Client) {
	t.Helper()
	lender := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(lender.Close)
	pair := lender.TLS.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(t.TempDir(), "site.pem"), filepath.Join(t.TempDir(), "key.pem")
	err = errors.Join(
		os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	client = lender.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return certificate, key, client
}

// TestServeOverTLS runs the site's own process with a certificate.
func TestServeOverTLS(t *testing.T) {
	workspace := t.TempDir()
	s, tokens := newRatingPilot(t, filepath.Join(workspace, databaseName), 3, 1, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	certificate, key, client := writeCertificate(t)
	server, address := startServer(t, workspace, "--tls-cert", certificate, "--tls-key", key)
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() }) // the test is over
	if !strings.HasPrefix(address, "https://") {
		t.Fatalf("the site says that it is on %s, want https", address)
	}
	response, err := client.Get(address + "/r/" + tokens[0] + "?again")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // nothing is read
	if cookie := response.Header.Get("Set-Cookie"); response.StatusCode != http.StatusSeeOther || !strings.Contains(cookie, "; Secure") {
		t.Errorf("status %d, cookie %q, want a secure one", response.StatusCode, cookie)
	}
	if response, err := http.Get("http" + strings.TrimPrefix(address, "https")); err == nil {
		_ = response.Body.Close() // nothing is read
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("without TLS: status %d, want 400", response.StatusCode)
		}
	}
}

func TestTransport(t *testing.T) {
	certificate, key, _ := writeCertificate(t)
	local, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	public, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close(); _ = public.Close() }) // nothing was accepted
	for name, c := range map[string]struct {
		by       transport
		listener net.Listener
		scheme   string
		warns    bool
		fails    string
	}{
		"this machine":          {transport{}, local, "http", false, ""},
		"other machines":        {transport{}, public, "http", true, ""},
		"behind a proxy":        {transport{behindProxy: true}, public, "http", false, ""},
		"TLS":                   {transport{certificate: certificate, key: key}, public, "https", false, ""},
		"no such file":          {transport{certificate: certificate + "x", key: key}, public, "", false, certificate + "x"},
		"key and cert mixed up": {transport{certificate: key, key: certificate}, public, "", false, "belong together"},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			_, _, address, err := c.by.over(c.listener, http.NotFoundHandler(), &said)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error %v, want it to say %q", err, c.fails)
				}
				return
			}
			if err != nil || !strings.HasPrefix(address, c.scheme+"://") || (said.Len() > 0) != c.warns {
				t.Errorf("address %s, %v, said %q; want %s and a warning: %v", address, err, said.String(), c.scheme, c.warns)
			}
		})
	}
	for _, by := range []transport{{certificate: "x"}, {key: "x"}} {
		var usage *usageError
		if err := by.check(); !errors.As(err, &usage) {
			t.Errorf("%+v: got %v, want a usage error", by, err)
		}
	}
}
