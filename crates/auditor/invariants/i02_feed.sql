-- I2: the feed is dense, and its last place is the head.
-- Looked at: the newest $1 rows of each stream and epoch.
WITH RECURSIVE asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now),
streams AS (
    (SELECT stream FROM feed ORDER BY stream LIMIT 1)
    UNION ALL
    SELECT (SELECT f.stream FROM feed f WHERE f.stream > s.stream ORDER BY f.stream LIMIT 1)
    FROM streams s WHERE s.stream IS NOT NULL
),
counted AS (
    SELECT h.stream, e.epoch, e.epoch = h.epoch AS is_newest, h.seq AS head, newest.rows, newest.lowest, newest.highest
    FROM asked, stream_head h
    CROSS JOIN LATERAL generate_series(1, h.epoch) AS e (epoch)
    CROSS JOIN LATERAL (
        SELECT count(*) AS rows, min(seq) AS lowest, max(seq) AS highest
        FROM (SELECT seq FROM feed f WHERE f.stream = h.stream AND f.epoch = e.epoch
              ORDER BY seq DESC LIMIT asked.looks_back) one) newest
)
SELECT format('%s epoch %s', c.stream, c.epoch) AS key FROM counted c, asked
WHERE c.rows <> coalesce(c.highest - c.lowest + 1, 0)
   OR (c.rows < asked.looks_back AND c.lowest > 1)
   OR (c.is_newest AND coalesce(c.highest, 0) <> c.head)
UNION ALL
SELECT format('%s epoch above %s', h.stream, h.epoch) FROM stream_head h
WHERE EXISTS (SELECT FROM feed f WHERE f.stream = h.stream AND f.epoch > h.epoch)
UNION ALL
SELECT s.stream || ' has no head' FROM streams s
WHERE s.stream IS NOT NULL AND NOT EXISTS (SELECT FROM stream_head h WHERE h.stream = s.stream)
