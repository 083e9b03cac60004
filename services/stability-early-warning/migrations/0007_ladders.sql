-- The ladder of the escalation by which a recipient is called, with its version. The default is what held before there was any.
ALTER TABLE alert_recipient ADD COLUMN ladder text NOT NULL DEFAULT 'urgent-report 2022-05-01'
    CHECK (char_length(ladder) BETWEEN 1 AND 70);

-- What is open at an organ: what nobody has acknowledged, and what it holds until somebody reports on.
CREATE INDEX alert_recipient_open ON alert_recipient (organ_id, alert_id) WHERE state = 'waiting' OR report_due IS NOT NULL;
