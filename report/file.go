package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ReplaceFile writes a file whole or not at all: what was there before stays
// until the new content is complete. Errors name path, never the temporary file
// beside it.
func ReplaceFile(path string, write func(io.Writer) error) error {
	if err := replaceFile(path, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func replaceFile(path string, write func(io.Writer) error) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".modeltrial-*")
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no directory %s; make it first, or choose another", filepath.Dir(path))
	}
	if err != nil {
		return withoutPath(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, withoutPath(os.Remove(temporary.Name())))
		}
	}()
	const readable = 0o644
	if err := errors.Join(write(temporary), withoutPath(temporary.Chmod(readable)), withoutPath(temporary.Sync()), withoutPath(temporary.Close())); err != nil {
		return err
	}
	return withoutPath(os.Rename(temporary.Name(), path))
}

// withoutPath is what went wrong with a file without its name, which nobody gave.
func withoutPath(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	if failed, ok := errors.AsType[*os.LinkError](err); ok {
		return failed.Err
	}
	return err
}
