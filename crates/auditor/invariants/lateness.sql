-- Seconds that the oldest urgent row has waited by the database's own clock, and seconds by which the most overdue timer is late at $1.
WITH RECURSIVE kinds AS (
    (SELECT kind FROM timer ORDER BY kind LIMIT 1)
    UNION ALL
    SELECT (SELECT t.kind FROM timer t WHERE t.kind > k.kind ORDER BY t.kind LIMIT 1) FROM kinds k WHERE k.kind IS NOT NULL
)
SELECT (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)::float8 FROM outbox_urgent) AS oldest_urgent,
       (SELECT coalesce(greatest(extract(epoch FROM $1::timestamptz - min(first.fire_at)), 0), 0)::float8
        FROM kinds k CROSS JOIN LATERAL (
            SELECT t.fire_at FROM timer t WHERE t.kind = k.kind ORDER BY t.fire_at LIMIT 1) first) AS overdue
