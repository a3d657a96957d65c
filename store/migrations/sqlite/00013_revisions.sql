-- +goose Up

-- New answers that editors asked for with a remark, of the same arm, each with the call
-- that gets it. The arm is that of the presentation. One is open until it has a response
-- or was refused.
CREATE TABLE revisions (
    id                INTEGER PRIMARY KEY,
    presentation_id   TEXT    NOT NULL REFERENCES edit_presentations (id),
    remark            TEXT    NOT NULL CHECK (remark <> ''),
    seconds           REAL    CHECK (seconds >= 0), -- of reading the answer and writing the remark
    timing            TEXT    NOT NULL CHECK (timing IN ('active', 'elapsed', '')),
    asked_at          INTEGER NOT NULL,
    response          TEXT,    -- null: not answered
    shown_at          INTEGER, -- null: not shown yet
    refused           INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1)), -- the provider refused this very request
    last_error        TEXT    NOT NULL DEFAULT '',
    claimed_until     INTEGER NOT NULL DEFAULT 0, -- 0: given back
    reserved_nano_usd INTEGER NOT NULL DEFAULT 0 CHECK (reserved_nano_usd >= 0),
    lost_nano_usd     INTEGER NOT NULL DEFAULT 0 CHECK (lost_nano_usd >= 0), -- at worst, of what gave no answer that says its cost
    cost_nano_usd     INTEGER CHECK (cost_nano_usd >= 0), -- as billed; null: not known
    input_tokens      INTEGER CHECK (input_tokens >= 0),
    cached_tokens     INTEGER CHECK (cached_tokens >= 0),
    output_tokens     INTEGER CHECK (output_tokens >= 0),
    reasoning_tokens  INTEGER CHECK (reasoning_tokens >= 0),
    latency_ms        INTEGER CHECK (latency_ms >= 0),
    model_served      TEXT    NOT NULL DEFAULT '',
    finish_reason     TEXT    NOT NULL DEFAULT '',
    origin            TEXT    NOT NULL DEFAULT '' CHECK (origin IN ('', 'measured', 'recorded', 'simulated')),
    answered_at       INTEGER,
    CHECK ((seconds IS NULL) = (timing = '')),
    CHECK ((response IS NULL) = (answered_at IS NULL))
) STRICT;

CREATE INDEX revisions_presentation ON revisions (presentation_id);
-- An answer is sent back once at a time, however often the button is pressed.
CREATE UNIQUE INDEX revisions_open ON revisions (presentation_id) WHERE response IS NULL AND refused = 0;

-- +goose Down
DROP TABLE revisions;
