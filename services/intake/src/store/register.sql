-- Whole registrations in one round trip, a row of the arrays each: whoever claims the request id writes
-- the matter, the petition, the first step and the fact that is told. Whoever does not, writes nothing.
WITH given AS (
    SELECT DISTINCT ON (caller, request_id) *
    FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::uuid[], $6::text[], $7::text[],
                $8::text[], $9::text[], $10::text[], $11::integer[], $12::uuid[], $13::timestamptz[],
                $14::timestamptz[], $15::boolean[], $16::uuid[], $17::uuid[], $18::text[], $19::text[],
                $20::text[], $21::text[], $22::text[], $23::text[], $24::text[], $25::bytea[],
                $26::bytea[], $27::text[], $28::uuid[], $29::bytea[])
         AS given (caller, request_id, body_hash, response, matter_id, number, channel,
                   category, subject, place_code, persons, registered_by, received_at,
                   registered_at, agent, about_organ, repeat_of, repeat_reason, name,
                   address, phone, id_number, main_request, facts, query_code_hash,
                   screening_hash, stream, event_id, payload)
    -- one order everywhere, so that two of these statements never wait for each other in a ring
    ORDER BY caller, request_id
), claimed AS (
    INSERT INTO idempotency (caller, request_id, body_hash, response)
    SELECT caller, request_id, body_hash, response FROM given
    ON CONFLICT DO NOTHING
    RETURNING caller, request_id
), taken AS (
    SELECT given.* FROM given JOIN claimed USING (caller, request_id)
), registered AS (
    INSERT INTO matter (matter_id, number, channel, category, subject, place_code, persons,
                        registered_by, received_at, registered_at, stage_at, agent, about_organ,
                        repeat_of, repeat_reason)
    SELECT matter_id, number, channel, category, subject, place_code, persons,
           registered_by, received_at, registered_at, registered_at, agent, about_organ,
           repeat_of, repeat_reason
    FROM taken
), kept AS (
    INSERT INTO petition (matter_id, name, address, phone, id_number, main_request, facts,
                          representatives, query_code_hash, screening_hash, initial)
    SELECT matter_id, name, address, phone, id_number, main_request, facts,
           ARRAY(SELECT person.name
                 FROM unnest($30::text[], $31::uuid[]) WITH ORDINALITY AS person (name, represents, place)
                 WHERE person.represents = taken.matter_id
                 ORDER BY person.place),
           query_code_hash, screening_hash, repeat_of IS NULL
    FROM taken
), stepped AS (
    INSERT INTO progress_step (matter_id, step, stage, organ_id, reached_at)
    SELECT matter_id, 1, 'registered', registered_by, registered_at
    FROM taken
), told AS (
    INSERT INTO outbox (stream, event_id, payload)
    SELECT stream, event_id, payload
    FROM taken
)
SELECT matter_id AS "matter_id!" FROM taken
