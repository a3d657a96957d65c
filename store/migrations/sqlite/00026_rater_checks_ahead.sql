-- +goose Up

-- What tries a rater is chosen while the comparison before it is still rated, like every
-- other comparison, so that nobody can tell it by how long it takes to come.
ALTER TABLE check_presentations ADD COLUMN shown_at INTEGER; -- null: chosen, not shown yet
UPDATE check_presentations SET shown_at = presented_at;

-- What a rater says beside the verdict comes back when the verdict is changed, also where
-- it is of no arm.
ALTER TABLE check_ratings ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'; -- JSON array
ALTER TABLE check_ratings ADD COLUMN grades TEXT NOT NULL DEFAULT '{}'; -- JSON object, as in ratings

-- +goose Down
ALTER TABLE check_ratings DROP COLUMN grades;
ALTER TABLE check_ratings DROP COLUMN tags;
ALTER TABLE check_presentations DROP COLUMN shown_at;
