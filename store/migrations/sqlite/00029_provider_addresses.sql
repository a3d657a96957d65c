-- +goose Up

-- Where each provider of the pilot was called, from when on. It is not in the protocol,
-- which names providers: another address may be another service under the same name.
CREATE TABLE provider_addresses (
    id       INTEGER PRIMARY KEY,
    provider TEXT    NOT NULL,
    address  TEXT    NOT NULL,
    since    INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE provider_addresses;
