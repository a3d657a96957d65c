package rate

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowClientsAreCutOff by the server's own times, on a clock of the test's: one that
// never ends its header, one that never ends its body, and one that asks nothing more.
func TestSlowClientsAreCutOff(t *testing.T) {
	for name, c := range map[string]struct {
		sent  string
		reply bool // is read first
		after time.Duration
	}{
		"header": {"GET / HTTP/1.1\r\nHost: x\r\nX-", false, 10 * time.Second},
		"body":   {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf", false, 30 * time.Second},
		"idle":   {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				server := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if _, err := io.ReadAll(r.Body); err != nil {
						http.Error(w, "cut off", http.StatusRequestTimeout)
					}
				}))
				listener := &oneConnection{connection: make(chan net.Conn, 1), closed: make(chan struct{})}
				listener.connection <- theirs
				done := make(chan struct{})
				go func() {
					defer close(done)
					_ = server.Serve(listener) // ends when it is closed
				}()
				start := time.Now()
				if _, err := io.WriteString(ours, c.sent); err != nil {
					t.Fatal(err)
				}
				reader := bufio.NewReader(ours)
				if c.reply {
					response, err := http.ReadResponse(reader, nil)
					if err != nil || response.StatusCode != http.StatusOK {
						t.Fatalf("got %v, %v, want a reply", response, err)
					}
				}
				_, _ = io.Copy(io.Discard, reader) // until the server ends the connection
				if took := time.Since(start); took < c.after || took > c.after+time.Minute {
					t.Errorf("cut off after %v, want about %v", took, c.after)
				}
				if err := server.Close(); err != nil {
					t.Error(err)
				}
				<-done
			})
		})
	}
}

// oneConnection is a listener that accepts one connection.
type oneConnection struct {
	connection chan net.Conn
	closed     chan struct{}
}

func (l *oneConnection) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connection:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *oneConnection) Close() error {
	close(l.closed)
	return nil
}

func (l *oneConnection) Addr() net.Addr { return &net.TCPAddr{} }
