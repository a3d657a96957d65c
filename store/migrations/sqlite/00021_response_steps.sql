-- +goose Up

-- Calls that are a part of an arm's answer: the steps of a pipeline, and the answers
-- after the first where the protocol asks each arm for several. The first answer, or
-- what the steps of a pipeline's first one make together, is in responses, which is what
-- is rated.
CREATE TABLE response_steps (
    task_id            TEXT    NOT NULL REFERENCES batch_tasks (task_id),
    arm                TEXT    NOT NULL,
    repeat             INTEGER NOT NULL CHECK (repeat >= 1),
    step               INTEGER NOT NULL CHECK (step >= 1),
    response           TEXT    NOT NULL,
    response_sha256    TEXT    NOT NULL,
    input_tokens       INTEGER CHECK (input_tokens >= 0),
    cached_tokens      INTEGER CHECK (cached_tokens >= 0),
    cache_write_tokens INTEGER CHECK (cache_write_tokens >= 0),
    output_tokens      INTEGER CHECK (output_tokens >= 0),
    reasoning_tokens   INTEGER CHECK (reasoning_tokens >= 0),
    cost_nano_usd      INTEGER CHECK (cost_nano_usd >= 0),
    ttft_ms            INTEGER CHECK (ttft_ms >= 0),
    latency_ms         INTEGER CHECK (latency_ms >= 0),
    model_served       TEXT    NOT NULL,
    fingerprint        TEXT    NOT NULL,
    finish_reason      TEXT    NOT NULL,
    attempts           INTEGER NOT NULL CHECK (attempts >= 0),
    origin             TEXT    NOT NULL CHECK (origin IN ('measured', 'recorded', 'simulated')),
    counted            INTEGER NOT NULL CHECK (counted IN (0, 1)), -- 0: the cost is in that of the row of responses
    stored_at          INTEGER NOT NULL,
    PRIMARY KEY (task_id, arm, repeat, step)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER committed_step_new AFTER INSERT ON response_steps
BEGIN
    UPDATE committed SET nano_usd = nano_usd + CASE WHEN new.counted = 1 AND new.origin = 'measured' THEN coalesce(new.cost_nano_usd, 0) ELSE 0 END;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_step_changed AFTER UPDATE OF counted, origin, cost_nano_usd ON response_steps
BEGIN
    UPDATE committed SET nano_usd = nano_usd + CASE WHEN new.counted = 1 AND new.origin = 'measured' THEN coalesce(new.cost_nano_usd, 0) ELSE 0 END
        - CASE WHEN old.counted = 1 AND old.origin = 'measured' THEN coalesce(old.cost_nano_usd, 0) ELSE 0 END;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER committed_step_gone AFTER DELETE ON response_steps
BEGIN
    UPDATE committed SET nano_usd = nano_usd - CASE WHEN old.counted = 1 AND old.origin = 'measured' THEN coalesce(old.cost_nano_usd, 0) ELSE 0 END;
END;
-- +goose StatementEnd

-- +goose Down
DELETE FROM response_steps; -- so that what they cost is not kept as committed
DROP TABLE response_steps;
