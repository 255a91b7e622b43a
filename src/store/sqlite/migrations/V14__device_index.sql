-- Where devices are found by what is said of them, without a look at each.

-- The source of every device in lower case, and its user's name where the server is
-- told to keep that in clear: in order, so that all names that begin alike lie together.
CREATE TABLE name_index (
    name   TEXT NOT NULL,
    device INTEGER NOT NULL,
    PRIMARY KEY (name, device)
) WITHOUT ROWID;

-- What else a device is found by: kind 1, its user, by a keyed digest of the name in lower
-- case; 2, each of its groups; 3, its family; 4, each flag that the census found. The first
-- three are written with the device, the flags by the census alone.
CREATE TABLE term_index (
    kind   INTEGER NOT NULL,
    term   BLOB NOT NULL,
    device INTEGER NOT NULL,
    PRIMARY KEY (kind, term, device)
) WITHOUT ROWID;

-- How far the devices of a database that was made before are in the two: one row.
CREATE TABLE index_state (
    users_in_clear INTEGER NOT NULL,        -- 1: users' names are in name_index
    filled_to      INTEGER                  -- the number of a device; NULL: all are
);
INSERT INTO index_state VALUES (0, 0);

-- What the latest walk over all devices counted, as JSON.
CREATE TABLE census (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
