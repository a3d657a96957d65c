-- +goose Up

-- The steps of a price after the first one, for requests that are longer still: a JSON
-- array of the same amounts, empty where there is none.
ALTER TABLE prices ADD COLUMN long_steps TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE prices DROP COLUMN long_steps;
