-- +goose Up

-- What masking did to the answers of a comparison and what it cannot mend, looked at
-- when the comparison is made and again under another version of the protocol.
CREATE TABLE comparison_checks (
    comparison_id    TEXT    PRIMARY KEY REFERENCES comparisons (id),
    protocol_version INTEGER NOT NULL REFERENCES protocols (version),
    masks_a          INTEGER NOT NULL CHECK (masks_a >= 0), -- places hidden
    masks_b          INTEGER NOT NULL CHECK (masks_b >= 0),
    flags            TEXT    NOT NULL, -- JSON array of {side, reason, text}
    traits_a         TEXT    NOT NULL, -- JSON array: habits of formatting
    traits_b         TEXT    NOT NULL,
    excluded         INTEGER NOT NULL CHECK (excluded IN (0, 1)), -- by the protocol's rule on flagged answers
    checked_at       INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE comparison_checks;
