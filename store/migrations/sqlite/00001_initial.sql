-- +goose Up

-- The vocabulary of a pilot. Times are integer microseconds since 1970, UTC:
-- they sort, compare and index as numbers in SQLite and PostgreSQL alike, and 0
-- never stands for unknown. Money is integer nano-dollars.

CREATE TABLE import_files (
    id          INTEGER PRIMARY KEY,
    path        TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('tasks', 'responses', 'ratings')),
    format      TEXT    NOT NULL,
    sha256      TEXT    NOT NULL,
    rows        INTEGER NOT NULL,
    imported    INTEGER NOT NULL,
    duplicates  INTEGER NOT NULL,
    rejected    INTEGER NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tasks (
    row_id            INTEGER PRIMARY KEY,
    id                TEXT    NOT NULL UNIQUE,
    logged_at         INTEGER,
    team              TEXT    NOT NULL,
    user_name         TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    provider          TEXT    NOT NULL,
    cluster           TEXT    NOT NULL,
    category          TEXT    NOT NULL, -- empty: not categorised yet
    category_source   TEXT    NOT NULL CHECK (category_source IN ('', 'log', 'local', 'review')),
    category_probability REAL NOT NULL CHECK (category_probability BETWEEN 0 AND 1),
    input_tokens      INTEGER CHECK (input_tokens >= 0),
    cached_tokens     INTEGER CHECK (cached_tokens >= 0),
    output_tokens     INTEGER CHECK (output_tokens >= 0),
    reasoning_tokens  INTEGER CHECK (reasoning_tokens >= 0),
    cost_nano_usd     INTEGER CHECK (cost_nano_usd >= 0),
    latency_ms        INTEGER CHECK (latency_ms >= 0),
    ttft_ms           INTEGER CHECK (ttft_ms >= 0),
    file_id           INTEGER NOT NULL REFERENCES import_files (id),
    file_line         INTEGER NOT NULL,
    row_sha256        TEXT    NOT NULL,
    -- Long texts stand last: SQLite reads a row from its beginning, and the workload
    -- mix needs none of them.
    system_prompt     TEXT    NOT NULL,
    prompt            TEXT    NOT NULL,
    conversation      TEXT    NOT NULL, -- JSON array of {role, content}
    response          TEXT    NOT NULL,
    reference         TEXT    NOT NULL,
    final_text        TEXT    NOT NULL,
    tags              TEXT    NOT NULL, -- JSON array
    metadata          TEXT    NOT NULL, -- JSON object
    CHECK ((category = '') = (category_source = ''))
) STRICT;

CREATE INDEX tasks_category ON tasks (category, id);

