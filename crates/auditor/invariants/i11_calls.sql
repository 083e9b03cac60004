-- I11: every call of a desk is in a notice of that desk, and every notice that rings has its calls. A recipient is called when it is
-- addressed and at every escalation. A bundle rings again for calls it has; any other notice rings as often as calls in it do.
-- Looked at: everybody who waits, the newest $1 recipients, and the newest $1 notices; who was addressed before there were notices
-- (the ids of recipients grow) was called without one.
WITH asked AS (SELECT $1::bigint AS looks_back, $2::timestamptz AS now),
looked_at AS (
    SELECT recipient_id, organ_id, escalations FROM alert_recipient WHERE state = 'waiting'
    UNION
    (SELECT recipient_id, organ_id, escalations FROM alert_recipient
     ORDER BY recipient_id DESC LIMIT (SELECT looks_back FROM asked))
),
noticed AS (
    SELECT notice_id, form, rings, calls FROM desk_notice ORDER BY notice_id DESC LIMIT (SELECT looks_back FROM asked)
)
SELECT format('recipient %s was called %s times, and %s calls are in a notice', l.recipient_id, l.escalations + 1, placed.calls) AS key
FROM looked_at l CROSS JOIN LATERAL (
    SELECT count(*) AS calls FROM desk_call c JOIN desk_notice n ON n.notice_id = c.notice_id
    WHERE c.recipient_id = l.recipient_id AND c.call <= l.escalations AND n.organ_id = l.organ_id) placed
WHERE l.recipient_id >= (SELECT recipient_id FROM desk_call ORDER BY recipient_id LIMIT 1) AND placed.calls <> l.escalations + 1
UNION ALL
SELECT format('call %s of recipient %s was never made', c.call, l.recipient_id)
FROM looked_at l JOIN desk_call c ON c.recipient_id = l.recipient_id
WHERE c.call > l.escalations
UNION ALL
SELECT format('notice %s rang %s times for %s calls and has %s, of which %s rang', n.notice_id, n.rings, n.calls, had.calls, had.rings)
FROM noticed n CROSS JOIN LATERAL (
    SELECT count(*) AS calls, count(*) FILTER (WHERE c.rings) AS rings FROM desk_call c WHERE c.notice_id = n.notice_id) had
WHERE n.calls <> had.calls OR n.rings < had.rings OR (n.form <> 'bundle' AND n.rings <> had.rings)
