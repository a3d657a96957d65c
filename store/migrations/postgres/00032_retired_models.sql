-- +goose Up

-- The first day on which the provider offers the model no more; empty: not known.
ALTER TABLE prices ADD COLUMN retires_on TEXT COLLATE "C" NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE prices DROP COLUMN retires_on;
