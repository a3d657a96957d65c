-- +goose Up

-- Ratings of comparisons that were rated in the pilot, given again later: of the answers
-- of then (frozen) or of answers made anew to the same tasks (fresh). They stand apart
-- from the pilot's ratings, since no estimate of the pilot rests on them. Of several by a
-- rater of the same comparison, order and round the last counts.
CREATE TABLE anchor_ratings (
    id        INTEGER PRIMARY KEY,
    file_id   INTEGER NOT NULL REFERENCES import_files (id),
    task_id   TEXT    NOT NULL REFERENCES batch_tasks (task_id),
    arm_a     TEXT    NOT NULL, -- the control
    arm_b     TEXT    NOT NULL, -- the candidate
    answers   TEXT    NOT NULL CHECK (answers IN ('frozen', 'fresh')),
    round     TEXT    NOT NULL CHECK (round <> ''), -- the month, such as 2027-01
    rater     TEXT    NOT NULL CHECK (rater <> ''),
    kind      TEXT    NOT NULL CHECK (kind IN ('human', 'judge', 'check')),
    simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    first     TEXT    NOT NULL CHECK (first IN ('a', 'b', '')),
    score     REAL    NOT NULL CHECK (score BETWEEN 0 AND 1), -- share that goes to arm_b
    rated_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX anchor_ratings_rated ON anchor_ratings (task_id, arm_b, rater, answers, round, first);

-- +goose StatementBegin
CREATE TRIGGER anchor_ratings_no_update BEFORE UPDATE ON anchor_ratings
BEGIN
    SELECT RAISE(ABORT, 'ratings are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER anchor_ratings_no_delete BEFORE DELETE ON anchor_ratings
BEGIN
    SELECT RAISE(ABORT, 'ratings are append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE anchor_ratings;
