-- Push: who is to be woken when, the channel URIs, the profiles.

-- One row per device whose wake is open, written with its state.
CREATE TABLE outbox (
    device INTEGER PRIMARY KEY,
    due    INTEGER NOT NULL                 -- milliseconds since 1970
);
CREATE INDEX outbox_due ON outbox (due);

-- The channel URI of a device, written with the state that holds its digest.
CREATE TABLE push_channel (
    device INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL
);

-- Push profiles, in the order in which they were made; sealed with their
-- credentials.
CREATE TABLE push_profile (
    number INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE,
    sealed BLOB NOT NULL
);
