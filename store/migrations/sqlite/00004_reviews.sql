-- +goose Up

-- A model that is asked over the network becomes a source of categories. The change
-- of a CHECK leaves every row as it is, so the schema is edited in place, as SQLite
-- documents it (lang_altertable.html, section 7), and a large log is not copied.
-- Making the tables below moves the schema's version on for other connections.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema
SET sql = replace(sql, 'IN ('''', ''log'', ''local'', ''review'')', 'IN ('''', ''log'', ''local'', ''model'', ''review'')')
WHERE type = 'table' AND name = 'tasks';

PRAGMA writable_schema = RESET;

-- A person's word on a task, beside what was there before it.
CREATE TABLE reviews (
    task_id      TEXT    PRIMARY KEY REFERENCES tasks (id),
    category     TEXT    NOT NULL CHECK (category <> ''),
    guess        TEXT    NOT NULL, -- the category before; empty: none
    guess_source TEXT    NOT NULL CHECK (guess_source IN ('', 'log', 'local', 'model')),
    reviewed_at  INTEGER NOT NULL,
    CHECK ((guess = '') = (guess_source = ''))
) STRICT;

INSERT INTO reviews (task_id, category, guess, guess_source, reviewed_at)
SELECT id, category, '', '', 0 FROM tasks WHERE category_source = 'review';

-- Random samples of what the machine categorised, to be reviewed blind.
CREATE TABLE review_draws (
    id         INTEGER PRIMARY KEY,
    seed       INTEGER NOT NULL,
    population INTEGER NOT NULL, -- tasks that it was drawn from
    drawn_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE review_draw_tasks (
    task_id  TEXT    PRIMARY KEY REFERENCES tasks (id), -- a task is drawn once
    draw_id  INTEGER NOT NULL REFERENCES review_draws (id),
    position INTEGER NOT NULL -- in the order of the draw, from 1
) STRICT;

-- The categoriser trained for this workspace; the fingerprint is of what it was
-- trained from.
CREATE TABLE local_models (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT    NOT NULL,
    weights     BLOB    NOT NULL,
    learned     TEXT    NOT NULL, -- JSON: what it learned from
    trained_at  INTEGER NOT NULL,
    in_use      INTEGER NOT NULL CHECK (in_use IN (0, 1)) -- 0: the tasks are not all sorted by it yet
) STRICT;

-- Calls that categorise by a model, one row an attempt, written before it is made:
-- a call whose row says reserved was under way when the program ended.
CREATE TABLE category_calls (
    id                INTEGER PRIMARY KEY,
    task_id           TEXT    NOT NULL REFERENCES tasks (id),
    model             TEXT    NOT NULL,
    outcome           TEXT    NOT NULL CHECK (outcome IN ('reserved', 'categorised', 'failed')),
    claimed_until     INTEGER NOT NULL, -- while it is reserved
    reserved_nano_usd INTEGER NOT NULL CHECK (reserved_nano_usd >= 0),
    cost_nano_usd     INTEGER NOT NULL CHECK (cost_nano_usd >= 0), -- as billed; at worst, where that is not known
    reason            TEXT    NOT NULL, -- of a failure
    called_at         INTEGER NOT NULL
) STRICT;

CREATE INDEX category_calls_task ON category_calls (task_id);

-- +goose Down
DROP TABLE category_calls;
DROP TABLE local_models;
DROP TABLE review_draw_tasks;
DROP TABLE review_draws;
DROP TABLE reviews;
