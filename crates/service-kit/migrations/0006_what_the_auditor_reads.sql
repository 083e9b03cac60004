-- The auditor reads where things stand, by ids and instants, and writes nothing. What events say (payload) is not for it: whether
-- an event is the same elsewhere it sees by its hash.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') THEN
        RAISE EXCEPTION 'there is no role auditor: CREATE ROLE auditor LOGIN PASSWORD ''...'' as deploy/postgres/roles.sh does';
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO auditor', current_schema());
END $$;
GRANT SELECT (id, stream, event_id, written_at) ON outbox_urgent TO auditor;
GRANT SELECT (id, stream, event_id, written_at) ON outbox TO auditor;
GRANT SELECT (stream, epoch, seq) ON stream_head TO auditor;
GRANT SELECT (stream, epoch, seq, event_id, sha256) ON feed TO auditor;
GRANT SELECT (consumer, stream, epoch, seq) ON cursor TO auditor;
GRANT SELECT (consumer, stream, epoch, seq, event_id) ON inbox TO auditor;
GRANT SELECT (kind, ref, fire_at, version) ON timer TO auditor;
GRANT SELECT (process, started_at, at) ON heartbeat TO auditor;
