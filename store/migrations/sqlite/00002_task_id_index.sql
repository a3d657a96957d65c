-- +goose Up

-- The unique index on tasks.id becomes one with a name: a bulk import drops it and
-- builds it at the end in one sort, in the same transaction, which takes a quarter of
-- the time of a million insertions in the order of random ids. SQLite does not drop
-- the index of a UNIQUE clause, so the table is made anew. Rows that point to tasks
-- (batch_tasks) are checked at the end, when every task is back.
-- Defaults let an import leave out the columns that a log does not have.
PRAGMA defer_foreign_keys = ON;

CREATE TABLE tasks_before AS SELECT * FROM tasks ORDER BY row_id;

DROP TABLE tasks;

CREATE TABLE tasks (
    row_id            INTEGER PRIMARY KEY,
    id                TEXT    NOT NULL, -- unique by tasks_id
    logged_at         INTEGER,
    team              TEXT    NOT NULL DEFAULT '',
    user_name         TEXT    NOT NULL DEFAULT '',
    model             TEXT    NOT NULL DEFAULT '',
    provider          TEXT    NOT NULL DEFAULT '',
    cluster           TEXT    NOT NULL DEFAULT '',
    category          TEXT    NOT NULL DEFAULT '', -- empty: not categorised yet
    category_source   TEXT    NOT NULL DEFAULT '' CHECK (category_source IN ('', 'log', 'local', 'review')),
    category_probability REAL NOT NULL DEFAULT 0 CHECK (category_probability BETWEEN 0 AND 1),
    input_tokens      INTEGER CHECK (input_tokens >= 0),
    cached_tokens     INTEGER CHECK (cached_tokens >= 0),
    output_tokens     INTEGER CHECK (output_tokens >= 0),
    reasoning_tokens  INTEGER CHECK (reasoning_tokens >= 0),
    cost_nano_usd     INTEGER CHECK (cost_nano_usd >= 0),
    latency_ms        INTEGER CHECK (latency_ms >= 0),
    ttft_ms           INTEGER CHECK (ttft_ms >= 0),
    file_id           INTEGER NOT NULL REFERENCES import_files (id),
    file_line         INTEGER NOT NULL,
    row_sha256        TEXT    NOT NULL DEFAULT '', -- empty where the row had an id
    -- Long texts stand last: SQLite reads a row from its beginning, and the workload
    -- mix needs none of them.
    system_prompt     TEXT    NOT NULL DEFAULT '',
    prompt            TEXT    NOT NULL,
    conversation      TEXT    NOT NULL DEFAULT '[]', -- JSON array of {role, content}
    response          TEXT    NOT NULL DEFAULT '',
    reference         TEXT    NOT NULL DEFAULT '',
    final_text        TEXT    NOT NULL DEFAULT '',
    tags              TEXT    NOT NULL DEFAULT '[]', -- JSON array
    metadata          TEXT    NOT NULL DEFAULT '{}', -- JSON object
    CHECK ((category = '') = (category_source = ''))
) STRICT;

CREATE UNIQUE INDEX tasks_id ON tasks (id);

INSERT INTO tasks (
    row_id, id, logged_at, team, user_name, model, provider, cluster, category, category_source, category_probability,
    input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_nano_usd, latency_ms, ttft_ms,
    file_id, file_line, row_sha256,
    system_prompt, prompt, conversation, response, reference, final_text, tags, metadata
)
SELECT
    row_id, id, logged_at, team, user_name, model, provider, cluster, category, category_source, category_probability,
    input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_nano_usd, latency_ms, ttft_ms,
    file_id, file_line, row_sha256,
    system_prompt, prompt, conversation, response, reference, final_text, tags, metadata
FROM tasks_before ORDER BY row_id;

DROP TABLE tasks_before;

-- Without the id its entries are appended when tasks are categorised in the order of
-- import, and tasks without a category need none.
CREATE INDEX tasks_category ON tasks (category) WHERE category <> '';

-- +goose Down
DROP INDEX tasks_category;
CREATE INDEX tasks_category ON tasks (category, id);
