package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/charmap"
)

// A stream is content that can only be read forwards, such as what is compressed.
// Going back reads it again from its start.
type stream struct {
	under io.ReadSeeker // nil where open needs none
	open  func(io.Reader) (io.Reader, error)

	content  io.Reader
	at       int64
	furthest int64
	again    int64 // bytes read again
	stored   countingReader
}

// A countingReader counts what is read.
type countingReader struct {
	source io.Reader
	read   int64
}

func (c *countingReader) Read(buffer []byte) (int, error) {
	n, err := c.source.Read(buffer)
	c.read += int64(n)
	return n, err
}

func newStream(under io.ReadSeeker, open func(io.Reader) (io.Reader, error)) (*stream, error) {
	s := &stream{under: under, open: open}
	return s, s.restart()
}

func (s *stream) restart() (err error) {
	if closer, ok := s.content.(io.Closer); ok {
		if err := closer.Close(); err != nil {
			return err
		}
	}
	s.stored = countingReader{source: s.under}
	if s.under != nil {
		if _, err := s.under.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	s.at = 0
	s.content, err = s.open(&s.stored)
	return err
}

// Limits of what small files may unpack to: no log is packed that well.
const (
	maxRatio    = 2000
	freeOfRatio = 256 << 20
)

// Read reads on. Content that a small file unpacks to without end is an error.
func (s *stream) Read(buffer []byte) (int, error) {
	n, err := s.content.Read(buffer)
	s.at += int64(n)
	s.furthest = max(s.furthest, s.at)
	if s.under != nil && s.at > freeOfRatio && s.at > maxRatio*s.stored.read {
		return 0, fmt.Errorf("it unpacks to more than %d times its size, as no log does", maxRatio)
	}
	if err != nil && err != io.EOF {
		return n, fmt.Errorf("it is damaged or cut off: %w; export it again", err)
	}
	return n, err
}

// errBackTooOften ends going back in a file that would take quadratic time.
var errBackTooOften = errors.New("read again too often")

// Seek goes to a place counted from the start.
func (s *stream) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekStart {
		return s.at, errors.ErrUnsupported
	}
	if offset < s.at {
		if s.again+offset > 16*s.furthest+headSize {
			return s.at, errBackTooOften
		}
		s.again += offset
		if err := s.restart(); err != nil {
			return 0, err
		}
	}
	_, err := io.CopyN(io.Discard, readerOnly{s}, offset-s.at)
	return s.at, err
}

// readerOnly hides Seek, so that io.CopyN reads.
type readerOnly struct{ io.Reader }

// unpackers open what is compressed, by [FileReport.Compression].
var unpackers = map[string]func(io.Reader) (io.Reader, error){
	"gzip": func(in io.Reader) (io.Reader, error) { return gzip.NewReader(in) },
	"zstd": func(in io.Reader) (io.Reader, error) {
		reader, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return reader.IOReadCloser(), nil
	},
}

// maxWindow bounds the memory that unpacking takes; zstd at its strongest asks for
// as much.
const maxWindow = 128 << 20

// oldBreaks reads the CR of old text files as LF.
type oldBreaks struct{ io.ReadSeeker }

func (r oldBreaks) Read(buffer []byte) (int, error) {
	n, err := r.ReadSeeker.Read(buffer)
	for text := buffer[:n]; ; {
		at := bytes.IndexByte(text, '\r')
		if at < 0 {
			return n, err
		}
		text[at] = '\n'
		text = text[at+1:]
	}
}

// fromWindows1252 makes UTF-8 of Windows-1252.
func fromWindows1252(text string) string {
	decoded, err := charmap.Windows1252.NewDecoder().String(text)
	if err != nil {
		return text // stays what it is and is rejected as not UTF-8
	}
	return decoded
}
