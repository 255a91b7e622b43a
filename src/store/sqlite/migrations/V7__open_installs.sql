-- Who has which installs under way, so that they can be counted.
CREATE TABLE asked_install (
    actor  TEXT NOT NULL,                   -- as the log names it
    device INTEGER NOT NULL,
    no     INTEGER NOT NULL,
    PRIMARY KEY (actor, device, no)
) WITHOUT ROWID;
CREATE INDEX asked_install_of ON asked_install (device, no);
