-- Matters that are about an organ, as intake told them: that organ is not told of an alert about them, and of a denunciation
-- none that it heads and none below it.
CREATE TABLE matter_about (
    matter_id     uuid PRIMARY KEY,
    organ_id      uuid NOT NULL,
    denunciation  boolean NOT NULL
);

-- Who was told of an alert: whoever reported it and its recipients. Kept by triggers, so that row-level security can ask
-- without going round in a ring.
CREATE TABLE alert_told (
    alert_id  uuid NOT NULL,
    organ_id  uuid NOT NULL,
    PRIMARY KEY (alert_id, organ_id)
);
CREATE FUNCTION note_alert_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alert_told (alert_id, organ_id) VALUES (NEW.alert_id, NEW.organ_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
INSERT INTO alert_told (alert_id, organ_id)
SELECT alert_id, organ_id FROM alert UNION SELECT alert_id, organ_id FROM alert_recipient;
CREATE TRIGGER alert_told_to_its_reporter AFTER INSERT ON alert FOR EACH ROW EXECUTE FUNCTION note_alert_told();
CREATE TRIGGER alert_told_to_a_recipient AFTER INSERT ON alert_recipient FOR EACH ROW EXECUTE FUNCTION note_alert_told();

-- An alert is seen by whoever was told of it, and never by an organ that is excluded. The service writes for whoever asks.
CREATE FUNCTION reader_was_told(alert uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (SELECT 1 FROM alert_told t WHERE t.alert_id = alert AND t.organ_id = reader_organ())
       AND NOT EXISTS (SELECT 1 FROM alert_exclusion x WHERE x.alert_id = alert AND x.organ_id = reader_organ())
$$;
ALTER TABLE alert ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY alert_seen ON alert FOR SELECT USING (is_house() OR reader_was_told(alert_id));
CREATE POLICY alert_written ON alert FOR INSERT WITH CHECK (is_house());
ALTER TABLE alert_recipient ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY alert_recipient_seen ON alert_recipient FOR SELECT USING (is_house() OR reader_was_told(alert_id));
CREATE POLICY alert_recipient_written ON alert_recipient FOR INSERT WITH CHECK (is_house());
CREATE POLICY alert_recipient_changed ON alert_recipient FOR UPDATE USING (is_house());
