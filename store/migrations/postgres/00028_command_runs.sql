-- +goose Up

-- What came of the commands of checks. The key names command, limits and files, so that
-- none is run twice, and a run that was killed goes on where it was.
CREATE TABLE command_runs (
    key        TEXT COLLATE "C" PRIMARY KEY CHECK (length(key) = 64), -- SHA-256
    check_name TEXT COLLATE "C" NOT NULL,
    passes     BIGINT NOT NULL CHECK (passes IN (0, 1)),
    detail     TEXT COLLATE "C" NOT NULL, -- why it does not pass
    confined   BIGINT NOT NULL CHECK (confined IN (0, 1)), -- it could write in its own directory alone
    ran_at     BIGINT NOT NULL
);

-- +goose Down
DROP TABLE command_runs;
