-- The entries of the ledger of money: numbered without gaps, each sealed with a hash that covers all before it.
-- `record` is the whole entry as JSON.

CREATE TABLE tierwise.entry (
    seq       bigint PRIMARY KEY,
    id        text   NOT NULL UNIQUE,
    record    text   NOT NULL,
    prev_hash text   NOT NULL,
    hash      text   NOT NULL
);

CREATE TRIGGER entry_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON tierwise.entry
    FOR EACH STATEMENT EXECUTE FUNCTION tierwise.refuse_change();
