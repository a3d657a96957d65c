-- +goose Up

-- What kind of deviation it is, what it is of (an arm, a week; empty: the pilot), and
-- for a changed protocol what changed, in words.
ALTER TABLE deviations ADD COLUMN kind TEXT NOT NULL DEFAULT 'protocol'
    CHECK (kind IN ('protocol', 'changed arm', 'replaced model', 'skipped week', 'early stop', 'resumed', 'other'));
ALTER TABLE deviations ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE deviations ADD COLUMN changes TEXT NOT NULL DEFAULT '';

-- The version stood before the reason.
UPDATE deviations SET subject = substr(reason, 1, instr(reason, ': ') - 1), reason = substr(reason, instr(reason, ': ') + 2)
WHERE reason LIKE 'protocol version %: _%';

-- Batches handed in to a provider's batch interface, whose answers come within a day. The
-- row and the claims of its calls are written before it is handed in: where it has no id
-- of the provider's the program ended meanwhile, and the next one looks for it there.
CREATE TABLE provider_batches (
    id           TEXT    PRIMARY KEY, -- ours, random: begins the id of each request
    provider     TEXT    NOT NULL,
    model        TEXT    NOT NULL,
    remote_id    TEXT    NOT NULL, -- the provider's; empty: not known to have been handed in
    state        TEXT    NOT NULL CHECK (state IN ('open', 'collected', 'failed')),
    reason       TEXT    NOT NULL,
    submitted_at INTEGER NOT NULL,
    ended_at     INTEGER,
    CHECK ((state = 'open') = (ended_at IS NULL))
) STRICT;

CREATE TABLE provider_batch_items (
    batch_id          TEXT    NOT NULL REFERENCES provider_batches (id),
    number            INTEGER NOT NULL,
    task_id           TEXT    NOT NULL REFERENCES batch_tasks (task_id),
    arm               TEXT    NOT NULL,
    repeat            INTEGER NOT NULL, -- 0 where the call is the whole answer, as is step
    step              INTEGER NOT NULL,
    reserved_nano_usd INTEGER NOT NULL CHECK (reserved_nano_usd >= 0), -- the worst case
    PRIMARY KEY (batch_id, number)
) STRICT;

-- +goose Down
DROP TABLE provider_batch_items;
DROP TABLE provider_batches;
UPDATE deviations SET reason = subject || ': ' || reason WHERE kind = 'protocol' AND subject <> '';
ALTER TABLE deviations DROP COLUMN changes;
ALTER TABLE deviations DROP COLUMN subject;
ALTER TABLE deviations DROP COLUMN kind;
