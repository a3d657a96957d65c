-- +goose Up

-- The last transaction of each process that writes, by its own number: where the connection
-- breaks while it commits, this says whether it did.
CREATE TABLE last_writes (
    process    TEXT COLLATE "C" PRIMARY KEY,
    mark       BIGINT NOT NULL,
    written_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE last_writes;
