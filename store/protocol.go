package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// ErrProtocolLocked is returned where another protocol is locked and no reason
// for a deviation was given.
var ErrProtocolLocked = errors.New("another protocol is locked")

// LockProtocol freezes a protocol. The same one again changes nothing; a different
// one while one is locked needs a reason, which is kept as a deviation, and
// becomes the next version. Without a reason it is [ErrProtocolLocked]. An arm that
// has answered keeps its model, provider and parameters: its answers would
// otherwise count for something that never gave them.
func (s *Store) LockProtocol(ctx context.Context, protocol eval.Protocol, reason string, now time.Time) (eval.LockedProtocol, error) {
	hash, err := protocol.Hash()
	if err != nil {
		return eval.LockedProtocol{}, err
	}
	current, err := s.Locked(ctx)
	switch {
	case err == nil && current.SHA256 == hash:
		return current, nil
	case err == nil && reason == "":
		return current, ErrProtocolLocked
	case err != nil && !errors.Is(err, eval.ErrNotFound):
		return current, err
	}
	if err := s.refuseChangedArms(ctx, protocol); err != nil {
		return current, err
	}
	if err := s.refuseChangedJudges(ctx, protocol); err != nil {
		return current, err
	}
	shares, err := s.CategoryShare(ctx)
	if err != nil {
		return current, err
	}
	next := eval.LockedProtocol{
		Version: current.Version + 1, SHA256: hash, LockedAt: now.UTC(), Protocol: protocol, CategoryShare: shares,
	}
	changes := ""
	if current.Version > 0 {
		changes = protocol.ChangesFrom(current.Protocol)
	}
	return next, s.write(ctx, func(tx *transaction) error { return insertProtocol(ctx, tx, next, changes, reason) })
}

// refuseChangedArms fails where an arm with responses, stored or in a batch, is another one now,
// also after a version of the protocol that did without it.
func (s *Store) refuseChangedArms(ctx context.Context, protocol eval.Protocol) error {
	for _, arm := range protocol.Arms {
		parameters, err := armParameters(arm)
		if err != nil {
			return err
		}
		var answered int
		err = s.reader.GetContext(ctx, &answered, `
SELECT count(*) FROM (SELECT task_id, arm FROM responses UNION SELECT task_id, arm FROM response_steps
    UNION SELECT c.task_id, c.arm FROM calls c WHERE `+inOpenBatch+`) a WHERE arm = ?1 AND EXISTS (
    SELECT 1 FROM arms WHERE name = ?1 AND (provider <> ?2 OR model <> ?3 OR parameters <> ?4)
    AND protocol_version = (SELECT max(protocol_version) FROM arms WHERE name = ?1))`,
			arm.Name, arm.Provider, arm.Model, parameters)
		if err != nil {
			return fmt.Errorf("lock protocol: %w", err)
		}
		if answered > 0 {
			return fmt.Errorf("lock protocol: arm %q has %d responses as it was, or awaits them from a provider's batch; give the changed arm another name", arm.Name, answered)
		}
	}
	return nil
}

// armParameters are an arm's parameters, or a pipeline's steps, as they are stored.
func armParameters(arm eval.Arm) (string, error) {
	var text []byte
	var err error
	if arm.Pipeline() {
		text, err = json.Marshal(arm.Steps)
	} else {
		text, err = json.Marshal(arm.Parameters)
	}
	return string(text), err
}

func insertProtocol(ctx context.Context, tx *transaction, locked eval.LockedProtocol, changes, reason string) error {
	body, err := json.Marshal(locked.Protocol)
	if err != nil {
		return err
	}
	shares, err := json.Marshal(locked.CategoryShare)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO protocols (version, sha256, body, category_share, locked_at) VALUES (?, ?, ?, ?, ?)`,
		locked.Version, locked.SHA256, string(body), string(shares), locked.LockedAt.UnixMicro())
	if err != nil {
		return fmt.Errorf("lock protocol: %w", err)
	}
	for _, arm := range locked.Protocol.Arms {
		role := "candidate"
		if arm.Name == locked.Protocol.Control {
			role = "control"
		}
		parameters, err := armParameters(arm)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
INSERT INTO arms (protocol_version, name, role, provider, model, parameters) VALUES (?, ?, ?, ?, ?, ?)`,
			locked.Version, arm.Name, role, arm.Provider, arm.Model, parameters)
		if err != nil {
			return fmt.Errorf("lock arm %q: %w", arm.Name, err)
		}
	}
	if reason == "" {
		return nil
	}
	return insertDeviation(ctx, tx, locked.Version, eval.Deviation{
		Kind: eval.ProtocolChanged, Subject: fmt.Sprintf("protocol version %d", locked.Version), Changes: changes, Reason: reason, RecordedAt: locked.LockedAt,
	})
}

