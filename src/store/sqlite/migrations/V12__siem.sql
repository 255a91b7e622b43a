-- How far the log was sent to each system that the settings name.
CREATE TABLE siem_cursor (
    sink TEXT PRIMARY KEY,                  -- its name in the settings
    next INTEGER NOT NULL                   -- the number of the first entry that it has not taken
) WITHOUT ROWID;
