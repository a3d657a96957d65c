package ingest

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// The kinds of content that are told apart by their first bytes.
type kind int

const (
	textKind kind = iota
	excelKind
	parquetKind
	archiveKind
)

// A source is a log opened for reading, however it is packed: a file, an entry of a
// zip archive or standard input, perhaps compressed, in any of the usual encodings.
// Its content can be read more than once.
type source struct {
	name   string // for messages
	beside string // the path beside which rejected rows go
	mode   fs.FileMode
	path   string                        // of the file itself; empty for what has none
	raw    func() (io.ReadSeeker, error) // the stored bytes from their start, apart from other readers of them
	random io.ReaderAt                   // the same, where they can be read at any place
	size   int64                         // of random

	kind        kind
	compression string // gzip, zstd or empty
	encoding    string // of text: utf-16le, utf-16be or empty
	oldBreaks   bool   // of text: line breaks are CR alone
	decided     bool   // whether windows1252 is known
	windows1252 bool

	closers []io.Closer
}

// openSource opens a path: a file, an entry of a zip archive as
// export.zip/entry.json, or [Stdin]. The caller closes it.
func openSource(path string) (s *source, err error) {
	s = &source{name: path, beside: path, mode: 0o600}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if path == Stdin {
		return s, s.openStdin(os.Stdin)
	}
	file, err := os.Open(path)
	if errors.Is(err, syscall.ENOTDIR) {
		return s, s.openEntry(path, err)
	}
	if err != nil {
		return s, err // names the path
	}
	s.closers = append(s.closers, file)
	info, err := file.Stat()
	if err != nil {
		return s, err
	}
	if info.IsDir() {
		return s, fmt.Errorf("%s is a directory; name a file", path)
	}
	if !info.Mode().IsRegular() { // a pipe, as of a shell's <(command)
		return s, s.spool(file)
	}
	s.mode, s.path = info.Mode().Perm(), path
	s.stored(file, info.Size())
	return s, s.inspect()
}

// stored makes a file that can be read at any place the content.
func (s *source) stored(at io.ReaderAt, size int64) {
	s.random, s.size = at, size
	s.raw = func() (io.ReadSeeker, error) { return io.NewSectionReader(at, 0, size), nil }
}

func (s *source) openStdin(in io.Reader) error {
	s.name, s.beside = "standard input", "stdin"
	return s.spool(in)
}

// spool keeps what can be read once in a temporary file.
func (s *source) spool(in io.Reader) error {
	file, size, err := spooled(in)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.name, err)
	}
	s.closers = append(s.closers, file)
	s.stored(file, size)
	return s.inspect()
}

// maxSpool bounds what is put into a temporary file.
const maxSpool = 64 << 30

// spooled copies a stream into a temporary file, which is gone when it is closed.
func spooled(in io.Reader) (_ *os.File, size int64, err error) {
	file, err := os.CreateTemp("", "modeltrial-*")
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	if err := os.Remove(file.Name()); err != nil {
		return file, 0, err
	}
	size, err = io.Copy(file, io.LimitReader(in, maxSpool+1))
	if err == nil && size > maxSpool {
		err = fmt.Errorf("is larger than %d GB; split it", maxSpool>>30)
	}
	return file, size, err
}

// close closes what was opened for the source.
func (s *source) close() error {
	var failed []error
	for _, closer := range slices.Backward(s.closers) {
		failed = append(failed, closer.Close())
	}
	return errors.Join(failed...)
}

// openEntry opens export.zip/entry.json; otherwise is the error of a path that is
// no such thing.
func (s *source) openEntry(path string, otherwise error) error {
	archive := path
	for {
		archive = filepath.Dir(archive)
		if info, err := os.Stat(archive); err == nil && info.Mode().IsRegular() {
			break
		}
		if archive == filepath.Dir(archive) {
			return otherwise
		}
	}
	name := filepath.ToSlash(strings.TrimPrefix(path, archive+string(filepath.Separator)))
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return otherwise
	}
	s.closers = append(s.closers, reader)
	at := slices.IndexFunc(reader.File, func(entry *zip.File) bool { return entry.Name == name })
	if at < 0 {
		return fmt.Errorf("%s: there is no %q in the archive", archive, name)
	}
	entry := reader.File[at]
	s.beside = archive + "." + filepath.Base(name)
	s.raw = func() (io.ReadSeeker, error) {
		return newStream(nil, func(io.Reader) (io.Reader, error) { return entry.Open() })
	}
	return s.inspect()
}

// archiveEntries are the entries of a zip archive that may be logs. Of a chat
// account's export these are the conversations alone.
func archiveEntries(at io.ReaderAt, size int64) (entries []string, err error) {
	reader, err := zip.NewReader(at, size)
	if err != nil {
		return nil, fmt.Errorf("the zip archive is damaged: %w", err)
	}
	account := false
	for _, entry := range reader.File {
		base := filepath.Base(entry.Name)
		if entry.FileInfo().IsDir() || strings.HasPrefix(base, ".") || strings.HasPrefix(entry.Name, "__MACOSX/") || !mayBeLog(base) {
			continue
		}
		if isConversations(base) && !account {
			account, entries = true, nil
		}
		if !account || isConversations(base) {
			entries = append(entries, entry.Name)
		}
	}
	slices.Sort(entries)
	return entries, nil
}

// isConversations recognises conversations.json and the parts of a large one.
func isConversations(base string) bool {
	rest, ok := strings.CutPrefix(base, "conversations")
	return ok && strings.HasSuffix(rest, ".json") && strings.Trim(rest, "-_0123456789.jsno") == ""
}

// logEndings are the ends of names that a folder's or an archive's logs have. Names
// decide only which files in an archive are looked at, never what a file is.
var logEndings = []string{
	".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".parquet", ".gz", ".zst", ".zip", ".log",
}

