-- What was counted by the hour, for the history of the whole installation.
CREATE TABLE tally (
    hour INTEGER NOT NULL,                  -- hours since 1970
    key  TEXT NOT NULL,
    n    INTEGER NOT NULL,
    PRIMARY KEY (hour, key)
) WITHOUT ROWID;
