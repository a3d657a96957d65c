package store

import (
	"context"
	"fmt"

	"modeltrial/audit"
)

// clusterPrefix is how the name of a found cluster begins; the id of its first task
// follows.
const clusterPrefix = "near:"

// EachUnclustered gives the prompt of every task that the log puts into no cluster,
// with the turns before it, in the order of import. row is for [Store.SetFoundClusters];
// found says that the task is in a found cluster already.
func (s *Store) EachUnclustered(ctx context.Context, do func(row int64, found bool, text string) error) error {
	type promptRow struct {
		Row          int64  `db:"row_id"`
		Found        bool   `db:"found"`
		Prompt       string `db:"prompt"`
		Conversation string `db:"conversation"`
	}
	return each(ctx, s, "prompts", func(row promptRow) error {
		text := row.Prompt
		if row.Conversation != "[]" {
			text = row.Conversation + " " + text // as JSON: its names are the same words in all of them
		}
		return do(row.Row, row.Found, text)
	}, `SELECT row_id, cluster_source = 'found' AS found, prompt, conversation FROM tasks
WHERE cluster = '' OR cluster_source = 'found' ORDER BY row_id`)
}

// A FoundCluster puts the task of a row into the cluster of another's; First 0 puts
// it into none.
type FoundCluster struct{ Row, First int64 }

// SetFoundClusters stores clusters of near-duplicates in one transaction. What the
// log says of a task's cluster is never changed.
func (s *Store) SetFoundClusters(ctx context.Context, found []FoundCluster) error {
	return s.write(ctx, func(tx *transaction) error {
		for _, f := range found {
			var err error
			if f.First == 0 {
				_, err = tx.ExecContext(ctx, `
UPDATE tasks SET cluster = '', cluster_source = '' WHERE row_id = ? AND cluster_source = 'found'`, f.Row)
			} else {
				_, err = tx.ExecContext(ctx, `
UPDATE tasks SET cluster = ? || (SELECT id FROM tasks WHERE row_id = ?), cluster_source = 'found'
WHERE row_id = ? AND (cluster = '' OR cluster_source = 'found')`, clusterPrefix, f.First, f.Row)
			}
			if err != nil {
				return fmt.Errorf("store the cluster of row %d: %w", f.Row, err)
			}
		}
		return nil
	})
}

// LargestClusters gives the clusters of two tasks or more, most tasks first, at most
// so many, and sums over all of them.
func (s *Store) LargestClusters(ctx context.Context, most int) (audit.Clusters, error) {
	all := audit.Clusters{Largest: []audit.Cluster{}}
	var sums struct {
		Clusters int `db:"clusters"`
		Tasks    int `db:"tasks"`
		Found    int `db:"found"`
	}
	err := s.reader.GetContext(ctx, &sums, `
SELECT count(*) AS clusters, coalesce(sum(size), 0) AS tasks, coalesce(sum(found), 0) AS found FROM (
    SELECT count(*) AS size, max(CASE cluster_source WHEN 'found' THEN 1 ELSE 0 END) AS found
    FROM tasks WHERE cluster <> '' GROUP BY cluster HAVING count(*) > 1) c`)
	if err != nil {
		return all, fmt.Errorf("read clusters: %w", err)
	}
	all.Count, all.Tasks, all.Found = sums.Clusters, sums.Tasks, sums.Found
	var rows []struct {
		Name    string         `db:"cluster"`
		Found   bool           `db:"found"`
		Tasks   int            `db:"tasks"`
		Costs   int            `db:"costs"`
		Cost    *audit.NanoUSD `db:"cost"`
		Example string         `db:"prompt"`
	}
	err = s.reader.SelectContext(ctx, &rows, `
SELECT c.cluster, c.found, c.tasks, c.costs, c.cost, t.prompt FROM (
    SELECT cluster, max(CASE cluster_source WHEN 'found' THEN 1 ELSE 0 END) AS found, count(*) AS tasks, count(cost_nano_usd) AS costs,
        sum(cost_nano_usd) AS cost, min(row_id) AS first
    FROM tasks WHERE cluster <> '' GROUP BY cluster HAVING count(*) > 1 ORDER BY tasks DESC, cluster LIMIT ?) c
JOIN tasks t ON t.row_id = c.first ORDER BY c.tasks DESC, c.cluster`, most)
	if err != nil {
		return all, fmt.Errorf("read clusters: %w", err)
	}
	for _, row := range rows {
		cluster := audit.Cluster{Name: row.Name, Found: row.Found, Tasks: row.Tasks, WithCost: row.Costs, Example: audit.Excerpt(row.Example)}
		if row.Cost != nil {
			cost := row.Cost.Dollars()
			cluster.CostUSD = &cost
		}
		all.Largest = append(all.Largest, cluster)
	}
	return all, nil
}