// Locked is the protocol locked last; eval.ErrNotFound where there is none.
func (s *Store) Locked(ctx context.Context) (eval.LockedProtocol, error) {
	var row struct {
		Version  int    `db:"version"`
		SHA256   string `db:"sha256"`
		Body     string `db:"body"`
		Shares   string `db:"category_share"`
		LockedAt int64  `db:"locked_at"`
	}
	err := s.reader.GetContext(ctx, &row, `
SELECT version, sha256, body, category_share, locked_at FROM protocols ORDER BY version DESC LIMIT 1`)
	if err != nil {
		return eval.LockedProtocol{}, fmt.Errorf("locked protocol: %w", notFound(err))
	}
	locked := eval.LockedProtocol{Version: row.Version, SHA256: row.SHA256, LockedAt: time.UnixMicro(row.LockedAt).UTC()}
	err = errors.Join(json.Unmarshal([]byte(row.Body), &locked.Protocol), json.Unmarshal([]byte(row.Shares), &locked.CategoryShare))
	return locked, err
}

// lockedAgain is [Store.Locked] for what is asked often: it is read and parsed again only
// once another version is locked. What it points to is shared and must not be changed.
func (s *Store) lockedAgain(ctx context.Context) (eval.LockedProtocol, error) {
	var now struct {
		Version int    `db:"version"`
		SHA256  string `db:"sha256"`
	}
	if err := s.quick.GetContext(ctx, &now, `SELECT version, sha256 FROM protocols ORDER BY version DESC LIMIT 1`); err != nil {
		return eval.LockedProtocol{}, fmt.Errorf("locked protocol: %w", notFound(err))
	}
	if known := s.protocol.Load(); known != nil && known.Version == now.Version && known.SHA256 == now.SHA256 {
		return *known, nil
	}
	locked, err := s.Locked(ctx)
	if err == nil {
		s.protocol.Store(&locked)
	}
	return locked, err
}

// CreateBatch makes a week of the pilot with its sampled tasks by category. A
// category that has its sample of the week already keeps it, and a task stays in
// the batch of another week.
func (s *Store) CreateBatch(ctx context.Context, week int, tasks map[audit.Category][]string, now time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		if err := ensureBatch(ctx, tx, week, now); err != nil {
			return err
		}
		for category, ids := range tasks {
			var drawn bool
			err := tx.GetContext(ctx, &drawn, `
SELECT EXISTS (SELECT 1 FROM batch_tasks WHERE week = ? AND category = ? AND came_by = 'sample')`, week, category)
			if err != nil {
				return err
			}
			if drawn {
				continue
			}
			for _, id := range ids {
				_, err := tx.ExecContext(ctx, `
INSERT INTO batch_tasks (task_id, week, category, came_by) VALUES (?, ?, ?, 'sample')
ON CONFLICT (task_id) DO NOTHING`, id, week, category)
				if err != nil {
					return fmt.Errorf("task %q into week %d: %w", id, week, err)
				}
			}
		}
		return nil
	})
}

// SampledWeeks lists the weeks for which a category has its sample.
func (s *Store) SampledWeeks(ctx context.Context, category audit.Category) (weeks []int, err error) {
	err = s.reader.SelectContext(ctx, &weeks, `SELECT DISTINCT week FROM batch_tasks WHERE category = ? AND came_by = 'sample' ORDER BY week`, category)
	return weeks, err
}

// DropUnstartedBatches takes back the sample of every week after a change of the
// protocol, where no answer, rating or call hangs on it yet.
func (s *Store) DropUnstartedBatches(ctx context.Context) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
DELETE FROM batch_tasks WHERE came_by = 'sample' AND week NOT IN (
    SELECT b.week FROM batch_tasks b
    WHERE EXISTS (SELECT 1 FROM responses r WHERE r.task_id = b.task_id)
       OR EXISTS (SELECT 1 FROM calls c WHERE c.task_id = b.task_id)
       OR EXISTS (SELECT 1 FROM comparisons c WHERE c.task_id = b.task_id))`)
		if err != nil {
			return fmt.Errorf("take back samples: %w", err)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM batches WHERE week NOT IN (SELECT week FROM batch_tasks)`)
		return err
	})
}

func ensureBatch(ctx context.Context, tx *transaction, week int, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO batches (week, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING`, week, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("batch of week %d: %w", week, err)
	}
	return nil
}

// A BatchCount is the number of tasks of a week and category that the arms answer.
type BatchCount struct {
	Week     int            `db:"week" json:"week"`
	Category audit.Category `db:"category" json:"category"`
	Tasks    int            `db:"tasks" json:"tasks"`
}

// Batches counts the tasks by week and category; those that were only rated
// elsewhere are left out.
func (s *Store) Batches(ctx context.Context) ([]BatchCount, error) {
	counts := []BatchCount{}
	err := s.reader.SelectContext(ctx, &counts, `
SELECT week, category, count(*) AS tasks FROM batch_tasks WHERE came_by <> 'rating' GROUP BY week, category ORDER BY week, category`)
	return counts, err
}

// BatchTaskIDs lists a week's tasks of a category in a fixed order; week 0 is all.
func (s *Store) BatchTaskIDs(ctx context.Context, week int, category audit.Category) (ids []string, err error) {
	err = s.reader.SelectContext(ctx, &ids, `
SELECT task_id FROM batch_tasks WHERE (week = ? OR ? = 0) AND category = ? ORDER BY task_id`, week, week, category)
	return ids, err
}
