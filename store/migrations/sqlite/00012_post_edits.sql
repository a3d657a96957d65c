-- +goose Up

-- Files of edits are imported too. The change of a CHECK leaves every row as it is, so
-- the schema is edited in place, as in the migration of the reviews; the tables below
-- move the schema's version on for other connections.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema
SET sql = replace(sql, 'IN (''tasks'', ''responses'', ''ratings'')', 'IN (''tasks'', ''responses'', ''ratings'', ''edits'')')
WHERE type = 'table' AND name = 'import_files';

PRAGMA writable_schema = RESET;

-- A single answer as an editor sees it, drawn and stored before it is shown.
CREATE TABLE edit_presentations (
    id           TEXT    PRIMARY KEY, -- random: the only id a browser sees
    task_id      TEXT    NOT NULL REFERENCES batch_tasks (task_id),
    rater_id     INTEGER NOT NULL REFERENCES raters (id),
    arm          TEXT    NOT NULL,
    presented_at INTEGER NOT NULL,
    UNIQUE (task_id, rater_id) -- who has edited one answer knows the task
) STRICT;

CREATE INDEX edit_presentations_rater ON edit_presentations (rater_id);

-- What people made of answers. Of several by a person of an arm's answer to a task the
-- last counts. Append-only like ratings.
CREATE TABLE post_edits (
    id              INTEGER PRIMARY KEY,
    task_id         TEXT    NOT NULL REFERENCES batch_tasks (task_id),
    rater_id        INTEGER NOT NULL REFERENCES raters (id),
    arm             TEXT    NOT NULL,
    presentation_id TEXT    REFERENCES edit_presentations (id), -- null: imported
    file_id         INTEGER REFERENCES import_files (id),       -- null: edited here
    outcome         TEXT    NOT NULL CHECK (outcome IN ('done', 'unusable', 'skipped')),
    edited_text     TEXT,    -- null where only its words were counted, or there is none
    seconds         REAL     CHECK (seconds >= 0),
    timing          TEXT    NOT NULL CHECK (timing IN ('active', 'elapsed', '')), -- what the seconds are
    words_before    INTEGER  CHECK (words_before >= 0),
    words_after     INTEGER  CHECK (words_after >= 0),
    words_kept      REAL     CHECK (words_kept BETWEEN 0 AND 1), -- share
    rounds          INTEGER NOT NULL CHECK (rounds >= 0), -- new answers asked for
    edited_at       INTEGER NOT NULL,
    CHECK ((presentation_id IS NULL) <> (file_id IS NULL)),
    CHECK ((seconds IS NULL) = (timing = ''))
) STRICT;

CREATE INDEX post_edits_rater ON post_edits (rater_id, task_id, arm);
CREATE INDEX post_edits_presentation ON post_edits (presentation_id);

-- +goose StatementBegin
CREATE TRIGGER post_edits_no_update BEFORE UPDATE ON post_edits
BEGIN
    SELECT RAISE(ABORT, 'post-edits are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER post_edits_no_delete BEFORE DELETE ON post_edits
BEGIN
    SELECT RAISE(ABORT, 'post-edits are append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE post_edits;
DROP TABLE edit_presentations;
