-- +goose Up

-- How far prompts were looked at for near-duplicates: rows are numbered in the order of
-- import. No row: never.
CREATE TABLE near_duplicates (
    id       BIGINT PRIMARY KEY CHECK (id = 1),
    last_row BIGINT NOT NULL
);

INSERT INTO near_duplicates (id, last_row)
SELECT 1, max(row_id) FROM tasks WHERE cluster_source = 'found' HAVING max(row_id) IS NOT NULL;

-- +goose Down
DROP TABLE near_duplicates;
