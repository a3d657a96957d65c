-- +goose Up

-- What the budget must cover is asked before each call. Adding it up takes as long as
-- there are answers; the sum is kept instead, by triggers, so that no statement can
-- forget it. [Store.Check] adds it up again.
CREATE TABLE committed (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    nano_usd INTEGER NOT NULL
) STRICT;

INSERT INTO committed (id, nano_usd)
SELECT 1, (SELECT coalesce(sum(cost_nano_usd), 0) FROM responses WHERE origin = 'measured')
    + (SELECT coalesce(sum(reserved_nano_usd + lost_nano_usd), 0) FROM calls)
    + (SELECT coalesce(sum(coalesce(cost_nano_usd, 0) + CASE outcome WHEN 'reserved' THEN reserved_nano_usd ELSE lost_nano_usd END), 0) FROM judge_calls)
    + (SELECT coalesce(sum(CASE origin WHEN 'measured' THEN coalesce(cost_nano_usd, 0) ELSE 0 END + reserved_nano_usd + lost_nano_usd), 0) FROM revisions);

-- +goose StatementBegin
CREATE TRIGGER committed_response_new AFTER INSERT ON responses WHEN new.origin = 'measured' AND new.cost_nano_usd > 0
BEGIN
    UPDATE committed SET nano_usd = nano_usd + new.cost_nano_usd;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_response_changed AFTER UPDATE OF cost_nano_usd, origin ON responses
BEGIN
    UPDATE committed SET nano_usd = nano_usd
        + CASE WHEN new.origin = 'measured' THEN coalesce(new.cost_nano_usd, 0) ELSE 0 END
        - CASE WHEN old.origin = 'measured' THEN coalesce(old.cost_nano_usd, 0) ELSE 0 END;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_response_gone AFTER DELETE ON responses WHEN old.origin = 'measured' AND old.cost_nano_usd > 0
BEGIN
    UPDATE committed SET nano_usd = nano_usd - old.cost_nano_usd;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_call_new AFTER INSERT ON calls WHEN new.reserved_nano_usd + new.lost_nano_usd > 0
BEGIN
    UPDATE committed SET nano_usd = nano_usd + new.reserved_nano_usd + new.lost_nano_usd;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_call_changed AFTER UPDATE OF reserved_nano_usd, lost_nano_usd ON calls
    WHEN new.reserved_nano_usd + new.lost_nano_usd <> old.reserved_nano_usd + old.lost_nano_usd
BEGIN
    UPDATE committed SET nano_usd = nano_usd + new.reserved_nano_usd + new.lost_nano_usd - old.reserved_nano_usd - old.lost_nano_usd;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_call_gone AFTER DELETE ON calls WHEN old.reserved_nano_usd + old.lost_nano_usd > 0
BEGIN
    UPDATE committed SET nano_usd = nano_usd - old.reserved_nano_usd - old.lost_nano_usd;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_judge_call_new AFTER INSERT ON judge_calls
BEGIN
    UPDATE committed SET nano_usd = nano_usd
        + coalesce(new.cost_nano_usd, 0) + CASE new.outcome WHEN 'reserved' THEN new.reserved_nano_usd ELSE new.lost_nano_usd END;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_judge_call_changed AFTER UPDATE OF outcome, reserved_nano_usd, cost_nano_usd, lost_nano_usd ON judge_calls
BEGIN
    UPDATE committed SET nano_usd = nano_usd
        + coalesce(new.cost_nano_usd, 0) + CASE new.outcome WHEN 'reserved' THEN new.reserved_nano_usd ELSE new.lost_nano_usd END
        - coalesce(old.cost_nano_usd, 0) - CASE old.outcome WHEN 'reserved' THEN old.reserved_nano_usd ELSE old.lost_nano_usd END;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_judge_call_gone AFTER DELETE ON judge_calls
BEGIN
    UPDATE committed SET nano_usd = nano_usd
        - coalesce(old.cost_nano_usd, 0) - CASE old.outcome WHEN 'reserved' THEN old.reserved_nano_usd ELSE old.lost_nano_usd END;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_revision_new AFTER INSERT ON revisions
BEGIN
    UPDATE committed SET nano_usd = nano_usd
        + CASE new.origin WHEN 'measured' THEN coalesce(new.cost_nano_usd, 0) ELSE 0 END + new.reserved_nano_usd + new.lost_nano_usd;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_revision_changed AFTER UPDATE OF origin, cost_nano_usd, reserved_nano_usd, lost_nano_usd ON revisions
BEGIN
    UPDATE committed SET nano_usd = nano_usd
        + CASE new.origin WHEN 'measured' THEN coalesce(new.cost_nano_usd, 0) ELSE 0 END + new.reserved_nano_usd + new.lost_nano_usd
        - (CASE old.origin WHEN 'measured' THEN coalesce(old.cost_nano_usd, 0) ELSE 0 END + old.reserved_nano_usd + old.lost_nano_usd);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_revision_gone AFTER DELETE ON revisions
BEGIN
    UPDATE committed SET nano_usd = nano_usd
        - (CASE old.origin WHEN 'measured' THEN coalesce(old.cost_nano_usd, 0) ELSE 0 END + old.reserved_nano_usd + old.lost_nano_usd);
END;
-- +goose StatementEnd

-- The indexes over money were for adding it up before each call.
DROP INDEX calls_money;
DROP INDEX judge_calls_money;

-- Open calls are read page by page in this order.
DROP INDEX batch_tasks_week;
CREATE INDEX batch_tasks_week ON batch_tasks (week, category, task_id);

-- Who runs a week. A lease that is not renewed runs out, so that a killed run holds
-- nobody up for long.
CREATE TABLE leases (
    week     INTEGER PRIMARY KEY,
    token    TEXT    NOT NULL, -- random: tells this lease from the next of the same holder
    holder   TEXT    NOT NULL, -- as it is told to others
    taken_at INTEGER NOT NULL,
    until    INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE leases;
DROP INDEX batch_tasks_week;
CREATE INDEX batch_tasks_week ON batch_tasks (week, category);
CREATE INDEX judge_calls_money ON judge_calls (outcome, reserved_nano_usd, cost_nano_usd, lost_nano_usd);
CREATE INDEX calls_money ON calls (reserved_nano_usd, lost_nano_usd) WHERE reserved_nano_usd + lost_nano_usd > 0;
DROP TRIGGER committed_revision_gone;
DROP TRIGGER committed_revision_changed;
DROP TRIGGER committed_revision_new;
DROP TRIGGER committed_judge_call_gone;
DROP TRIGGER committed_judge_call_changed;
DROP TRIGGER committed_judge_call_new;
DROP TRIGGER committed_call_gone;
DROP TRIGGER committed_call_changed;
DROP TRIGGER committed_call_new;
DROP TRIGGER committed_response_gone;
DROP TRIGGER committed_response_changed;
DROP TRIGGER committed_response_new;
DROP TABLE committed;
