-- Who is signed in, in a browser. Whoever has the row cannot sign in with it: it holds a
-- digest of the key.
CREATE TABLE web_session (
    number  INTEGER PRIMARY KEY,
    id      BLOB NOT NULL UNIQUE,           -- 16 bytes
    key     BLOB NOT NULL UNIQUE,           -- SHA-256 of what the cookie holds
    subject BLOB NOT NULL,                  -- whose: a kind and 16 bytes of an id
    seen    INTEGER NOT NULL,               -- milliseconds since 1970
    ends    INTEGER NOT NULL,               -- when it ends unless it is used before
    sealed  BLOB NOT NULL
);
CREATE INDEX web_session_subject ON web_session (subject, seen);
CREATE INDEX web_session_ends ON web_session (ends);

-- One-time links to the portal.
CREATE TABLE portal_link (
    number  INTEGER PRIMARY KEY,
    id      BLOB NOT NULL UNIQUE,           -- 16 bytes
    device  INTEGER NOT NULL,
    text    BLOB NOT NULL UNIQUE,           -- SHA-256 of the link's secret
    locator TEXT NOT NULL,                  -- the first half of its code
    expires INTEGER NOT NULL,               -- milliseconds since 1970
    sealed  BLOB NOT NULL
);
CREATE INDEX portal_link_device ON portal_link (device, number);
CREATE INDEX portal_link_locator ON portal_link (locator);
CREATE INDEX portal_link_expires ON portal_link (expires);
