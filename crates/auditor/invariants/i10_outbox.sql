-- I10: the oldest urgent outbox row is younger than 2 s, by the database's own clock.
-- Looked at: every row that waits.
WITH asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now)
SELECT format('%s row %s', o.stream, o.id) AS key FROM outbox_urgent o, asked
WHERE o.written_at < clock_timestamp() - interval '2 seconds'
