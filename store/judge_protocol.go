package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
)

// refuseChangedJudges fails where a judge that has rated is another one now, or goes by
// another rubric in a category that it has rated, also after a version of the protocol
// that did without it: its ratings would otherwise mix two instruments under one name.
func (s *Store) refuseChangedJudges(ctx context.Context, protocol eval.Protocol) error {
	rated, err := s.judgedCategories(ctx)
	if err != nil || len(rated) == 0 {
		return err
	}
	var bodies []string
	if err := s.reader.SelectContext(ctx, &bodies, `SELECT body FROM protocols ORDER BY version DESC`); err != nil {
		return fmt.Errorf("earlier protocols: %w", err)
	}
	for _, judge := range protocol.Judges {
		categories := rated[judge.Name]
		for _, body := range bodies {
			var earlier eval.Protocol
			if err := json.Unmarshal([]byte(body), &earlier); err != nil {
				return fmt.Errorf("earlier protocol: %w", err)
			}
			before, named := earlier.Judge(judge.Name)
			if !named {
				continue
			}
			if err := changedJudge(judge, before, protocol.Rubrics, earlier.Rubrics, categories); err != nil {
				return err
			}
			break // the newest that names it is what it has rated by
		}
	}
	return nil
}

// changedJudge says what of a judge with ratings is not as it was.
func changedJudge(now, before eval.Arm, rubrics, earlier map[audit.Category]string, ratings map[audit.Category]int) error {
	total := 0
	for _, count := range ratings {
		total += count
	}
	was, err := json.Marshal(before)
	if err != nil {
		return err
	}
	is, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if total > 0 && string(was) != string(is) {
		return fmt.Errorf("lock protocol: judge %q has %d ratings as it was; give the changed judge another name", now.Name, total)
	}
	for _, category := range slices.Sorted(maps.Keys(ratings)) {
		if rubrics[category] != earlier[category] {
			return fmt.Errorf("lock protocol: judge %q has %d ratings by the rubric of %s as it was; give the judge another name for the changed rubric", now.Name, ratings[category], category)
		}
	}
	return nil
}

// judgedCategories counts the ratings of the judges that were called, by category.
func (s *Store) judgedCategories(ctx context.Context) (map[string]map[audit.Category]int, error) {
	type row struct {
		Judge    string         `db:"name"`
		Category audit.Category `db:"category"`
		Ratings  int            `db:"ratings"`
	}
	rated := map[string]map[audit.Category]int{}
	err := each(ctx, s, "judges' ratings", func(r row) error {
		if rated[r.Judge] == nil {
			rated[r.Judge] = map[audit.Category]int{}
		}
		rated[r.Judge][r.Category] = r.Ratings
		return nil
	}, `
SELECT h.name, b.category, count(*) AS ratings FROM judge_calls j
JOIN raters h ON h.id = j.rater_id JOIN comparisons c ON c.id = j.comparison_id JOIN batch_tasks b ON b.task_id = c.task_id
WHERE j.outcome = 'rated' GROUP BY h.id, b.category`)
	return rated, err
}
