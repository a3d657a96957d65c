package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
)

const (
	insertSpendFile = `
INSERT INTO spend_files (path, format, sha256, rows, rejected, imported_at) VALUES (?, '', '', 0, 0, ?)`
	finishSpendFile = `
UPDATE spend_files SET format = ?, sha256 = ?, rows = ?, rejected = ? WHERE id = ?`
	sameSpendFile = `
SELECT id FROM spend_files WHERE sha256 = ? AND format = ? AND id <> ?`
	// Entries of one file under one key add up; those of an earlier file give way.
	insertSpendEntry = `
INSERT INTO spend_entries AS e (
    format, starts_at, month, model, provider, detail,
    requests, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_nano_usd, file_id
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (format, starts_at, model, provider, detail) DO UPDATE SET
    requests = CASE WHEN e.file_id = excluded.file_id THEN e.requests + excluded.requests ELSE excluded.requests END,
    input_tokens = CASE WHEN e.file_id = excluded.file_id THEN e.input_tokens + excluded.input_tokens ELSE excluded.input_tokens END,
    cached_tokens = CASE WHEN e.file_id = excluded.file_id THEN e.cached_tokens + excluded.cached_tokens ELSE excluded.cached_tokens END,
    output_tokens = CASE WHEN e.file_id = excluded.file_id THEN e.output_tokens + excluded.output_tokens ELSE excluded.output_tokens END,
    reasoning_tokens = CASE WHEN e.file_id = excluded.file_id THEN e.reasoning_tokens + excluded.reasoning_tokens ELSE excluded.reasoning_tokens END,
    cost_nano_usd = CASE WHEN e.file_id = excluded.file_id THEN e.cost_nano_usd + excluded.cost_nano_usd ELSE excluded.cost_nano_usd END,
    file_id = excluded.file_id`
)

// TextlessFormat is the format of the spend of a gateway's requests without texts. They
// are not all of what it accounts for: see [audit.Baseline].
const TextlessFormat = "litellm-textless"

// errSameFile ends an import of a file that was imported before.
var errSameFile = errors.New("imported before")

// ImportBaseline takes in a provider's account of what was used, all of it or
// nothing. read gives each entry to take and returns what the file was. An entry
// replaces that of an earlier file for the same format, bucket, model, provider
// and detail. Where a file of the same content was imported before, nothing
// changes and known is true.
func (s *Store) ImportBaseline(ctx context.Context, path, format string, read func(take func(audit.SpendEntry) error) (ImportedFile, error)) (known bool, err error) {
	err = s.write(ctx, func(t *transaction) error {
		id, err := t.insert(ctx, insertSpendFile, path, time.Now().UnixMicro())
		if err != nil {
			return err
		}
		file, err := read(func(entry audit.SpendEntry) error {
			_, err := t.ExecContext(ctx, insertSpendEntry,
				format, entry.Start.UnixMicro(), entry.Start.UTC().Format("2006-01"), entry.Model, entry.Provider, entry.Detail,
				entry.Requests, entry.InputTokens, entry.CachedTokens, entry.OutputTokens, entry.ReasoningTokens, entry.Cost, id)
			if err != nil {
				return fmt.Errorf("store spend of %q on %s: %w", entry.Model, entry.Start.Format(time.DateOnly), err)
			}
			return nil
		})
		if err != nil {
			return err
		}
		var earlier int64
		err = t.GetContext(ctx, &earlier, sameSpendFile, file.SHA256, format, id)
		if err == nil {
			return errSameFile
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = t.ExecContext(ctx, finishSpendFile, format, file.SHA256, file.Rows, file.Rejected, id)
		return err
	})
	if errors.Is(err, errSameFile) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("import spend of %s: %w", path, err)
	}
	return false, nil
}

// Baselines gives what the imported accounts say, by month, model, provider and
// file.
func (s *Store) Baselines(ctx context.Context) ([]audit.Baseline, error) {
	var baselines []audit.Baseline
	err := s.reader.SelectContext(ctx, &baselines, `
SELECT
    e.month,
    e.model,
    e.provider,
    CASE WHEN count(e.requests) = count(*) THEN sum(e.requests) END AS requests,
    CASE WHEN count(e.input_tokens) = count(*) THEN sum(e.input_tokens) END AS input_tokens,
    CASE WHEN count(e.cached_tokens) = count(*) THEN sum(e.cached_tokens) END AS cached_tokens,
    CASE WHEN count(e.output_tokens) = count(*) THEN sum(e.output_tokens) END AS output_tokens,
    CASE WHEN count(e.reasoning_tokens) = count(*) THEN sum(e.reasoning_tokens) END AS reasoning_tokens,
    CASE WHEN count(e.cost_nano_usd) = count(*) THEN sum(e.cost_nano_usd) END AS cost_nano_usd,
    f.path,
    e.format = '`+TextlessFormat+`' AS textless
FROM spend_entries e JOIN spend_files f ON f.id = e.file_id
GROUP BY e.month, e.model, e.provider, f.path, textless
ORDER BY e.month, e.model, e.provider, f.path`)
	if err != nil {
		return nil, fmt.Errorf("read spend baselines: %w", err)
	}
	return baselines, nil
}
