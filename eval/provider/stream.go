package provider

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// maxEventBytes is the longest line of a stream that is read, as in the SDKs.
const maxEventBytes = 32 << 20

// withoutNullErrors takes `"error": null` out of the events of a stream. Some
// endpoints write it into every one, and the SDK takes any error for a failure.
type withoutNullErrors struct{ next http.RoundTripper }

func (w withoutNullErrors) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := w.next.RoundTrip(request)
	if err == nil && response.StatusCode < 300 {
		lines := lineReaders.Get().(*bufio.Reader)
		lines.Reset(response.Body)
		response.Body = &nullErrorFilter{body: response.Body, lines: lines}
	}
	return response, err
}

// lineReaders are those of streams that have ended, for their buffers.
var lineReaders = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

type nullErrorFilter struct {
	body  io.Closer
	lines *bufio.Reader // nil after Close
	rest  []byte        // of the line that is being handed on
	err   error         // after the rest
}

func (f *nullErrorFilter) Read(p []byte) (int, error) {
	if f.lines == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	for len(f.rest) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		f.rest, f.err = f.line()
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// line is the next line with its end, as it was or without a null error.
func (f *nullErrorFilter) line() ([]byte, error) {
	var line []byte
	for {
		part, err := f.lines.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return append(line, part...), err
		}
		if line == nil && err == nil {
			return withoutNullError(part), nil // valid until the next line is read, which is after this one
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return withoutNullError(line), nil
		case len(line) > maxEventBytes:
			return nil, errors.New("an event of the stream is longer than 32 MiB")
		}
	}
}

func withoutNullError(line []byte) []byte {
	if !bytes.HasPrefix(line, []byte("data:")) || !bytes.Contains(line, []byte(`"error"`)) {
		return line
	}
	event := bytes.TrimSpace(line[len("data:"):])
	if failure := gjson.GetBytes(event, "error"); !failure.Exists() || failure.Type != gjson.Null || !gjson.ValidBytes(event) {
		return line
	}
	mended, err := sjson.DeleteBytes(event, "error")
	if err != nil {
		return line // the SDK says what is wrong
	}
	return slices.Concat([]byte("data: "), mended, []byte("\n"))
}

// Close ends the answer's body.
func (f *nullErrorFilter) Close() error {
	if f.lines != nil {
		f.lines.Reset(nil)
		lineReaders.Put(f.lines)
		f.lines, f.rest = nil, nil
	}
	return f.body.Close()
}
