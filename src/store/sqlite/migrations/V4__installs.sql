-- The catalogue, installs, and webhooks with what is still to be delivered.

CREATE TABLE app (
    number INTEGER PRIMARY KEY,
    id     TEXT NOT NULL UNIQUE,
    sealed BLOB NOT NULL                    -- licences and JobData are Data
);

-- Clustered by device, like commands. A body holds no secrets.
CREATE TABLE install (
    device INTEGER NOT NULL,
    no     INTEGER NOT NULL,                -- counts per device
    app    TEXT NOT NULL,
    open   INTEGER NOT NULL,                -- 1 until it is final
    body   BLOB NOT NULL,
    PRIMARY KEY (device, no)
) WITHOUT ROWID;
CREATE INDEX open_installs ON install (device) WHERE open = 1;

-- Devices whose installs are to be looked at. A device gets here in the
-- transaction that changes its state, and out in the one that writes down what
-- follows from it: a process that dies in between forgets nothing. Where a
-- device has no open install this costs the exchange one look into an index
-- that is small.
CREATE TABLE install_due (
    device INTEGER PRIMARY KEY
);
CREATE TRIGGER device_moved AFTER UPDATE OF state ON device
WHEN EXISTS (SELECT 1 FROM install WHERE device = NEW.number AND open = 1)
BEGIN
    INSERT OR IGNORE INTO install_due VALUES (NEW.number);
END;
CREATE TRIGGER device_gone AFTER DELETE ON device
BEGIN
    DELETE FROM install WHERE device = OLD.number;
    DELETE FROM install_due WHERE device = OLD.number;
END;

CREATE TABLE webhook (
    number INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE,
    sealed BLOB NOT NULL
);

-- The outbox: written in the transaction of the step that it tells of.
CREATE TABLE delivery (
    number   INTEGER PRIMARY KEY,
    webhook  INTEGER NOT NULL,
    due      INTEGER NOT NULL,              -- milliseconds since 1970
    attempts INTEGER NOT NULL,
    event    TEXT NOT NULL,
    body     BLOB NOT NULL                  -- JSON, sent as it stands
);
CREATE INDEX delivery_due ON delivery (webhook, due);
