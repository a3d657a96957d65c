-- +goose Up

-- The prices that modeltrial.yaml stated, which carry no date: each from the moment at
-- which it was first seen, so that a later check can tell that one was changed. body is
-- JSON as in the file; empty: the file no longer states one.
CREATE TABLE own_prices (
    id       INTEGER PRIMARY KEY,
    provider TEXT    NOT NULL,
    model    TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    seen_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX own_prices_of ON own_prices (provider, model, id);

-- +goose Down
DROP TABLE own_prices;
