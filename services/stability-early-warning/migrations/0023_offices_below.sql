-- Offices below the place of an alert, by the thousand (decision 22).
ALTER TABLE alert_recipient
    DROP CONSTRAINT alert_recipient_role_check,
    ADD CONSTRAINT alert_recipient_role_check
        CHECK (role IN ('own_leadership', 'level_above', 'national_office', 'competent_department', 'joint_meeting',
                        'offices_below', 'added_by_escalation'));
-- An answer lists the others first.
CREATE INDEX alert_recipient_not_below ON alert_recipient (alert_id) WHERE role <> 'offices_below';

-- Who was told is noted once a statement and no longer once a row.
CREATE FUNCTION note_recipients_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alert_told (alert_id, organ_id) SELECT alert_id, organ_id FROM told ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
DROP TRIGGER alert_told_to_a_recipient ON alert_recipient;
CREATE TRIGGER alert_told_to_a_recipient AFTER INSERT ON alert_recipient
    REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION note_recipients_told();
