package store

import (
	"context"
	"encoding/json"
	"fmt"

	"modeltrial/audit"
	"modeltrial/eval"
)

// JudgeRecords gives what the stored routing tables say of judges beside people, the
// oldest table first, and with it what these judges were then and have been told since.
func (s *Store) JudgeRecords(ctx context.Context) ([]eval.JudgeRecord, error) {
	tables, err := s.RoutingTables(ctx)
	if err != nil {
		return nil, err
	}
	var records []eval.JudgeRecord
	for _, table := range tables {
		records = append(records, table.JudgeRecords()...)
	}
	if len(records) == 0 {
		return nil, nil
	}
	protocols, err := s.protocolsByHash(ctx)
	if err != nil {
		return nil, err
	}
	mixed, err := s.mixedJudges(ctx)
	if err != nil {
		return nil, err
	}
	for i := range records {
		r := &records[i]
		protocol := protocols[r.ProtocolSHA256]
		r.Instrument, _ = protocol.Judge(r.Judge)
		r.Rubric = protocol.Rubrics[r.Category]
		r.Mixed = mixed[judgedCategory{r.Judge, r.Category}]
	}
	return records, nil
}

func (s *Store) protocolsByHash(ctx context.Context) (map[string]eval.Protocol, error) {
	type row struct {
		SHA256 string `db:"sha256"`
		Body   string `db:"body"`
	}
	protocols := map[string]eval.Protocol{}
	err := each(ctx, s, "protocols", func(r row) error {
		var protocol eval.Protocol
		if err := json.Unmarshal([]byte(r.Body), &protocol); err != nil {
			return fmt.Errorf("protocol %s as stored: %w", r.SHA256, err)
		}
		protocols[r.SHA256] = protocol
		return nil
	}, `SELECT sha256, body FROM protocols ORDER BY version`)
	return protocols, err
}

type judgedCategory struct {
	Judge    string         `db:"name"`
	Category audit.Category `db:"category"`
}

// mixedJudges are the judges whose calls that rated in a category went by more than one
// instruction, or were answered by more than one model as the provider names it. Calls
// of which it does not name any do not tell.
func (s *Store) mixedJudges(ctx context.Context) (map[judgedCategory]bool, error) {
	mixed := map[judgedCategory]bool{}
	err := each(ctx, s, "judges' calls", func(r judgedCategory) error {
		mixed[r] = true
		return nil
	}, `
SELECT h.name, b.category FROM judge_calls j
JOIN raters h ON h.id = j.rater_id JOIN comparisons c ON c.id = j.comparison_id JOIN batch_tasks b ON b.task_id = c.task_id
WHERE j.outcome = 'rated' GROUP BY h.name, b.category
HAVING count(DISTINCT j.instruction_sha256) > 1 OR count(DISTINCT j.model) > 1 OR count(DISTINCT nullif(j.model_served, '')) > 1`)
	return mixed, err
}