CREATE TABLE protocols (
    version        INTEGER PRIMARY KEY,
    sha256         TEXT    NOT NULL,
    body           TEXT    NOT NULL, -- canonical JSON
    category_share TEXT    NOT NULL, -- JSON object: category → share of audited tasks
    locked_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE arms (
    protocol_version INTEGER NOT NULL REFERENCES protocols (version),
    name             TEXT    NOT NULL,
    role             TEXT    NOT NULL CHECK (role IN ('control', 'candidate')),
    provider         TEXT    NOT NULL,
    model            TEXT    NOT NULL,
    parameters       TEXT    NOT NULL, -- JSON object
    PRIMARY KEY (protocol_version, name)
) STRICT;

CREATE TABLE deviations (
    id               INTEGER PRIMARY KEY,
    protocol_version INTEGER NOT NULL REFERENCES protocols (version),
    reason           TEXT    NOT NULL CHECK (reason <> ''),
    recorded_at      INTEGER NOT NULL
) STRICT;

-- A batch is one week of the pilot.
CREATE TABLE batches (
    week       INTEGER PRIMARY KEY CHECK (week >= 1),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE batch_tasks (
    task_id  TEXT    PRIMARY KEY REFERENCES tasks (id), -- a task is in one batch only
    week     INTEGER NOT NULL REFERENCES batches (week),
    category TEXT    NOT NULL CHECK (category <> ''), -- as it was when it came in
    came_by  TEXT    NOT NULL CHECK (came_by IN ('sample', 'response', 'rating')) -- by a rating made elsewhere: no arm is called for it
) STRICT;

CREATE INDEX batch_tasks_week ON batch_tasks (week, category);

-- A call is a cell that is being answered or could not be: its claim, its
-- reserved worst case, its attempts. A stored response ends it.
CREATE TABLE calls (
    task_id           TEXT    NOT NULL REFERENCES batch_tasks (task_id),
    arm               TEXT    NOT NULL,
    claimed_until     INTEGER NOT NULL, -- 0: given back
    reserved_nano_usd INTEGER NOT NULL CHECK (reserved_nano_usd >= 0),
    lost_nano_usd     INTEGER NOT NULL CHECK (lost_nano_usd >= 0), -- worst case of what was never answered or answered without a cost: may have been billed
    attempts          INTEGER NOT NULL CHECK (attempts >= 0),
    last_error        TEXT    NOT NULL,
    refused           INTEGER NOT NULL CHECK (refused IN (0, 1)), -- the provider refused this very request
    updated_at        INTEGER NOT NULL,
    PRIMARY KEY (task_id, arm)
) STRICT;

CREATE TABLE responses (
    id               INTEGER PRIMARY KEY,
    task_id          TEXT    NOT NULL REFERENCES batch_tasks (task_id),
    arm              TEXT    NOT NULL,
    response         TEXT    NOT NULL,
    response_sha256  TEXT    NOT NULL,
    input_tokens     INTEGER CHECK (input_tokens >= 0),
    cached_tokens    INTEGER CHECK (cached_tokens >= 0),
    output_tokens    INTEGER CHECK (output_tokens >= 0),
    reasoning_tokens INTEGER CHECK (reasoning_tokens >= 0),
    cost_nano_usd    INTEGER CHECK (cost_nano_usd >= 0),
    ttft_ms          INTEGER CHECK (ttft_ms >= 0),
    latency_ms       INTEGER CHECK (latency_ms >= 0),
    model_served     TEXT    NOT NULL,
    finish_reason    TEXT    NOT NULL,
    attempts         INTEGER NOT NULL CHECK (attempts >= 0),
    origin           TEXT    NOT NULL CHECK (origin IN ('measured', 'recorded', 'simulated')),
    stored_at        INTEGER NOT NULL,
    UNIQUE (task_id, arm)
) STRICT;

-- What is spent and set aside is added up before each call.
CREATE INDEX responses_cost ON responses (cost_nano_usd) WHERE origin = 'measured';
CREATE INDEX calls_money ON calls (reserved_nano_usd, lost_nano_usd) WHERE reserved_nano_usd + lost_nano_usd > 0;

-- Answers known beforehand, from which a provider of kind recorded answers.
CREATE TABLE recorded_answers (
    task_id          TEXT NOT NULL,
    arm              TEXT NOT NULL,
    response         TEXT NOT NULL,
    input_tokens     INTEGER CHECK (input_tokens >= 0),
    cached_tokens    INTEGER CHECK (cached_tokens >= 0),
    output_tokens    INTEGER CHECK (output_tokens >= 0),
    reasoning_tokens INTEGER CHECK (reasoning_tokens >= 0),
    cost_nano_usd    INTEGER CHECK (cost_nano_usd >= 0),
    ttft_ms          INTEGER CHECK (ttft_ms >= 0),
    latency_ms       INTEGER CHECK (latency_ms >= 0),
    PRIMARY KEY (task_id, arm)
) STRICT;

CREATE TABLE comparisons (
    id       TEXT PRIMARY KEY, -- random: says nothing of the arms
    task_id  TEXT NOT NULL REFERENCES batch_tasks (task_id),
    arm_a    TEXT NOT NULL, -- the control
    arm_b    TEXT NOT NULL, -- the candidate
    UNIQUE (task_id, arm_a, arm_b)
) STRICT;

CREATE TABLE raters (
    id           INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE CHECK (name <> ''),
    kind         TEXT    NOT NULL CHECK (kind IN ('human', 'judge', 'check')),
    simulated    INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    token_sha256 TEXT    UNIQUE, -- of the secret in the link; the secret is not stored
    expires_at   INTEGER,
    revoked_at   INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;

-- How a comparison is shown to a rater: drawn and stored before it is shown.
CREATE TABLE presentations (
    id            TEXT    PRIMARY KEY, -- random: the only id a browser sees
    comparison_id TEXT    NOT NULL REFERENCES comparisons (id),
    rater_id      INTEGER NOT NULL REFERENCES raters (id),
    first         TEXT    NOT NULL CHECK (first IN ('a', 'b')),
    presented_at  INTEGER NOT NULL,
    UNIQUE (comparison_id, rater_id)
) STRICT;

CREATE INDEX presentations_rater ON presentations (rater_id);

-- Ratings are append-only: a correction is a new row that supersedes.
CREATE TABLE ratings (
    id              INTEGER PRIMARY KEY,
    comparison_id   TEXT    NOT NULL REFERENCES comparisons (id),
    rater_id        INTEGER NOT NULL REFERENCES raters (id),
    presentation_id TEXT    REFERENCES presentations (id), -- null: imported
    file_id         INTEGER REFERENCES import_files (id),  -- null: rated here
    supersedes      INTEGER REFERENCES ratings (id),
    verdict         TEXT    NOT NULL CHECK (verdict IN ('a', 'b', 'tie', 'both_bad', '')),
    score           REAL    NOT NULL CHECK (score BETWEEN 0 AND 1), -- share that goes to arm_b
    first           TEXT    NOT NULL CHECK (first IN ('a', 'b', '')),
    seconds         REAL    CHECK (seconds >= 0),
    grades          TEXT    NOT NULL, -- JSON object
    note            TEXT    NOT NULL,
    cluster         TEXT    NOT NULL,
    rated_at        INTEGER NOT NULL,
    CHECK ((presentation_id IS NULL) <> (file_id IS NULL))
) STRICT;

CREATE INDEX ratings_rater ON ratings (rater_id, comparison_id, first);
CREATE INDEX ratings_comparison ON ratings (comparison_id);
CREATE INDEX ratings_presentation ON ratings (presentation_id);
CREATE UNIQUE INDEX ratings_superseded ON ratings (supersedes) WHERE supersedes IS NOT NULL;

-- +goose StatementBegin
CREATE TRIGGER ratings_no_update BEFORE UPDATE ON ratings
BEGIN
    SELECT RAISE(ABORT, 'ratings are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER ratings_no_delete BEFORE DELETE ON ratings
BEGIN
    SELECT RAISE(ABORT, 'ratings are append-only');
END;
-- +goose StatementEnd

CREATE TABLE judge_calls (
    id            INTEGER PRIMARY KEY,
    rating_id     INTEGER REFERENCES ratings (id), -- null: no verdict could be read
    comparison_id TEXT    NOT NULL REFERENCES comparisons (id),
    rater_id      INTEGER NOT NULL REFERENCES raters (id),
    first         TEXT    NOT NULL CHECK (first IN ('a', 'b')),
    rationale     TEXT    NOT NULL,
    input_tokens  INTEGER CHECK (input_tokens >= 0),
    output_tokens INTEGER CHECK (output_tokens >= 0),
    cost_nano_usd INTEGER CHECK (cost_nano_usd >= 0),
    called_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE routing_tables (
    id               INTEGER PRIMARY KEY,
    protocol_sha256  TEXT    NOT NULL,
    price_table_date TEXT    NOT NULL,
    body             TEXT    NOT NULL, -- the document of route recommend
    decided_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE decisions (
    routing_table_id INTEGER NOT NULL REFERENCES routing_tables (id),
    category         TEXT    NOT NULL,
    arm              TEXT    NOT NULL,
    decision         TEXT    NOT NULL CHECK (decision IN ('switch', 'switch for cost', 'keep', 'continue', 'no decision')),
    reason           TEXT    NOT NULL,
    evidence         TEXT    NOT NULL, -- JSON: the route
    PRIMARY KEY (routing_table_id, category)
) STRICT;

-- +goose Down
DROP TABLE decisions;
DROP TABLE routing_tables;
DROP TABLE judge_calls;
DROP TABLE ratings;
DROP TABLE presentations;
DROP TABLE raters;
DROP TABLE comparisons;
DROP TABLE recorded_answers;
DROP TABLE responses;
DROP TABLE calls;
DROP TABLE batch_tasks;
DROP TABLE batches;
DROP TABLE deviations;
DROP TABLE arms;
DROP TABLE protocols;
DROP TABLE tasks;
DROP TABLE import_files;
