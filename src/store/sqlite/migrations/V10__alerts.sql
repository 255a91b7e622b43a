-- What an operator should act on: one open alert for each kind and subject, and the latest
-- that were cleared.
CREATE TABLE alert (
    number  INTEGER PRIMARY KEY,
    id      BLOB NOT NULL,                  -- 16 bytes
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    raised  INTEGER NOT NULL,               -- milliseconds since 1970
    cleared INTEGER                         -- NULL while it is open
);
CREATE UNIQUE INDEX alert_open ON alert (kind, subject) WHERE cleared IS NULL;
CREATE INDEX alert_cleared ON alert (cleared, number) WHERE cleared IS NOT NULL;
