package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// batchClaim is how long the calls of a provider's batch are claimed: longer than the
// answers are kept there, since another run would otherwise pay for them again.
const batchClaim = 32 * 24 * time.Hour

// BeginProviderBatch claims the calls of a batch and sets their worst cases aside, in
// one transaction, before the batch is handed in. It returns the items that are in it,
// numbered anew: those that are answered or claimed already are left out, and from the
// first one on that the budget does not allow (exhausted) all that follow. Without any
// nothing is stored.
func (s *Store) BeginProviderBatch(ctx context.Context, batch eval.ProviderBatch, items []eval.BatchItem, budget audit.NanoUSD, now time.Time) (in []eval.BatchItem, exhausted bool, err error) {
	err = s.write(ctx, func(tx *transaction) error {
		in, exhausted = nil, false
		_, err := tx.ExecContext(ctx, `
INSERT INTO provider_batches (id, provider, model, remote_id, state, reason, submitted_at) VALUES (?, ?, ?, '', 'open', '', ?)`,
			batch.ID, batch.Provider, batch.Model, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("begin batch: %w", err)
		}
		for _, item := range items {
			err := reserve(ctx, tx, item.Cell, item.WorstCase, budget, now, now.Add(batchClaim))
			switch {
			case errors.Is(err, eval.ErrClaimed):
				continue
			case errors.Is(err, eval.ErrBudgetExhausted):
				exhausted = true
			case err != nil:
				return err
			}
			if exhausted {
				break
			}
			item.Number = len(in)
			_, err = tx.ExecContext(ctx, `
INSERT INTO provider_batch_items (batch_id, number, task_id, arm, repeat, step, reserved_nano_usd) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				batch.ID, item.Number, item.Cell.TaskID, item.Cell.Arm, item.Cell.Repeat, item.Cell.Step, item.WorstCase)
			if err != nil {
				return fmt.Errorf("begin batch: %w", err)
			}
			in = append(in, item)
		}
		if len(in) > 0 {
			return nil
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM provider_batches WHERE id = ?`, batch.ID)
		return err
	})
	return in, exhausted, err
}

// HandedIn keeps the provider's id of a batch.
func (s *Store) HandedIn(ctx context.Context, id, remote string) error {
	return s.keep(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE provider_batches SET remote_id = ? WHERE id = ?`, remote, id)
		return err
	})
}

// OpenProviderBatches are those whose answers are not collected, the oldest first.
func (s *Store) OpenProviderBatches(ctx context.Context) ([]eval.ProviderBatch, error) {
	var rows []struct {
		ID          string `db:"id"`
		Provider    string `db:"provider"`
		Model       string `db:"model"`
		Remote      string `db:"remote_id"`
		SubmittedAt int64  `db:"submitted_at"`
	}
	err := s.reader.SelectContext(ctx, &rows, `
SELECT b.id, b.provider, b.model, b.remote_id, b.submitted_at
FROM provider_batches b WHERE b.state = 'open' ORDER BY b.submitted_at, b.id`)
	if err != nil {
		return nil, fmt.Errorf("read batches: %w", err)
	}
	batches := make([]eval.ProviderBatch, len(rows))
	for i, row := range rows {
		batches[i] = eval.ProviderBatch{
			ID: row.ID, Provider: row.Provider, Model: row.Model, Remote: row.Remote,
			SubmittedAt: time.UnixMicro(row.SubmittedAt).UTC(),
		}
	}
	return batches, nil
}

// OpenBatchItems are the calls of a batch whose answers are not stored, by number, among
// them those to whose cell an answer was imported meanwhile: what they cost is not known
// yet.
func (s *Store) OpenBatchItems(ctx context.Context, id string) ([]eval.BatchItem, error) {
	var rows []struct {
		Number   int            `db:"number"`
		TaskID   string         `db:"task_id"`
		Arm      string         `db:"arm"`
		Week     int            `db:"week"`
		Category audit.Category `db:"category"`
		Repeat   int            `db:"repeat"`
		Step     int            `db:"step"`
		Reserved audit.NanoUSD  `db:"reserved_nano_usd"`
	}
	err := s.reader.SelectContext(ctx, &rows, `
SELECT i.number, i.task_id, i.arm, b.week, b.category, i.repeat, i.step, i.reserved_nano_usd
FROM provider_batch_items i JOIN batch_tasks b ON b.task_id = i.task_id
WHERE i.batch_id = ? AND NOT CASE WHEN i.step = 0
    THEN EXISTS (SELECT 1 FROM responses r JOIN calls c ON c.task_id = r.task_id AND c.arm = r.arm
        WHERE r.task_id = i.task_id AND r.arm = i.arm AND (r.origin <> 'recorded' OR c.claimed_until = 0))
    ELSE EXISTS (SELECT 1 FROM response_steps r WHERE r.task_id = i.task_id AND r.arm = i.arm AND r.repeat = i.repeat AND r.step = i.step) END
ORDER BY i.number`, id)
	if err != nil {
		return nil, fmt.Errorf("read batch: %w", err)
	}
	items := make([]eval.BatchItem, len(rows))
	for i, row := range rows {
		items[i] = eval.BatchItem{Number: row.Number, WorstCase: row.Reserved, Cell: eval.Cell{
			TaskID: row.TaskID, Category: row.Category, Arm: row.Arm, Week: row.Week, Repeat: row.Repeat, Step: row.Step,
		}}
	}
	return items, nil
}

// EndProviderBatch closes a batch and gives the calls back that got no answer, in one
// transaction: with it another run may make them. why is empty where it was collected.
func (s *Store) EndProviderBatch(ctx context.Context, id, why string, failures []eval.BatchFailure, now time.Time) error {
	state := "collected"
	if why != "" {
		state = "failed"
	}
	return s.keep(ctx, func(tx *transaction) error {
		for _, failure := range failures {
			if err := release(ctx, tx, failure.Cell, failure.FailedCall, now); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE provider_batches SET state = ?, reason = ?, ended_at = ? WHERE id = ? AND state = 'open'`,
			state, why, now.UnixMicro(), id)
		return err
	})
}
