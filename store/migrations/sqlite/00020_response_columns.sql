-- +goose Up

-- What providers say beside the tokens by kind: the part of the input that was written
-- to a cache, which is billed by its own price, and the fingerprint of what answered,
-- by which a provider tells that it changed something behind a model's name.
ALTER TABLE responses ADD COLUMN cache_write_tokens INTEGER CHECK (cache_write_tokens >= 0);
ALTER TABLE responses ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE recorded_answers ADD COLUMN cache_write_tokens INTEGER CHECK (cache_write_tokens >= 0);

-- +goose Down
ALTER TABLE recorded_answers DROP COLUMN cache_write_tokens;
ALTER TABLE responses DROP COLUMN fingerprint;
ALTER TABLE responses DROP COLUMN cache_write_tokens;
