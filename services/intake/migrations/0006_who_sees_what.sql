-- Who sees which matter, underneath of whatever the service asks: row-level security of the kit's functions.

-- Where organs stand is the kit's table organ_standing now.
INSERT INTO organ_standing (organ_id, level, territory_code, oversees, heads)
SELECT organ_id, level, territory_code, false, false FROM organ_known
ON CONFLICT DO NOTHING;
DROP TABLE organ_known;

INSERT INTO matter_hand (matter_id, organ_id)
SELECT DISTINCT matter_id, organ_id FROM progress_step WHERE organ_id IS NOT NULL
ON CONFLICT DO NOTHING;

ALTER TABLE matter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY matter_seen ON matter FOR SELECT
    USING (reader_sees(matter_id, place_code, category, about_organ, registered_by));
-- the registrar writes, for whoever asks
CREATE POLICY matter_registered ON matter FOR INSERT WITH CHECK (is_house());
CREATE POLICY matter_changed ON matter FOR UPDATE
    USING (reader_sees(matter_id, place_code, category, about_organ, registered_by)) WITH CHECK (true);

CALL guard_with('matter', 'progress_step');
CALL guard_with('matter', 'decline_notice');
CALL guard_with('matter', 'remedy_step');
CALL guard_with('matter', 'evaluation');
CALL guard_with('matter', 'petition_reading');

-- What a petition says is for the organ that handles the matter now, and for nobody else.
ALTER TABLE petition ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY petition_seen ON petition FOR SELECT USING (is_house() OR EXISTS (
    SELECT 1 FROM matter m
    WHERE m.matter_id = petition.matter_id
      AND (m.stage_organ = reader_organ()
           OR (m.registered_by = reader_organ() AND m.stage IN ('registered', 'declined')))));
CREATE POLICY petition_registered ON petition FOR INSERT WITH CHECK (is_house());

-- Numbers for denunciations are handed out beside those of all others: a gap tells nothing (src/numbers.rs).
CREATE SEQUENCE sealed_matter_window MINVALUE 1 START WITH 1;