func mayBeLog(base string) bool {
	return slices.Contains(logEndings, strings.ToLower(filepath.Ext(base))) && !isRejects(base)
}

// isRejects recognises the rejects file of a log.
func isRejects(base string) bool { return strings.HasSuffix(base, rejectsPath("")) }

// inspect finds out how the content is packed and what it is.
func (s *source) inspect() error {
	head, err := s.head()
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		s.compression = "gzip"
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		s.compression = "zstd"
	}
	if s.compression != "" {
		if head, err = s.head(); err != nil {
			return err
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		s.kind = parquetKind
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		s.kind = archiveKind
	}
	if s.kind != textKind {
		return s.inspectStored()
	}
	s.encoding = utf16Kind(head)
	if s.encoding != "" {
		if head, err = s.head(); err != nil {
			return err
		}
	}
	s.oldBreaks = bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(bytes.TrimRight(head, "\r"), '\r') >= 0
	return nil
}

// inspectStored puts what must be read at any place where that can be done, and
// tells a workbook from other archives.
func (s *source) inspectStored() error {
	if s.compression != "" || s.random == nil {
		content, err := s.text()
		if err != nil {
			return err
		}
		file, size, err := spooled(content)
		if err != nil {
			return fmt.Errorf("read %s: %w", s.name, err)
		}
		s.closers = append(s.closers, file)
		s.random, s.size = file, size
	}
	if s.kind != archiveKind {
		return nil
	}
	archive, err := zip.NewReader(s.random, s.size)
	if err != nil {
		return fmt.Errorf("%s: the workbook or zip archive is damaged: %w; export it again", s.name, err)
	}
	if slices.ContainsFunc(archive.File, func(entry *zip.File) bool { return strings.EqualFold(entry.Name, "xl/workbook.xml") }) {
		s.kind = excelKind
	}
	return nil
}

// head is the beginning of the content, as far as it is unpacked yet.
func (s *source) head() ([]byte, error) {
	content, err := s.text()
	if err != nil {
		return nil, err
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(content, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("read %s: %w", s.name, err)
	}
	return head[:n], nil
}

// text is the content from its start, unpacked and in UTF-8, apart from what
// others read of it.
func (s *source) text() (io.ReadSeeker, error) {
	raw, err := s.raw()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.name, err)
	}
	return s.unpack(raw)
}

// unpack lays what the source needs over its stored bytes.
func (s *source) unpack(raw io.ReadSeeker) (content io.ReadSeeker, err error) {
	content = raw
	if s.compression != "" {
		if content, err = newStream(content, unpackers[s.compression]); err != nil {
			return nil, fmt.Errorf("read %s: %w", s.name, err)
		}
	}
	if s.encoding != "" {
		order := unicode.LittleEndian
		if s.encoding == "utf-16be" {
			order = unicode.BigEndian
		}
		if content, err = newStream(content, func(in io.Reader) (io.Reader, error) {
			return transform.NewReader(in, unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder()), nil
		}); err != nil {
			return nil, fmt.Errorf("read %s: %w", s.name, err)
		}
	}
	if s.oldBreaks {
		content = oldBreaks{content}
	}
	return content, nil
}

// utf16Kind recognises UTF-16 by its byte order mark or, of mostly Latin text, by
// the NUL that is every second byte.
func utf16Kind(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")) && len(head) >= 4 && head[2] != 0xfe:
		return "utf-16le"
	case bytes.HasPrefix(head, []byte("\xfe\xff")) && len(head) >= 4:
		return "utf-16be"
	case len(head) < 4:
		return ""
	}
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case zeros[1] > half/3 && zeros[0] < half/20 && head[0] != 0:
		return "utf-16le"
	case zeros[0] > half/3 && zeros[1] < half/20 && head[0] == 0:
		return "utf-16be"
	}
	return ""
}

// isWindows1252 decides, once it matters, whether text that is not UTF-8 is
// Windows-1252, of which Latin-1 is a part: no letter anywhere is written as UTF-8
// writes it, and the bytes that would be letters are the usual ones.
func (s *source) isWindows1252() bool {
	if s.decided || s.kind != textKind || s.encoding != "" {
		return s.windows1252
	}
	s.decided = true
	content, err := s.text()
	if err != nil {
		return false
	}
	usual, odd := 0, 0
	buffer, kept := make([]byte, headSize), 0
	for {
		n, err := io.ReadAtLeast(content, buffer[kept:], 1)
		text := buffer[:kept+n]
		for len(text) > 0 {
			if text[0] < utf8.RuneSelf {
				text = text[1:]
				continue
			}
			if err == nil && !utf8.FullRune(text) {
				break
			}
			if r, _ := utf8.DecodeRune(text); r != utf8.RuneError {
				return false
			}
			if usual1252(text[0]) {
				usual++
			} else {
				odd++
			}
			text = text[1:]
		}
		kept = copy(buffer, text)
		if err != nil {
			break
		}
	}
	s.windows1252 = usual > 9*odd
	return s.windows1252
}

// usual1252 tells the bytes that people's Windows-1252 text has: letters of western
// languages, quotation marks, dashes, and the signs of currencies and degrees.
func usual1252(b byte) bool {
	switch {
	case b >= 0xc0 && b <= 0xfc:
		return b != 0xd0 && b != 0xd7 && b != 0xde && b != 0xf0 && b != 0xf7
	case b >= 0xa0:
		return b < 0xc0
	}
	return bytes.IndexByte([]byte("\x80\x82\x84\x85\x8a\x8c\x8e\x91\x92\x93\x94\x95\x96\x97\x99\x9a\x9c\x9e\x9f"), b) >= 0
}
