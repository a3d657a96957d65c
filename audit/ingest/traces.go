package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// langfuseTraces recognises the traces that older exports of Langfuse keep beside
// observations. They say who asked in which session; what was asked is in the
// observations, so that traces are no tasks.
var langfuseTraces = &dialect{
	name: "langfuse-traces",
	is: func(s *shape) bool {
		return s.has("id", "timestamp") && s.hasOne("bookmarked", "public", "release") && s.hasOne("user_id", "session_id") && !s.hasOne("type", "trace_id", "prompt")
	},
	within: [][]string{{"data", anyElement}},
	draft: func(r *record) []*draft {
		d := newDraft()
		d.take(r, "id", "id")
		d.take(r, "user", "user_id")
		d.take(r, "cluster", "session_id")
		d.take(r, "tags", "tags")
		d.filtered = "traces, which say the user and session of observations"
		return []*draft{d}
	},
}

// Traces are the users and sessions of a Langfuse export's traces.
type Traces struct {
	byID map[string]trace
	left int
}

// A trace is what is taken of one.
type trace struct{ user, session, tags string }

// mostTraces bounds how many traces are held.
const mostTraces = 500_000

// ReadTraces reads those of the paths that are traces of a Langfuse export, for the
// observations in the others. Paths that cannot be read are left to be told when
// their turn comes.
func ReadTraces(ctx context.Context, paths []Path, options Options) (*Traces, error) {
	traces := &Traces{byID: map[string]trace{}}
	for _, path := range paths {
		if path.Path == Stdin {
			continue // can be read once
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read %s: %w", path.Path, err)
		}
		if err := traces.read(path.Path, options.file(path.Path)); err != nil {
			return nil, err
		}
	}
	return traces, nil
}

// read reads one file, where it is one of traces.
func (t *Traces) read(path string, file File) (err error) {
	s, err := openSource(path)
	if err != nil {
		return nil // is told when it is read
	}
	defer func() { err = errors.Join(err, s.close()) }()
	raw, err := s.raw()
	if err != nil {
		return nil // is told when it is read
	}
	table, closer, err := s.open(raw, file)
	if err != nil {
		return nil // is told when it is read
	}
	if closer != nil {
		defer func() { err = errors.Join(err, closer.Close()) }()
	}
	if table.translator == nil || table.translator.dialect != langfuseTraces {
		return nil
	}
	for {
		d, err := table.translator.next()
		if err == io.EOF {
			return nil
		}
		if _, bad := asFault(err); bad {
			continue
		}
		if err != nil {
			return table.readError(err)
		}
		if len(t.byID) == mostTraces {
			t.left++
			continue
		}
		t.byID[d.values["id"]] = trace{d.values["user"], d.values["cluster"], d.values["tags"]}
	}
}

// join gives an observation what its trace says and it does not.
func (t *Traces) join(d *draft, id string) {
	if t == nil {
		return
	}
	found := t.byID[id]
	for _, part := range [...]struct{ field, text, from string }{
		{"user", found.user, "the trace's user_id"}, {"tags", found.tags, "the trace's tags"},
	} {
		if d.values[part.field] == "" {
			d.set(part.field, part.text, part.from)
		}
	}
	if found.session != "" && d.from["cluster"] != "session_id" {
		d.set("cluster", found.session, "the trace's session_id")
	}
}
