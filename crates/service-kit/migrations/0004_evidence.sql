-- Tamper evidence: every event of the feed is a leaf of one of two Merkle trees whose heads are signed (docs/evidence.md).
-- Nothing of these tables is personal, and none of them is read by an rpc but as LogService and receipts say.

-- The matters that are denunciations: what is told of them goes to the sealed log.
CREATE TABLE sealed_matter (
    matter_id  uuid PRIMARY KEY
);

-- How far each stream has been logged. Moves in the transaction of the entries.
CREATE TABLE log_cursor (
    stream  text PRIMARY KEY,
    epoch   integer NOT NULL,
    seq     bigint NOT NULL
);

-- The entries, dense from 0 in each log. An event is logged once.
CREATE TABLE log_entry (
    log        text NOT NULL CHECK (log IN ('open', 'sealed')),
    index      bigint NOT NULL CHECK (index >= 0),
    stream     text NOT NULL,
    epoch      integer NOT NULL,
    seq        bigint NOT NULL,
    event_id   uuid NOT NULL,
    leaf_hash  bytea NOT NULL,
    PRIMARY KEY (log, index),
    CONSTRAINT log_entry_event_once UNIQUE (event_id, stream)
);

-- The hashes of the perfect subtrees of every eighth level, so that a proof reads a few hundred rows in a log of any size.
CREATE TABLE log_node (
    log    text NOT NULL CHECK (log IN ('open', 'sealed')),
    level  smallint NOT NULL CHECK (level > 0),
    index  bigint NOT NULL CHECK (index >= 0),
    hash   bytea NOT NULL,
    PRIMARY KEY (log, level, index)
);

-- The newest head of each log. `blind` is the secret under which the places of events are hashed; `frontier` holds the roots of the
-- perfect subtrees, the largest first: what the tree goes on from.
CREATE TABLE log_head (
    log         text PRIMARY KEY CHECK (log IN ('open', 'sealed')),
    suite       text NOT NULL CHECK (suite IN ('sha-256', 'sm3')),
    blind       bytea NOT NULL CHECK (octet_length(blind) = 16),
    origin      text NOT NULL,
    size        bigint NOT NULL CHECK (size >= 0),
    root        bytea NOT NULL,
    signed_at   timestamptz NOT NULL,
    kept        bigint NOT NULL CHECK (kept >= 0),
    public_key  bytea NOT NULL,
    signature   bytea NOT NULL,
    frontier    bytea NOT NULL
);

-- Heads of earlier moments, at most one a second, numbered from 1 without gaps: the number is signed as `kept`.
CREATE TABLE log_head_history (
    log         text NOT NULL CHECK (log IN ('open', 'sealed')),
    number      bigint NOT NULL CHECK (number >= 1),
    origin      text NOT NULL,
    size        bigint NOT NULL CHECK (size >= 0),
    root        bytea NOT NULL,
    signed_at   timestamptz NOT NULL,
    public_key  bytea NOT NULL,
    signature   bytea NOT NULL,
    PRIMARY KEY (log, number)
);

-- Heads of the logs of other services, and of the level below, as they were handed in here.
CREATE TABLE anchor (
    origin       text NOT NULL,
    log          text NOT NULL CHECK (log IN ('open', 'sealed')),
    public_key   bytea NOT NULL,
    size         bigint NOT NULL CHECK (size >= 0),
    suite        text NOT NULL CHECK (suite IN ('sha-256', 'sm3')),
    root         bytea NOT NULL,
    signed_at    timestamptz NOT NULL,
    kept         bigint NOT NULL CHECK (kept >= 0),
    signature    bytea NOT NULL,
    anchored_at  timestamptz NOT NULL,
    PRIMARY KEY (origin, log, size, public_key)
);

-- What is evidence is only ever added to. Whoever may alter the tables can take this away; what was done then is found.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME;
END $$;
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON log_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON log_node
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON log_head_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON anchor
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
