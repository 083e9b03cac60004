-- I3: an event is in a stream's feed once, and does not wait to be put there again.
-- Looked at: the newest $1 rows of each stream, and the oldest $1 of each outbox.
WITH asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now),
waiting AS (
    (SELECT u.stream, u.event_id FROM outbox_urgent u ORDER BY u.id LIMIT (SELECT looks_back FROM asked))
    UNION ALL
    (SELECT o.stream, o.event_id FROM outbox o ORDER BY o.id LIMIT (SELECT looks_back FROM asked))
)
SELECT format('%s event_%s', h.stream, replace(newest.event_id::text, '-', '')) AS key
FROM asked, stream_head h
CROSS JOIN LATERAL (
    SELECT f.event_id FROM feed f WHERE f.stream = h.stream ORDER BY f.epoch DESC, f.seq DESC LIMIT asked.looks_back) newest
GROUP BY h.stream, newest.event_id HAVING count(*) > 1
UNION ALL
SELECT format('%s event_%s', w.stream, replace(w.event_id::text, '-', '')) FROM waiting w
-- by the key, row by row: the whole feed is never read
CROSS JOIN LATERAL (
    SELECT f.seq FROM feed f WHERE f.stream = w.stream AND f.event_id = w.event_id LIMIT 1) told
