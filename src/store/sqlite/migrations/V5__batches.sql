-- Batches: one command for many devices. What they queued is beside them, in order.
CREATE TABLE batch (
    place  INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE,
    is_open INTEGER NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX open_batches ON batch (place) WHERE is_open = 1;

CREATE TABLE batch_item (
    batch  INTEGER NOT NULL,
    item   INTEGER NOT NULL,                -- counts per batch
    device BLOB NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (batch, item)
) WITHOUT ROWID;
