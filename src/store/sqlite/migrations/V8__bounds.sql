-- Which parts of commands' histories hold answers that are kept, by when they came: what
-- retention looks for. An exchange adds at the end. Those of before count from now on.
CREATE TABLE answer (
    at     INTEGER NOT NULL,                -- milliseconds since 1970
    device INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    part   INTEGER NOT NULL,
    PRIMARY KEY (at, device, seq, part)
) WITHOUT ROWID;
INSERT INTO answer SELECT unixepoch() * 1000, device, seq, part FROM command WHERE part > 0 ORDER BY 2, 3, 4;

-- An inventory in parts, so that a value that changes does not write all of it. Part 0
-- holds all of one that was last written before there were parts.
ALTER TABLE inventory RENAME TO whole_inventory;
CREATE TABLE inventory (
    device INTEGER NOT NULL,
    part   INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (device, part)
) WITHOUT ROWID;
INSERT INTO inventory SELECT device, 0, sealed FROM whole_inventory;
DROP TABLE whole_inventory;
