-- +goose Up

-- What raters thought of who wrote the answers, asked for after the verdict. Of several
-- by a rater on a comparison in the same order the last counts. Append-only like ratings.
CREATE TABLE guesses (
    id            INTEGER PRIMARY KEY,
    comparison_id TEXT    NOT NULL REFERENCES comparisons (id),
    rater_id      INTEGER NOT NULL REFERENCES raters (id),
    first         TEXT    NOT NULL CHECK (first IN ('a', 'b', '')),
    file_id       INTEGER REFERENCES import_files (id), -- null: guessed here
    control       TEXT    NOT NULL CHECK (control IN ('a', 'b', '')), -- the arm taken for the control; empty: does not know
    recognised    INTEGER NOT NULL CHECK (recognised IN (0, 1)), -- a model, for sure
    asked         INTEGER NOT NULL CHECK (asked IN (0, 1)), -- chosen at random; else the rater came forward
    guessed_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX guesses_rater ON guesses (rater_id, comparison_id, first);

-- +goose StatementBegin
CREATE TRIGGER guesses_no_update BEFORE UPDATE ON guesses
BEGIN
    SELECT RAISE(ABORT, 'guesses are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER guesses_no_delete BEFORE DELETE ON guesses
BEGIN
    SELECT RAISE(ABORT, 'guesses are append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE guesses;
