-- Bodies of webhooks beside a SQLite store, in a file with a writer of its own. Nothing in it changes until it is deleted: how
-- far it has been read stands in the store, written with what was read.

-- By which the store knows this file: one that is put in its place is read from its beginning.
CREATE TABLE file (
    id TEXT NOT NULL
);
INSERT INTO file (id) VALUES (lower(hex(randomblob(16))));

-- line: 'people' for what people write and do, 'news' for what providers tell; each is read in the order of its ids.
CREATE TABLE webhook (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account     TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    line        TEXT NOT NULL,
    body        BLOB NOT NULL
);
CREATE INDEX webhook_line ON webhook (line, id);
