-- Enrollments by which the server issued certificates, each with the device that it is of.
CREATE TABLE enrollment (
    number   INTEGER PRIMARY KEY,
    id       BLOB NOT NULL UNIQUE,          -- 16 bytes
    device   INTEGER NOT NULL,
    phase    INTEGER NOT NULL,              -- 0 issued, 1 active, 2 renewing, 3 ended
    conflict INTEGER NOT NULL,              -- 1: it named itself as another device
    expires  INTEGER NOT NULL,              -- the end of its certificate, milliseconds since 1970
    sealed   BLOB NOT NULL
);
CREATE INDEX enrollment_device ON enrollment (device, number);
CREATE INDEX enrollment_phase ON enrollment (phase, number);
CREATE INDEX enrollment_conflict ON enrollment (number) WHERE conflict = 1;
CREATE INDEX enrollment_expires ON enrollment (expires, number) WHERE phase < 3;

-- The enrollment of each certificate that is on record of one, and of its key.
CREATE TABLE enrollment_certificate (
    digest     BLOB PRIMARY KEY,            -- SHA-256 of the certificate
    public_key BLOB NOT NULL,               -- SHA-256 of its SubjectPublicKeyInfo
    enrollment INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX enrollment_certificate_key ON enrollment_certificate (public_key);
CREATE INDEX enrollment_certificate_of ON enrollment_certificate (enrollment);

-- One-time tokens by which devices enroll. Whoever has the row cannot enroll with it.
CREATE TABLE enrollment_token (
    number  INTEGER PRIMARY KEY,
    id      BLOB NOT NULL UNIQUE,           -- 16 bytes
    digest  BLOB NOT NULL UNIQUE,           -- SHA-256 of the token
    expires INTEGER NOT NULL,               -- milliseconds since 1970
    sealed  BLOB NOT NULL
);
CREATE INDEX enrollment_token_expires ON enrollment_token (expires);

-- The server's own authorities that sign certificates of devices, with their keys.
CREATE TABLE enrollment_ca (
    number  INTEGER PRIMARY KEY,
    made_at INTEGER NOT NULL,               -- milliseconds since 1970
    sealed  BLOB NOT NULL
);
