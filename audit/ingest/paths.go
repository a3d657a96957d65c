package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Path is a log to read. One that was found in a folder or an archive may turn out
// to be none, such as a list of what was exported. Odd says that its name does not end
// as those of logs do, so that only its content tells: see [Sift].
type Path struct {
	Path  string
	Found bool
	Odd   bool
}

// Paths are the logs that arguments stand for: files, all files in folders, those in zip
// archives whose names logs may have, patterns such as logs/*.csv, and [Stdin].
func Paths(arguments []string) ([]Path, error) {
	var paths []Path
	for _, argument := range arguments {
		info, err := os.Stat(argument)
		switch {
		case argument == Stdin:
			paths = append(paths, Path{Path: Stdin})
			continue
		case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(argument, "*?["):
			matches, err := filepath.Glob(argument)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", argument, err)
			}
			matches = slices.DeleteFunc(matches, isRejects)
			if len(matches) == 0 {
				return nil, fmt.Errorf("%s: no file is named so", argument)
			}
			inside, err := Paths(matches)
			if err != nil {
				return nil, err
			}
			paths = append(paths, inside...)
			continue
		case err == nil && info.IsDir():
			inside, err := inFolder(argument)
			if err != nil {
				return nil, err
			}
			paths = append(paths, inside...)
			continue
		}
		inside, err := inArchive(argument)
		if err != nil {
			return nil, err
		}
		if inside == nil {
			inside = []Path{{Path: argument}} // one that cannot be opened says so when it is read
		}
		paths = append(paths, inside...)
	}
	return paths, nil
}

// inFolder finds the logs in a folder and the folders in it.
func inFolder(folder string) ([]Path, error) {
	var paths []Path
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != folder && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case !entry.Type().IsRegular() || isRejects(entry.Name()):
			return nil
		case !mayBeLog(entry.Name()):
			paths = append(paths, Path{Path: path, Found: true, Odd: true})
			return nil
		}
		inside, err := inArchive(path)
		if err != nil {
			return err
		}
		if inside == nil {
			inside = []Path{{Path: path, Found: true}}
		}
		paths = append(paths, inside...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for logs: %w", err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: there is no file in this directory that could be a log", folder)
	}
	return paths, nil
}

// Sift takes out the odd paths whose content is no log either: it must be recognised as
// an export, a workbook or the like, or as a table with two fields at least, since a page
// of notes may begin with the word Question. Their files are others.
func Sift(ctx context.Context, paths []Path, options Options) (logs []Path, others []string) {
	for _, path := range paths {
		if path.Odd && !isLog(ctx, path.Path, options) {
			others = append(others, path.Path)
			continue
		}
		logs = append(logs, path)
	}
	return logs, others
}

func isLog(ctx context.Context, path string, options Options) bool {
	in, err := openInput(ctx, options.file(path))
	if err != nil {
		return errors.Is(err, ErrSpend)
	}
	recognised := in.table.Format() != CSV || len(in.table.Mapped()) > 1
	return in.close() == nil && recognised
}

// inArchive finds the logs in a zip archive; none for any other file.
func inArchive(path string) ([]Path, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil // is said when it is read
	}
	magic := make([]byte, 2)
	_, err = io.ReadFull(file, magic)
	if err := errors.Join(ignoreShort(err), file.Close()); err != nil || string(magic) != "PK" {
		return nil, nil // is said when it is read
	}
	s, err := openSource(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.close() }() // was only read
	if s.kind != archiveKind {
		return nil, nil
	}
	entries, err := archiveEntries(s.random, s.size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%s: no file in the archive looks like a log", path)
	}
	paths := make([]Path, len(entries))
	for i, entry := range entries {
		paths[i] = Path{Path: filepath.Join(path, filepath.FromSlash(entry)), Found: len(entries) > 1}
	}
	return paths, nil
}

func ignoreShort(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

// SpoolStdin keeps standard input in a file, so that it can be read more than once.
// The caller removes it.
func SpoolStdin(in io.Reader) (path string, err error) {
	file, err := os.CreateTemp("", "modeltrial-*")
	if err != nil {
		return "", fmt.Errorf("keep standard input: %w", err)
	}
	_, err = io.Copy(file, io.LimitReader(in, maxSpool))
	if err := errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("keep standard input: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return file.Name(), nil
}
