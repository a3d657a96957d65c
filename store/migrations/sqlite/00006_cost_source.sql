-- +goose Up

-- Who says what a task cost: the log where it is empty (and the cost is known), else
-- it was computed from the log's tokens, or estimated from tokens counted in the texts.
-- The columns stand behind the long texts, so nothing that reads the whole log reads
-- them: the index counts the tasks, and of a log that states its costs it is empty.
ALTER TABLE tasks ADD COLUMN cost_source TEXT NOT NULL DEFAULT '' CHECK (cost_source IN ('', 'computed', 'estimated'));

-- The part of the input tokens that was written to a cache.
ALTER TABLE tasks ADD COLUMN cache_write_tokens INTEGER CHECK (cache_write_tokens >= 0);

CREATE INDEX tasks_cost_source ON tasks (cost_source) WHERE cost_source <> '';

-- +goose Down
DROP INDEX tasks_cost_source;
ALTER TABLE tasks DROP COLUMN cache_write_tokens;
ALTER TABLE tasks DROP COLUMN cost_source;
