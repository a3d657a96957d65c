-- +goose Up

-- What providers account for without the text of tasks. An entry is replaced where
-- a later export accounts for the same bucket, so that exports may overlap.

CREATE TABLE spend_files (
    id          INTEGER PRIMARY KEY,
    path        TEXT    NOT NULL,
    format      TEXT    NOT NULL,
    sha256      TEXT    NOT NULL,
    rows        INTEGER NOT NULL,
    rejected    INTEGER NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT;

CREATE TABLE spend_entries (
    format           TEXT    NOT NULL,
    starts_at        INTEGER NOT NULL,
    month            TEXT    NOT NULL CHECK (length(month) = 7), -- of starts_at, such as 2026-03
    model            TEXT    NOT NULL,
    provider         TEXT    NOT NULL,
    detail           TEXT    NOT NULL, -- tells entries of one bucket and model apart
    requests         INTEGER CHECK (requests >= 0),
    input_tokens     INTEGER CHECK (input_tokens >= 0),
    cached_tokens    INTEGER CHECK (cached_tokens >= 0),
    output_tokens    INTEGER CHECK (output_tokens >= 0),
    reasoning_tokens INTEGER CHECK (reasoning_tokens >= 0),
    cost_nano_usd    INTEGER CHECK (cost_nano_usd >= 0),
    file_id          INTEGER NOT NULL REFERENCES spend_files (id),
    PRIMARY KEY (format, starts_at, model, provider, detail)
) STRICT;

CREATE INDEX spend_entries_month ON spend_entries (month, model);

-- +goose Down
DROP TABLE spend_entries;
DROP TABLE spend_files;
