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

-- +goose Down
UPDATE deviations SET reason = subject || ': ' || reason WHERE kind = 'protocol' AND subject <> '';
ALTER TABLE deviations DROP COLUMN changes;
ALTER TABLE deviations DROP COLUMN subject;
ALTER TABLE deviations DROP COLUMN kind;
