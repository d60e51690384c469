-- Checkpoints: what was removed when a ledger was pruned. `seq` and `hash` are those of the last entry that was
-- removed, where the chain of hashes begins from then on; calls before `before_us` may have lost their record.

CREATE TABLE checkpoint (
    number    INTEGER PRIMARY KEY,
    seq       INTEGER NOT NULL,
    hash      TEXT    NOT NULL,
    before_us INTEGER NOT NULL
) STRICT;

CREATE TRIGGER checkpoint_is_written_once BEFORE INSERT ON checkpoint
WHEN EXISTS (SELECT 1 FROM checkpoint WHERE number = NEW.number OR seq > NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: a checkpoint is written once and never moves back');
END;

CREATE TRIGGER checkpoint_is_never_changed BEFORE UPDATE ON checkpoint
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: a checkpoint is never changed');
END;

CREATE TRIGGER checkpoint_is_never_deleted BEFORE DELETE ON checkpoint
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: a checkpoint is never deleted');
END;

-- From now on exactly what a checkpoint covers may be deleted.

DROP TRIGGER entry_is_never_deleted;
CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
WHEN OLD.seq > coalesce((SELECT max(seq) FROM checkpoint), 0)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: an entry is never deleted');
END;

DROP TRIGGER execution_is_never_deleted;
CREATE TRIGGER execution_is_never_deleted BEFORE DELETE ON execution
WHEN NOT EXISTS (SELECT 1 FROM checkpoint WHERE before_us > OLD.at_us)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: a record is never deleted');
END;
