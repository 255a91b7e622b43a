-- Laid out so that one exchange touches few pages (docs/architecture.md, "Storage").

-- One row per device: what every exchange reads and writes. The kept reply is
-- the last column, so that the others are read without its overflow pages.
CREATE TABLE device (
    number       INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    source       TEXT NOT NULL UNIQUE,
    record       BLOB NOT NULL,             -- sealed
    revision     INTEGER NOT NULL,
    next_command INTEGER NOT NULL,
    next_event   INTEGER NOT NULL,
    event_head   INTEGER NOT NULL,          -- place of the latest event, 0 if none
    event_mark   INTEGER NOT NULL,          -- place of the latest event whose seq is a multiple of 64
    state        BLOB NOT NULL,
    reply        BLOB                       -- sealed
);

-- A command (part 0) and, behind it, what became of it (parts 1, 2, …). Clustered
-- by device; only ever added to.
CREATE TABLE command (
    device INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    part   INTEGER NOT NULL,
    body   BLOB NOT NULL,                   -- sealed where it holds Data
    PRIMARY KEY (device, seq, part)
) WITHOUT ROWID;

-- What is known of a device, as one: it is read and written with the exchange
-- that brings values.
CREATE TABLE inventory (
    device INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL
);

-- What changed in it; number counts per device.
CREATE TABLE inventory_change (
    device INTEGER NOT NULL,
    number INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (device, number)
) WITHOUT ROWID;

-- The log, in order of arrival: a page is shared by many devices of a batch and
-- no index is kept. A device's events form a chain: prev is the one before,
-- mark the latest before it whose seq is a multiple of 64.
CREATE TABLE event (
    place  INTEGER PRIMARY KEY,
    device INTEGER NOT NULL,                -- 0: concerns no device
    seq    INTEGER NOT NULL,
    prev   INTEGER NOT NULL,
    mark   INTEGER NOT NULL,
    bytes  BLOB NOT NULL
);

-- Where the chain of the events that concern no device ends, and those of
-- devices that are gone.
CREATE TABLE chain (
    id         BLOB PRIMARY KEY,            -- 16 zero bytes: no device
    number     INTEGER NOT NULL,
    next_event INTEGER NOT NULL,
    event_head INTEGER NOT NULL,
    event_mark INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO chain VALUES (zeroblob(16), 0, 1, 0, 0);

CREATE TABLE policy_set (
    digest TEXT PRIMARY KEY,
    files  BLOB NOT NULL
) WITHOUT ROWID;

-- A known text sealed with the key: another key is told at once.
CREATE TABLE key_check (
    sealed BLOB NOT NULL
);

-- The form that sealed and packed rows have: their types change with the program.
CREATE TABLE format (
    rows INTEGER NOT NULL
);
INSERT INTO format VALUES (1);
