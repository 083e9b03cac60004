-- I5: a cursor is the top of a contiguous inbox. (That it never falls within an epoch the auditor sees from one look to the next.)
-- Looked at: the newest $1 rows of each cursor and epoch.
WITH RECURSIVE asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now),
followed AS (
    (SELECT consumer, stream FROM inbox ORDER BY consumer, stream LIMIT 1)
    UNION ALL
    SELECT next.consumer, next.stream
    FROM followed f CROSS JOIN LATERAL (
        SELECT i.consumer, i.stream FROM inbox i WHERE (i.consumer, i.stream) > (f.consumer, f.stream)
        ORDER BY i.consumer, i.stream LIMIT 1) next
),
counted AS (
    SELECT c.consumer, c.stream, e.epoch, e.epoch = c.epoch AS is_newest, c.seq, newest.rows, newest.lowest, newest.highest
    FROM asked, cursor c
    CROSS JOIN LATERAL generate_series(1, c.epoch) AS e (epoch)
    CROSS JOIN LATERAL (
        SELECT count(*) AS rows, min(seq) AS lowest, max(seq) AS highest
        FROM (SELECT i.seq FROM inbox i WHERE i.consumer = c.consumer AND i.stream = c.stream AND i.epoch = e.epoch
              ORDER BY i.seq DESC LIMIT asked.looks_back) one) newest
)
SELECT format('%s %s epoch %s', c.consumer, c.stream, c.epoch) AS key FROM counted c, asked
WHERE c.rows <> coalesce(c.highest - c.lowest + 1, 0)
   OR (c.rows < asked.looks_back AND c.lowest > 1)
   OR (c.is_newest AND coalesce(c.highest, 0) <> c.seq)
UNION ALL
SELECT format('%s %s epoch above %s', c.consumer, c.stream, c.epoch) FROM cursor c
WHERE EXISTS (SELECT FROM inbox i WHERE i.consumer = c.consumer AND i.stream = c.stream AND i.epoch > c.epoch)
UNION ALL
SELECT format('%s %s has no cursor', f.consumer, f.stream) FROM followed f
WHERE NOT EXISTS (SELECT FROM cursor c WHERE c.consumer = f.consumer AND c.stream = f.stream)
