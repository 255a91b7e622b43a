-- What is said of each device by the baselines of compliance, and when time alone changes
-- that.
CREATE TABLE compliance (
    device  INTEGER PRIMARY KEY,
    next_at INTEGER,                        -- milliseconds since 1970; NULL: time changes nothing
    body    BLOB NOT NULL
);
CREATE INDEX compliance_next ON compliance (next_at) WHERE next_at IS NOT NULL;

-- Devices that are to be judged because something moved. A device gets here in the
-- transaction of the change, and out in the one that writes down what follows from it.
CREATE TABLE compliance_due (
    device INTEGER PRIMARY KEY
);

-- How many devices are in each state: by a control; by a whole baseline, where the control
-- is ''; by all baselines, where both are ''.
CREATE TABLE compliance_count (
    baseline TEXT NOT NULL,
    control  TEXT NOT NULL,
    state    TEXT NOT NULL,
    devices  INTEGER NOT NULL,
    PRIMARY KEY (baseline, control, state)
) WITHOUT ROWID;

-- The text of every baseline that was once in force, by its SHA-256.
CREATE TABLE baseline (
    digest TEXT PRIMARY KEY,
    text   TEXT NOT NULL
) WITHOUT ROWID;

-- The set of baselines in force: one row.
CREATE TABLE baseline_set (
    digest TEXT NOT NULL,
    due_to INTEGER                          -- up to this device all were made due by it; NULL: all
);

-- The latest list that was made of each baseline's population.
CREATE TABLE compliance_snapshot (
    baseline TEXT PRIMARY KEY,
    at       INTEGER NOT NULL               -- milliseconds since 1970
) WITHOUT ROWID;
