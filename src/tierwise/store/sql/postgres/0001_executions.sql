-- The executions: one row a call, written once. The columns answer queries; `record` is the whole record as JSON.
--
-- `seq` is given under the ledger's lock, so its order is the order of the commits, and "every row up to seq N"
-- is a snapshot that stays true while others append.

CREATE TABLE tierwise.execution (
    seq             bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id              text    NOT NULL UNIQUE,
    at_us           bigint  NOT NULL,
    session         text    NOT NULL,
    run             text    NOT NULL,
    agent           text    NOT NULL,
    skill           text,
    project         text    NOT NULL,
    key             text    NOT NULL,
    model           text    NOT NULL,
    tier            text,
    cost_nanousd    bigint,
    weighted_tokens bigint  NOT NULL,
    answered        bigint  NOT NULL,
    record          text    NOT NULL
);

CREATE INDEX execution_by_time ON tierwise.execution (at_us, seq)
    INCLUDE (cost_nanousd, weighted_tokens, answered);
CREATE INDEX execution_by_session ON tierwise.execution (session, at_us, seq)
    INCLUDE (cost_nanousd, weighted_tokens, answered);
CREATE INDEX execution_by_tier ON tierwise.execution (tier, at_us)
    INCLUDE (cost_nanousd, weighted_tokens, answered);
CREATE INDEX execution_by_skill ON tierwise.execution (skill, at_us, seq)
    INCLUDE (cost_nanousd, weighted_tokens, answered);

-- Append-only, whoever writes.

CREATE FUNCTION tierwise.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % is refused', TG_OP;
END;
$$;

CREATE TRIGGER execution_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON tierwise.execution
    FOR EACH STATEMENT EXECUTE FUNCTION tierwise.refuse_change();
