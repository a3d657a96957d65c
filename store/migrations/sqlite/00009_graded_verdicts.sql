-- +goose Up

-- Much better becomes a verdict. The change of a CHECK leaves every row as it is, so
-- the schema is edited in place, as in the migration of the reviews.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema
SET sql = replace(sql, 'IN (''a'', ''b'', ''tie'', ''both_bad'', '''')', 'IN (''a'', ''b'', ''much_a'', ''much_b'', ''tie'', ''both_bad'', '''')')
WHERE type = 'table' AND name = 'ratings';

PRAGMA writable_schema = RESET;

-- Other connections read the schema again when its version moves on.
CREATE TABLE moves_the_version (version INTEGER) STRICT;
DROP TABLE moves_the_version;
