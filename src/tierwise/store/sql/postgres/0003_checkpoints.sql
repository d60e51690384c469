-- Checkpoints: what was removed when a ledger was pruned. `seq` and `hash` are those of the last entry that was
-- removed, where the chain of hashes begins from then on; calls before `before_us` may have lost their record.

CREATE TABLE tierwise.checkpoint (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    seq       bigint NOT NULL,
    hash      text   NOT NULL,
    before_us bigint NOT NULL
);

CREATE TRIGGER checkpoint_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON tierwise.checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION tierwise.refuse_change();

CREATE FUNCTION tierwise.refuse_moving_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM tierwise.checkpoint WHERE seq > NEW.seq) THEN
        RAISE EXCEPTION 'the ledger is append-only: a checkpoint never moves back';
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER checkpoint_never_moves_back BEFORE INSERT ON tierwise.checkpoint
    FOR EACH ROW EXECUTE FUNCTION tierwise.refuse_moving_back();

-- From now on exactly what a checkpoint covers may be deleted. Looked at once for all rows of a statement.

CREATE FUNCTION tierwise.refuse_losing_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM removed WHERE seq > (SELECT coalesce(max(seq), 0) FROM tierwise.checkpoint)
    ) THEN
        RAISE EXCEPTION 'the ledger is append-only: DELETE is refused';
    END IF;
    RETURN NULL;
END;
$$;

CREATE FUNCTION tierwise.refuse_losing_executions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM removed
        WHERE at_us >= (SELECT coalesce(max(before_us), -9223372036854775808) FROM tierwise.checkpoint)
    ) THEN
        RAISE EXCEPTION 'the ledger is append-only: DELETE is refused';
    END IF;
    RETURN NULL;
END;
$$;

DROP TRIGGER entry_is_never_changed ON tierwise.entry;
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE OR TRUNCATE ON tierwise.entry
    FOR EACH STATEMENT EXECUTE FUNCTION tierwise.refuse_change();
CREATE TRIGGER entry_is_never_deleted AFTER DELETE ON tierwise.entry
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION tierwise.refuse_losing_entries();

DROP TRIGGER execution_is_never_changed ON tierwise.execution;
CREATE TRIGGER execution_is_never_changed BEFORE UPDATE OR TRUNCATE ON tierwise.execution
    FOR EACH STATEMENT EXECUTE FUNCTION tierwise.refuse_change();
CREATE TRIGGER execution_is_never_deleted AFTER DELETE ON tierwise.execution
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION tierwise.refuse_losing_executions();
