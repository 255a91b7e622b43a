-- The Merkle tree over all events: one row. Entry number = place - base.
CREATE TABLE tree (
    base     INTEGER NOT NULL,              -- the place of entry 0
    size     INTEGER NOT NULL,              -- how many entries are sealed
    frontier BLOB NOT NULL,                 -- the right edge, 32 bytes each, the largest subtree first
    minimum  INTEGER NOT NULL,              -- the first entry that was not deleted
    exported INTEGER NOT NULL,              -- up to this size it was exported
    origin   TEXT,                          -- name and id of the log, without the epoch
    epoch    INTEGER NOT NULL,
    began    INTEGER NOT NULL               -- the size when this epoch began
);
INSERT INTO tree SELECT coalesce(min(place), 1), 0, x'', 0, 0, NULL, 1, 0 FROM event;

-- Hashes of tiles of level 1 and above, 32 bytes each. Those of level 0 are worked out
-- from the events.
CREATE TABLE tile (
    level  INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, n)
) WITHOUT ROWID;

-- Signed checkpoints: the newest, the last of each hour, and what others may have.
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    root BLOB NOT NULL,
    note TEXT NOT NULL,
    at   INTEGER NOT NULL,                  -- milliseconds since 1970
    kept TEXT                               -- hour, left, epoch; NULL while it is the newest
);

-- The verifier keys that have signed, one per key and epoch.
CREATE TABLE audit_key (
    vkey  TEXT PRIMARY KEY,
    since INTEGER NOT NULL,                 -- milliseconds since 1970
    until INTEGER                           -- NULL while it signs
) WITHOUT ROWID;

-- Earlier versions decided by these what follows from a change. It is part of the change
-- since, and connections kept triggers from firing; from now on those below do.
DROP TRIGGER device_moved;
DROP TRIGGER device_gone;

-- `bytes` of an event is 0x10, 16 random bytes and JSON; JSON alone from before this
-- version; or 0xFF, the leaf hash and what is shown instead, where it was redacted.
-- Against faults of programs: whoever may change the tables can drop a trigger too.
CREATE TRIGGER event_is_final BEFORE UPDATE ON event
WHEN hex(substr(OLD.bytes, 1, 1)) = 'FF' OR hex(substr(NEW.bytes, 1, 1)) <> 'FF'
  OR (NEW.place, NEW.device, NEW.seq, NEW.prev, NEW.mark)
     IS NOT (OLD.place, OLD.device, OLD.seq, OLD.prev, OLD.mark)
BEGIN
    SELECT raise(ABORT, 'events are never changed');
END;
CREATE TRIGGER event_stays BEFORE DELETE ON event
WHEN OLD.place >= (SELECT base + minimum FROM tree)
BEGIN
    SELECT raise(ABORT, 'events are deleted from the beginning of the log only');
END;
