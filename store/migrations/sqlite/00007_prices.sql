-- +goose Up

-- What imported price lists say, each row from its first day on. Amounts are
-- nano-dollars per 1,000,000 tokens, days are text such as 2026-03-01, and null is not
-- given, never 0.
CREATE TABLE prices (
    model                   TEXT    NOT NULL,
    provider                TEXT    NOT NULL,
    valid_from              TEXT    NOT NULL,
    listed_on               TEXT    NOT NULL, -- the day of the list
    source                  TEXT    NOT NULL,
    input_nano_usd          INTEGER NOT NULL CHECK (input_nano_usd >= 0),
    cached_input_nano_usd   INTEGER CHECK (cached_input_nano_usd >= 0),
    cache_write_nano_usd    INTEGER CHECK (cache_write_nano_usd >= 0),
    output_nano_usd         INTEGER NOT NULL CHECK (output_nano_usd >= 0),
    reasoning_nano_usd      INTEGER CHECK (reasoning_nano_usd >= 0),
    batch_input_nano_usd    INTEGER CHECK (batch_input_nano_usd >= 0),
    batch_output_nano_usd   INTEGER CHECK (batch_output_nano_usd >= 0),
    long_context_above      INTEGER CHECK (long_context_above > 0), -- tokens; null: no price of its own
    long_input_nano_usd     INTEGER CHECK (long_input_nano_usd >= 0),
    long_cached_nano_usd    INTEGER CHECK (long_cached_nano_usd >= 0),
    long_write_nano_usd     INTEGER CHECK (long_write_nano_usd >= 0),
    long_output_nano_usd    INTEGER CHECK (long_output_nano_usd >= 0),
    context_window_tokens   INTEGER CHECK (context_window_tokens > 0),
    PRIMARY KEY (model, provider, valid_from),
    CHECK ((long_context_above IS NULL) = (long_input_nano_usd IS NULL)),
    CHECK ((long_context_above IS NULL) = (long_output_nano_usd IS NULL))
) STRICT;

-- +goose Down
DROP TABLE prices;
