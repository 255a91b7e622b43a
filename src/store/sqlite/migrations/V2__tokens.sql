-- The API's own: tokens, and the answers to writes that their callers named.

CREATE TABLE token (
    id   BLOB PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL                      -- holds a digest, not the token
) WITHOUT ROWID;

-- Kept for a day: the answer to a write with an Idempotency-Key, written in the
-- transaction of the write itself.
CREATE TABLE once (
    number INTEGER PRIMARY KEY,             -- the first 63 bits of name
    name   BLOB NOT NULL,                   -- SHA-256 of caller and key
    at     INTEGER NOT NULL,                -- milliseconds since 1970
    digest BLOB NOT NULL,                   -- SHA-256 of what was asked for
    answer BLOB NOT NULL                    -- sealed: it may hold a new token
);
CREATE INDEX once_at ON once (at);
