-- +goose Up

-- Calls that were given up: workers leave them alone until somebody asks for them again.
CREATE TABLE waiting_calls (
    job           TEXT COLLATE "C" PRIMARY KEY,
    task_id       TEXT COLLATE "C" NOT NULL,
    arm           TEXT COLLATE "C" NOT NULL, -- of a judgement: the judge
    comparison_id TEXT COLLATE "C" NOT NULL, -- of a judgement; else empty
    first         TEXT COLLATE "C" NOT NULL, -- of a judgement: the arm shown first
    week          BIGINT NOT NULL,
    reason        TEXT COLLATE "C" NOT NULL,
    failed_at     BIGINT NOT NULL
);

-- The processes that work on the pilot. One that is not seen for a while has died.
CREATE TABLE workers (
    id            TEXT COLLATE "C" PRIMARY KEY,
    process       TEXT COLLATE "C" NOT NULL, -- the machine and the number there
    version       TEXT COLLATE "C" NOT NULL,
    started_at    BIGINT NOT NULL,
    seen_at       BIGINT NOT NULL,
    answered      BIGINT NOT NULL,
    rated         BIGINT NOT NULL, -- judgements
    failed        BIGINT NOT NULL, -- calls that were given up
    per_minute    DOUBLE PRECISION NOT NULL,    -- answers and judgements, of late
    draining      BIGINT NOT NULL
);

-- When each provider's next request and token are due (generic cell rate algorithm).
CREATE TABLE provider_paces (
    provider    TEXT COLLATE "C" PRIMARY KEY,
    requests_at BIGINT NOT NULL,
    tokens_at   BIGINT NOT NULL
);

-- The calls in flight to a provider that allows only so many, of all processes.
CREATE TABLE provider_places (
    id       TEXT COLLATE "C" PRIMARY KEY,
    provider TEXT COLLATE "C" NOT NULL,
    worker   TEXT COLLATE "C" NOT NULL,
    until    BIGINT NOT NULL
);
CREATE INDEX provider_places_provider ON provider_places (provider, until);

-- +goose Down
DROP TABLE provider_places;
DROP TABLE provider_paces;
DROP TABLE workers;
DROP TABLE waiting_calls;
