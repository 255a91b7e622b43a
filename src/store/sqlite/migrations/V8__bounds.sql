-- Which parts of commands' histories hold answers that are kept, with when they came and
-- how much they take: by age for retention, by device for its share. Those of before
-- count from now on.
CREATE TABLE answer (
    device INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    part   INTEGER NOT NULL,
    at     INTEGER NOT NULL,                -- milliseconds since 1970
    bytes  INTEGER NOT NULL,
    PRIMARY KEY (device, seq, part)
) WITHOUT ROWID;
INSERT INTO answer SELECT device, seq, part, unixepoch() * 1000, length(body) FROM command WHERE part > 0;
CREATE INDEX answer_at ON answer (at, device, seq, part);

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
