-- +goose Up

-- Judges and checks rate without a page or a file: a judge's call says what it was
-- shown, and a check sees no order. The change of a CHECK leaves every row as it is, so
-- the schema is edited in place, as in the migration of the reviews.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema
SET sql = replace(sql, 'CHECK ((presentation_id IS NULL) <> (file_id IS NULL))', 'CHECK (presentation_id IS NULL OR file_id IS NULL)')
WHERE type = 'table' AND name = 'ratings';

PRAGMA writable_schema = RESET;

-- The table was there and never written to. A call is one attempt, its row written
-- before it is made: a call whose row says reserved was under way when the program
-- ended, and may have been billed.
DROP TABLE judge_calls;

CREATE TABLE judge_calls (
    id                 INTEGER PRIMARY KEY,
    comparison_id      TEXT    NOT NULL REFERENCES comparisons (id),
    rater_id           INTEGER NOT NULL REFERENCES raters (id),
    first              TEXT    NOT NULL CHECK (first IN ('a', 'b')), -- whose answer was shown first
    model              TEXT    NOT NULL,
    instruction_sha256 TEXT    NOT NULL, -- of the system message, rubric included
    outcome            TEXT    NOT NULL CHECK (outcome IN ('reserved', 'rated', 'unreadable', 'failed')),
    rating_id          INTEGER REFERENCES ratings (id), -- its note is the rationale; null: there is none
    reason             TEXT    NOT NULL, -- why there is none
    claimed_until      INTEGER NOT NULL, -- while it is reserved
    reserved_nano_usd  INTEGER NOT NULL CHECK (reserved_nano_usd >= 0),
    cost_nano_usd      INTEGER CHECK (cost_nano_usd >= 0), -- as billed; null: not known
    lost_nano_usd      INTEGER NOT NULL CHECK (lost_nano_usd >= 0), -- at worst, where the cost is not known
    input_tokens       INTEGER CHECK (input_tokens >= 0),
    cached_tokens      INTEGER CHECK (cached_tokens >= 0),
    output_tokens      INTEGER CHECK (output_tokens >= 0),
    reasoning_tokens   INTEGER CHECK (reasoning_tokens >= 0),
    latency_ms         INTEGER CHECK (latency_ms >= 0),
    model_served       TEXT    NOT NULL,
    called_at          INTEGER NOT NULL,
    CHECK ((outcome = 'rated') = (rating_id IS NOT NULL))
) STRICT;

CREATE INDEX judge_calls_judgement ON judge_calls (rater_id, comparison_id, first);
-- What is spent and set aside is added up before each call.
CREATE INDEX judge_calls_money ON judge_calls (outcome, reserved_nano_usd, cost_nano_usd, lost_nano_usd);
