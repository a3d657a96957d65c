package store

import (
	"context"
	"fmt"

	"modeltrial/audit"
)

// clusterPrefix is how the name of a found cluster begins; the id of its first task
// follows.
const clusterPrefix = "near:"

// An UnclusteredTask is one that the log puts into no cluster.
type UnclusteredTask struct {
	Row   int64  // for [Store.SetFoundClusters]
	Text  string // its prompt after the turns before it
	Found bool   // it is in a found cluster
	Leads bool   // it was looked at before and is similar to none before it
}

// The tasks that are looked at for near-duplicates, up to a row: all anew, or those that
// came after the row of an earlier look beside those that these may be similar to.
const (
	unclusteredAll = `SELECT row_id, cluster_source = 'found' AS found, false AS leads, prompt, conversation FROM tasks
WHERE row_id <= ?1 AND (cluster = '' OR cluster_source = 'found') ORDER BY row_id`
	unclusteredNew = `SELECT row_id, cluster_source = 'found' AS found, row_id <= ?2 AS leads, prompt, conversation FROM tasks
WHERE row_id <= ?1 AND CASE WHEN row_id <= ?2 THEN cluster = '' OR cluster_source = 'found' AND cluster = ?3 || id
    ELSE cluster = '' AND id NOT IN (SELECT task_id FROM batch_tasks) END ORDER BY row_id`
)

// EachUnclustered gives the tasks to look at for near-duplicates, in the order of
// import, and returns the last row that it took into account, for
// [Store.SetFoundClusters].
//
// With anew these are all. Otherwise they are the tasks that were never looked at and
// those that lead a cluster which these may join; tasks of a pilot's sample that were
// never looked at are left out, since ratings are counted by their clusters.
func (s *Store) EachUnclustered(ctx context.Context, anew bool, do func(UnclusteredTask) error) (through int64, err error) {
	var looked int64
	err = s.reader.QueryRowContext(ctx, `
SELECT coalesce((SELECT max(row_id) FROM tasks), 0), coalesce((SELECT last_row FROM near_duplicates), 0)`).Scan(&through, &looked)
	if err != nil {
		return 0, fmt.Errorf("read prompts: %w", err)
	}
	query, arguments := unclusteredNew, []any{through, looked, clusterPrefix}
	if anew {
		query, arguments = unclusteredAll, arguments[:1]
	}
	type promptRow struct {
		Row          int64  `db:"row_id"`
		Found        bool   `db:"found"`
		Leads        bool   `db:"leads"`
		Prompt       string `db:"prompt"`
		Conversation string `db:"conversation"`
	}
	return through, each(ctx, s, "prompts", func(row promptRow) error {
		text := row.Prompt
		if row.Conversation != "[]" {
			text = row.Conversation + " " + text // as JSON: its names are the same words in all of them
		}
		return do(UnclusteredTask{Row: row.Row, Text: text, Found: row.Found, Leads: row.Leads})
	}, query, arguments...)
}

// NotLookedAt counts the tasks in no cluster and no pilot's sample that were never
// looked at for near-duplicates.
func (s *Store) NotLookedAt(ctx context.Context) (count int, err error) {
	err = s.reader.GetContext(ctx, &count, `SELECT count(*) FROM tasks
WHERE row_id > coalesce((SELECT last_row FROM near_duplicates), 0) AND cluster = '' AND id NOT IN (SELECT task_id FROM batch_tasks)`)
	if err != nil {
		return 0, fmt.Errorf("count the tasks that were not looked at: %w", err)
	}
	return count, nil
}

// A FoundCluster puts the task of a row into the cluster of another's; First 0 puts
// it into none.
type FoundCluster struct{ Row, First int64 }

// SetFoundClusters stores clusters of near-duplicates, and through which row tasks were
// looked at, in one transaction. What the log says of a task's cluster is never changed.
func (s *Store) SetFoundClusters(ctx context.Context, found []FoundCluster, through int64) error {
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
		_, err := tx.ExecContext(ctx, `
INSERT INTO near_duplicates (id, last_row) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET last_row = excluded.last_row`, through)
		return err
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
	all.NotLookedAt, err = s.NotLookedAt(ctx)
	return all, err
}
