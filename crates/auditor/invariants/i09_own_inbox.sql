-- I9: nothing is in an inbox without a feed row. Here: of the streams that the service writes itself.
-- Looked at: the newest $1 rows of each cursor.
WITH asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now)
SELECT format('%s %s:%s', c.stream, newest.epoch, newest.seq) AS key
FROM asked, cursor c JOIN stream_head h USING (stream)
CROSS JOIN LATERAL (
    SELECT i.epoch, i.seq, i.event_id FROM inbox i WHERE i.consumer = c.consumer AND i.stream = c.stream
    ORDER BY i.epoch DESC, i.seq DESC LIMIT asked.looks_back) newest
-- by the key, row by row: the whole feed is never read
LEFT JOIN LATERAL (
    SELECT f.event_id FROM feed f WHERE f.stream = c.stream AND f.epoch = newest.epoch AND f.seq = newest.seq LIMIT 1) told ON true
WHERE told.event_id IS DISTINCT FROM newest.event_id
