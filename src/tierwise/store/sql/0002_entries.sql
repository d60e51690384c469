-- The ledger of money: one row an entry, as JSON, sealed with a hash that covers everything before it.
--
-- Numbers go 1, 2, 3, … without gaps. What balances are made of is in `record` alone; a reader adds up entries
-- and never asks this table for a sum. `id` stands apart because it must be unique.

CREATE TABLE entry (
    seq       INTEGER PRIMARY KEY,
    id        TEXT    NOT NULL UNIQUE,
    record    TEXT    NOT NULL,
    prev_hash TEXT    NOT NULL,
    hash      TEXT    NOT NULL
) STRICT;

-- Append-only, whoever writes. Unlike a record of a call, an entry that comes twice is a mistake of the writer:
-- ignoring it would tear the chain. The first trigger also keeps INSERT OR REPLACE from deleting a row.

CREATE TRIGGER entry_is_written_once BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM entry WHERE id = NEW.id OR seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: an entry is written once');
END;

CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: an entry is never changed');
END;

CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: an entry is never deleted');
END;
