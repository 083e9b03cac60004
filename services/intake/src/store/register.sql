-- Whole registrations in one round trip, a row of the arrays each: whoever claims the request id writes
-- the matter, the petition, the first step and the fact that is told. Whoever does not, writes nothing.
WITH given AS (
    SELECT DISTINCT ON (caller, request_id) *
    FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::uuid[], $6::text[], $7::text[],
                $8::text[], $9::text[], $10::text[], $11::integer[], $12::uuid[], $13::timestamptz[],
                $14::timestamptz[], $15::boolean[], $16::uuid[], $17::uuid[], $18::text[], $19::bigint[],
                $20::integer[], $21::bytea[], $22::bytea[], $23::bytea[], $24::text[], $25::uuid[],
                $26::bytea[])
         AS given (caller, request_id, body_hash, response, matter_id, number, channel,
                   category, subject, place_code, persons, registered_by, received_at,
                   registered_at, agent, about_organ, repeat_of, repeat_reason, leaf,
                   epoch, wrapped_key, body, screening_hash, stream, event_id, payload)
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
    INSERT INTO petition (matter_id, screening_hash, initial)
    SELECT matter_id, screening_hash, repeat_of IS NULL
    FROM taken
), written AS (
    INSERT INTO petition_text (record_id, matter_id, leaf, epoch, wrapped_key, body)
    SELECT matter_id, matter_id, leaf, epoch, wrapped_key, body
    FROM taken WHERE category <> 'denunciation'
), written_sealed AS (
    INSERT INTO sealed_petition_text (record_id, matter_id, leaf, epoch, wrapped_key, body)
    SELECT matter_id, matter_id, leaf, epoch, wrapped_key, body
    FROM taken WHERE category = 'denunciation'
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
