-- The ledger: one row a call, written once. The columns answer queries; `record` is the whole record as JSON.
--
-- `seq` is the order of writing. As rows are never deleted it only grows, so "every row up to seq N" is a
-- snapshot that stays true while others append.

CREATE TABLE execution (
    seq             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    at_us           INTEGER NOT NULL,
    session         TEXT    NOT NULL,
    run             TEXT    NOT NULL,
    agent           TEXT    NOT NULL,
    skill           TEXT,
    project         TEXT    NOT NULL,
    key             TEXT    NOT NULL,
    model           TEXT    NOT NULL,
    tier            TEXT,
    cost_nanousd    INTEGER,
    weighted_tokens INTEGER NOT NULL,
    answered        INTEGER NOT NULL,
    record          TEXT    NOT NULL
) STRICT;

-- Each index holds all that `spent` adds up, so a budget is answered without touching the records. The first
-- one also holds the scopes that have no index of their own.

CREATE INDEX execution_by_time ON execution
    (at_us, seq, cost_nanousd, weighted_tokens, answered, model, project, key, run);
CREATE INDEX execution_by_session ON execution
    (session, at_us, seq, cost_nanousd, weighted_tokens, answered);
CREATE INDEX execution_by_tier ON execution
    (tier, at_us, cost_nanousd, weighted_tokens, answered);
CREATE INDEX execution_by_skill ON execution
    (skill, at_us, seq, cost_nanousd, weighted_tokens, answered);

-- Append-only, whoever writes. The first trigger makes a replayed id do nothing; it also keeps INSERT OR REPLACE
-- from deleting a row behind the back of the third.

CREATE TRIGGER execution_is_written_once BEFORE INSERT ON execution
WHEN EXISTS (SELECT 1 FROM execution WHERE id = NEW.id OR seq = NEW.seq)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER execution_is_never_changed BEFORE UPDATE ON execution
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: a record is never changed');
END;

CREATE TRIGGER execution_is_never_deleted BEFORE DELETE ON execution
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: a record is never deleted');
END;
