-- +goose Up

-- A presentation is assigned and its order drawn while the one before is still rated; it
-- is shown, and its time begins, when that is stored.
ALTER TABLE presentations ADD COLUMN shown_at INTEGER; -- null: assigned, not shown yet
UPDATE presentations SET shown_at = presented_at;

-- Comparisons that a rater did not want to rate. They do not come again to this rater.
CREATE TABLE skips (
    presentation_id TEXT    PRIMARY KEY REFERENCES presentations (id),
    reason          TEXT    NOT NULL CHECK (reason IN ('knowledge', 'unclear', 'display', 'other')),
    skipped_at      INTEGER NOT NULL
) STRICT;

-- Why a rater gave a verdict, in the words that the protocol has for it.
CREATE TABLE rating_tags (
    rating_id INTEGER NOT NULL REFERENCES ratings (id),
    tag       TEXT    NOT NULL CHECK (tag <> ''),
    PRIMARY KEY (rating_id, tag)
) STRICT;

-- +goose Down
DROP TABLE rating_tags;
DROP TABLE skips;
ALTER TABLE presentations DROP COLUMN shown_at;
