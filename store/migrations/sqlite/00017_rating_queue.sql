-- +goose Up

-- How far each comparison is. Who asks for the next one would otherwise wait for all
-- ratings of all comparisons to be counted. Triggers keep it, so that no statement can
-- forget it; [Store.Check] counts again.
CREATE TABLE comparison_queue (
    comparison_id    TEXT    PRIMARY KEY REFERENCES comparisons (id),
    week             INTEGER NOT NULL, -- of its task
    category         TEXT    NOT NULL, -- of its task
    answered         INTEGER NOT NULL CHECK (answered IN (0, 1)), -- by both arms: it can be shown
    excluded         INTEGER NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1)), -- by the rule on flagged answers
    people           INTEGER NOT NULL CHECK (people >= 0), -- who have rated it
    simulated_people INTEGER NOT NULL CHECK (simulated_people >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO comparison_queue (comparison_id, week, category, answered, people, simulated_people)
SELECT c.id, b.week, b.category,
    EXISTS (SELECT 1 FROM responses WHERE task_id = c.task_id AND arm = c.arm_a)
        AND EXISTS (SELECT 1 FROM responses WHERE task_id = c.task_id AND arm = c.arm_b),
    (SELECT count(DISTINCT r.rater_id) FROM ratings r JOIN raters h ON h.id = r.rater_id AND h.kind = 'human' AND h.simulated = 0
        WHERE r.comparison_id = c.id),
    (SELECT count(DISTINCT r.rater_id) FROM ratings r JOIN raters h ON h.id = r.rater_id AND h.kind = 'human' AND h.simulated = 1
        WHERE r.comparison_id = c.id)
FROM comparisons c JOIN batch_tasks b ON b.task_id = c.task_id;

UPDATE comparison_queue SET excluded = 1 WHERE comparison_id IN (SELECT comparison_id FROM comparison_checks WHERE excluded = 1);

-- Those that can be shown, in the order in which they are.
CREATE INDEX comparison_queue_next ON comparison_queue (week, people, comparison_id) WHERE answered = 1 AND excluded = 0;

-- +goose StatementBegin
CREATE TRIGGER comparison_queue_new AFTER INSERT ON comparisons
BEGIN
    INSERT INTO comparison_queue (comparison_id, week, category, answered, people, simulated_people)
    SELECT new.id, b.week, b.category,
        EXISTS (SELECT 1 FROM responses WHERE task_id = new.task_id AND arm = new.arm_a)
            AND EXISTS (SELECT 1 FROM responses WHERE task_id = new.task_id AND arm = new.arm_b), 0, 0
    FROM batch_tasks b WHERE b.task_id = new.task_id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER comparison_queue_answered AFTER INSERT ON responses
BEGIN
    UPDATE comparison_queue SET answered = 1
    WHERE answered = 0 AND comparison_id IN (
        SELECT c.id FROM comparisons c
        WHERE c.task_id = new.task_id
          AND EXISTS (SELECT 1 FROM responses WHERE task_id = c.task_id AND arm = c.arm_a)
          AND EXISTS (SELECT 1 FROM responses WHERE task_id = c.task_id AND arm = c.arm_b));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER comparison_queue_moved AFTER UPDATE OF week, category ON batch_tasks
BEGIN
    UPDATE comparison_queue SET week = new.week, category = new.category
    WHERE comparison_id IN (SELECT id FROM comparisons WHERE task_id = new.task_id);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER comparison_queue_checked AFTER INSERT ON comparison_checks
BEGIN
    UPDATE comparison_queue SET excluded = new.excluded WHERE comparison_id = new.comparison_id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER comparison_queue_checked_again AFTER UPDATE OF excluded ON comparison_checks
BEGIN
    UPDATE comparison_queue SET excluded = new.excluded WHERE comparison_id = new.comparison_id;
END;
-- +goose StatementEnd

-- What tries a rater can be skipped like everything else.
ALTER TABLE check_presentations ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0 CHECK (skipped IN (0, 1));

-- A presentation waits until it is rated or skipped.
ALTER TABLE presentations ADD COLUMN settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1));
UPDATE presentations SET settled = EXISTS (SELECT 1 FROM ratings r WHERE r.presentation_id = presentations.id)
    OR EXISTS (SELECT 1 FROM skips k WHERE k.presentation_id = presentations.id);

CREATE INDEX presentations_waiting ON presentations (comparison_id, rater_id) WHERE settled = 0;
CREATE INDEX presentations_waiting_for ON presentations (rater_id, presented_at, id) WHERE settled = 0;
DROP INDEX presentations_rater;
CREATE INDEX presentations_rater ON presentations (rater_id, comparison_id, first);

-- +goose StatementBegin
CREATE TRIGGER presentations_skipped AFTER INSERT ON skips
BEGIN
    UPDATE presentations SET settled = 1 WHERE id = new.presentation_id AND settled = 0;
END;
-- +goose StatementEnd

-- A person's first rating of a comparison counts; corrections and judges do not.
-- +goose StatementBegin
CREATE TRIGGER comparison_queue_rated AFTER INSERT ON ratings
BEGIN
    UPDATE presentations SET settled = 1 WHERE id = new.presentation_id AND settled = 0;
    UPDATE comparison_queue SET
        people = people + (SELECT simulated = 0 FROM raters WHERE id = new.rater_id),
        simulated_people = simulated_people + (SELECT simulated = 1 FROM raters WHERE id = new.rater_id)
    WHERE comparison_id = new.comparison_id
      AND (SELECT kind FROM raters WHERE id = new.rater_id) = 'human'
      AND NOT EXISTS (SELECT 1 FROM ratings r WHERE r.rater_id = new.rater_id AND r.comparison_id = new.comparison_id AND r.id <> new.id);
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER comparison_queue_rated;
DROP TRIGGER presentations_skipped;
DROP INDEX presentations_rater;
DROP INDEX presentations_waiting_for;
DROP INDEX presentations_waiting;
CREATE INDEX presentations_rater ON presentations (rater_id);
ALTER TABLE presentations DROP COLUMN settled;
ALTER TABLE check_presentations DROP COLUMN skipped;
DROP TRIGGER comparison_queue_checked_again;
DROP TRIGGER comparison_queue_checked;
DROP TRIGGER comparison_queue_moved;
DROP TRIGGER comparison_queue_answered;
DROP TRIGGER comparison_queue_new;
DROP TABLE comparison_queue;
