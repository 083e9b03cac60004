-- Who sees which matter, underneath of whatever the service asks: row-level security of the kit's functions.
INSERT INTO matter_hand (matter_id, organ_id) SELECT DISTINCT matter_id, to_organ FROM forwarding ON CONFLICT DO NOTHING;

ALTER TABLE routed_matter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY routed_matter_seen ON routed_matter FOR SELECT
    USING (reader_sees(matter_id, place_code, category, about_organ, registered_by));
CREATE POLICY routed_matter_registered ON routed_matter FOR INSERT WITH CHECK (is_house());
CREATE POLICY routed_matter_changed ON routed_matter FOR UPDATE
    USING (reader_sees(matter_id, place_code, category, about_organ, registered_by)) WITH CHECK (true);

CALL guard_with('routed_matter', 'forwarding');
CALL guard_with('routed_matter', 'opinion');
