-- Who counts what, underneath of whatever the service asks: row-level security of the kit's functions. A statistics desk counts the
-- matters of its place, and no denunciation that is sealed from it: also a number would tell.
ALTER TABLE matter_fact ADD COLUMN about_organ uuid;
ALTER TABLE alert_fact
    ADD COLUMN place_code text,
    ADD COLUMN matter_ids uuid[] NOT NULL DEFAULT '{}';

ALTER TABLE matter_fact ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY matter_fact_seen ON matter_fact USING (
    is_house()
    OR (reader_is_around(place_code) AND (category <> 'denunciation' OR NOT sealed_from_reader(about_organ))));

CALL guard_with('matter_fact', 'matter_step');
CALL guard_with('matter_fact', 'deadline_fact');
CALL guard_with('matter_fact', 'order_fact');
CALL guard_with('matter_fact', 'objection_fact');
CALL guard_with('matter_fact', 'evaluation_fact');

-- An alert of the reader's place, about no matter that the reader does not see.
ALTER TABLE alert_fact ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY alert_fact_seen ON alert_fact USING (
    is_house()
    OR (reader_is_around(place_code)
        AND NOT EXISTS (
            SELECT 1 FROM unnest(matter_ids) AS about (matter_id)
            WHERE NOT EXISTS (SELECT 1 FROM matter_fact m WHERE m.matter_id = about.matter_id))));

-- How far was counted is the newest step of a matter that the reader sees.
CREATE INDEX matter_step_newest ON matter_step (at DESC);
DROP TABLE counted_until;
