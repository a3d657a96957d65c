-- +goose Up

-- Clusters that were found among near-duplicate prompts stand beside those that the
-- log gives: only the found ones are ever changed.
ALTER TABLE tasks ADD COLUMN cluster_source TEXT NOT NULL DEFAULT '' CHECK (cluster_source IN ('', 'found'));

-- Keys of this workspace, such as that of pseudonyms: made at random, never shown.
CREATE TABLE workspace_keys (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- +goose Down
DROP TABLE workspace_keys;
UPDATE tasks SET cluster = '' WHERE cluster_source = 'found';
ALTER TABLE tasks DROP COLUMN cluster_source;
