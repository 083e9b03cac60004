-- One registration in one round trip, as the leanest client would send it: what the bench holds our
-- registrations against. It writes what intake's own statement writes; a test compares the two.
WITH claimed AS (
    INSERT INTO idempotency (caller, request_id, body_hash, response)
    VALUES ($1::text, $2::text, $3::bytea, $4::bytea)
    ON CONFLICT DO NOTHING
    RETURNING request_id
), registered AS (
    INSERT INTO matter (matter_id, number, channel, category, subject, place_code, persons,
                        registered_by, received_at, registered_at, stage_at, agent, about_organ,
                        repeat_of, repeat_reason)
    SELECT $5::uuid, $6::text, $7::text, $8::text, $9::text, $10::text, $11::integer,
           $12::uuid, $13::timestamptz, $14::timestamptz, $14::timestamptz, $15::boolean, $16::uuid,
           $17::uuid, $18::text
    FROM claimed
), kept AS (
    INSERT INTO petition (matter_id, screening_hash, initial)
    SELECT $5::uuid, $23::bytea, $17::uuid IS NULL
    FROM claimed
), written AS (
    INSERT INTO petition_text (record_id, matter_id, leaf, epoch, wrapped_key, body)
    SELECT $5::uuid, $5::uuid, $19::bigint, $20::integer, $21::bytea, $22::bytea
    FROM claimed WHERE $8::text <> 'denunciation'
), written_sealed AS (
    INSERT INTO sealed_petition_text (record_id, matter_id, leaf, epoch, wrapped_key, body)
    SELECT $5::uuid, $5::uuid, $19::bigint, $20::integer, $21::bytea, $22::bytea
    FROM claimed WHERE $8::text = 'denunciation'
), stepped AS (
    INSERT INTO progress_step (matter_id, step, stage, organ_id, reached_at)
    SELECT $5::uuid, 1, 'registered', $12::uuid, $14::timestamptz
    FROM claimed
), told AS (
    INSERT INTO outbox (stream, event_id, payload)
    SELECT $24::text, $25::uuid, $26::bytea
    FROM claimed
)
SELECT EXISTS (SELECT FROM claimed) AS "claimed!"
