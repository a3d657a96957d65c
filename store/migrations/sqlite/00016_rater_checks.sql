-- +goose Up

-- What tries a rater: a comparison shown again as it was (repeat), with its sides
-- exchanged (swapped), or one whose answer is known (sentinel). They stand apart from
-- presentations and ratings, so that nothing that counts verdicts can count them.
CREATE TABLE check_presentations (
    id               TEXT    PRIMARY KEY, -- random: the only id a browser sees
    rater_id         INTEGER NOT NULL REFERENCES raters (id),
    slot             INTEGER NOT NULL CHECK (slot >= 1), -- after how many of the rater's presentations
    kind             TEXT    NOT NULL CHECK (kind IN ('repeat', 'swapped', 'sentinel')),
    repeats          TEXT    REFERENCES presentations (id), -- null: a sentinel
    sentinel         TEXT    NOT NULL, -- its name in the protocol; empty: a repeat
    protocol_version INTEGER NOT NULL REFERENCES protocols (version),
    first            TEXT    NOT NULL CHECK (first IN ('a', 'b')), -- of a sentinel a is the better answer
    presented_at     INTEGER NOT NULL,
    CHECK ((repeats IS NULL) = (kind = 'sentinel')),
    CHECK ((sentinel = '') = (kind <> 'sentinel')),
    UNIQUE (rater_id, slot),
    UNIQUE (rater_id, repeats)
) STRICT;

-- Of several verdicts on a presentation the last counts. Append-only like ratings.
CREATE TABLE check_ratings (
    id              INTEGER PRIMARY KEY,
    presentation_id TEXT    NOT NULL REFERENCES check_presentations (id),
    verdict         TEXT    NOT NULL CHECK (verdict IN ('a', 'b', 'much_a', 'much_b', 'tie', 'both_bad')),
    seconds         REAL    CHECK (seconds >= 0),
    note            TEXT    NOT NULL,
    rated_at        INTEGER NOT NULL
) STRICT;

CREATE INDEX check_ratings_presentation ON check_ratings (presentation_id);

-- +goose StatementBegin
CREATE TRIGGER check_ratings_no_update BEFORE UPDATE ON check_ratings
BEGIN
    SELECT RAISE(ABORT, 'ratings are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER check_ratings_no_delete BEFORE DELETE ON check_ratings
BEGIN
    SELECT RAISE(ABORT, 'ratings are append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE check_ratings;
DROP TABLE check_presentations;
