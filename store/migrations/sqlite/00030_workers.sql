-- +goose Up

-- Calls that were given up: workers leave them alone until somebody asks for them again.
CREATE TABLE waiting_calls (
    job           TEXT PRIMARY KEY,
    task_id       TEXT NOT NULL,
    arm           TEXT NOT NULL, -- of a judgement: the judge
    comparison_id TEXT NOT NULL, -- of a judgement; else empty
    first         TEXT NOT NULL, -- of a judgement: the arm shown first
    week          INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    failed_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The processes that work on the pilot. One that is not seen for a while has died.
CREATE TABLE workers (
    id            TEXT PRIMARY KEY,
    process       TEXT NOT NULL, -- the machine and the number there
    version       TEXT NOT NULL,
    started_at    INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,
    answered      INTEGER NOT NULL,
    rated         INTEGER NOT NULL, -- judgements
    failed        INTEGER NOT NULL, -- calls that were given up
    per_minute    REAL NOT NULL,    -- answers and judgements, of late
    draining      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When each provider's next request and token are due (generic cell rate algorithm).
CREATE TABLE provider_paces (
    provider    TEXT PRIMARY KEY,
    requests_at INTEGER NOT NULL,
    tokens_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The calls in flight to a provider that allows only so many, of all processes.
CREATE TABLE provider_places (
    id       TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    worker   TEXT NOT NULL,
    until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX provider_places_provider ON provider_places (provider, until);

-- +goose Down
DROP TABLE provider_places;
DROP TABLE provider_paces;
DROP TABLE workers;
DROP TABLE waiting_calls;
