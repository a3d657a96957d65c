package provider

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestRedactFindsTheKeyInEveryForm(t *testing.T) {
	const key = `sk-a/b+"c=`
	redacting := endpoint{secret: secretPattern(key)}
	for _, text := range []string{
		key, `sk-a\/b+\"c=`, `sk\u002da\u002Fb\u002b\u0022c\u003D`, "sk-a%2Fb%2b%22c%3D",
	} {
		if got := redacting.redact("<" + text + ">"); got != "<[key]>" {
			t.Errorf("%s: got %s", text, got)
		}
	}
	if got := redacting.redact("sk-a"); got != "sk-a" {
		t.Errorf("a part of it became %s", got)
	}
}

// A countedConn counts the writes to a connection.
type countedConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countedConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// TestARequestIsSentInOnePiece: also where the body is wrapped, as OpenAI's SDK does.
func TestARequestIsSentInOnePiece(t *testing.T) {
	var got atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what was read is compared
		got.Store(string(body))
	}))
	defer server.Close()
	var writes atomic.Int64
	client := &http.Client{Transport: inOnePiece{&http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return countedConn{conn, &writes}, err
	}}}}
	request, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader("a question"))
	if err != nil {
		t.Fatal(err)
	}
	wrapped := struct{ io.ReadCloser }{request.Body}
	request.Body = wrapped
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	if got.Load() != "a question" || writes.Load() != 1 {
		t.Errorf("the server got %q in %d writes, want the question in one", got.Load(), writes.Load())
	}
	if request.Body != wrapped {
		t.Error("the caller's request was changed")
	}
}
