-- The auditor sees of every alert its id, and of every recipient how far it got: no facts, no measures, no reason, no phone, no post.
GRANT SELECT (alert_id, reported_at) ON alert TO auditor;
GRANT SELECT (recipient_id, alert_id, organ_id, level, state, step, escalations, ack_due, report_due) ON alert_recipient TO auditor;
GRANT SELECT (alert_id, organ_id) ON alert_exclusion TO auditor;
GRANT SELECT (alert_id, organ_id) ON alert_told TO auditor;
GRANT SELECT (recipient_id, count, step, at) ON escalation_order TO auditor;
CREATE POLICY alert_audited ON alert FOR SELECT TO auditor USING (true);
CREATE POLICY alert_recipient_audited ON alert_recipient FOR SELECT TO auditor USING (true);

-- Where the fact of an encoded event begins, counted from 0; null when it is no event. Before it lie the id, the time and the trace,
-- each shorter than 128 bytes: a tag, a length, and so many bytes.
CREATE FUNCTION fact_begins(payload bytea) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    place integer := 0;
BEGIN
    WHILE place + 2 <= octet_length(payload) LOOP
        IF get_byte(payload, place) NOT IN (10, 18, 26) THEN
            RETURN place;
        END IF;
        place := place + 2 + get_byte(payload, place + 1);
    END LOOP;
    RETURN NULL;
END $$;

-- The id that is written behind a word such as alert_ for the first time; null when there is none.
CREATE FUNCTION id_behind(word text, written bytea) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN position(convert_to(word, 'UTF8') IN written) = 0 THEN NULL
    ELSE substring(
        encode(substring(written FROM position(convert_to(word, 'UTF8') IN written) + length(word) FOR 32), 'escape')
        FROM '^[0-9a-f]{32}$')::uuid END;

-- The newest events of the urgent streams, so many of each, and what waits to be sequenced: of which alert each tells and, when it
-- is an AlertRaised (fact 30 of the event: tag 242 1), for which organ. Answers ids only, for whoever may not read events.
CREATE FUNCTION alert_events(looks_back bigint)
RETURNS TABLE (stream text, epoch integer, seq bigint, event_id uuid, alert_id uuid, raised_for uuid)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT e.stream, e.epoch, e.seq, e.event_id, id_behind('alert_', e.payload),
           CASE WHEN get_byte(e.payload, e.begins) = 242 AND get_byte(e.payload, e.begins + 1) = 1
                -- the organ that reports comes first, then the addressed one
                THEN id_behind('organ_', substring(e.payload FROM position('\x6f7267616e5f'::bytea IN e.payload) + 6)) END
    FROM (
        SELECT newest.*, fact_begins(newest.payload) AS begins
        FROM stream_head h CROSS JOIN LATERAL (
            SELECT f.stream, f.epoch, f.seq, f.event_id, f.payload FROM feed f
            WHERE f.stream = h.stream ORDER BY f.epoch DESC, f.seq DESC LIMIT looks_back) newest
        WHERE h.stream LIKE 'alerts:%'
        UNION ALL
        SELECT o.stream, NULL, NULL, o.event_id, o.payload, fact_begins(o.payload) FROM outbox_urgent o
    ) e
$$;
-- whatever whoever asks has laid into its own path
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION alert_events(bigint) SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION alert_events(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alert_events(bigint) TO auditor;
