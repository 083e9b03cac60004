-- What goes along an edge is seen by the organ that reports, the one that receives, and those that oversee the place where the one
-- that receives stands; the last are all above it. The service writes for whoever asks.
CREATE FUNCTION reader_is_on_edge(organ uuid, to_organ uuid, to_place text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN is_house()
    OR coalesce(organ = reader_organ() OR to_organ = reader_organ(), false)
    OR (reader_oversees() AND reader_is_around(to_place));

ALTER TABLE report_schedule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY report_schedule_seen ON report_schedule FOR SELECT USING (reader_is_on_edge(organ_id, to_organ, to_place));
CREATE POLICY report_schedule_written ON report_schedule FOR INSERT WITH CHECK (is_house());
CREATE POLICY report_schedule_changed ON report_schedule FOR UPDATE USING (is_house());

ALTER TABLE report_edge ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY report_edge_house ON report_edge USING (is_house());

ALTER TABLE organ_report ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY organ_report_seen ON organ_report FOR SELECT USING (reader_is_on_edge(organ_id, to_organ, to_place));
CREATE POLICY organ_report_written ON organ_report FOR INSERT WITH CHECK (is_house());
CREATE POLICY organ_report_changed ON organ_report FOR UPDATE USING (is_house());

ALTER TABLE report_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY report_version_seen ON report_version FOR SELECT
    USING (is_house() OR EXISTS (SELECT 1 FROM organ_report r WHERE r.report_id = report_version.report_id));
CREATE POLICY report_version_written ON report_version FOR INSERT WITH CHECK (is_house());
CREATE POLICY report_version_changed ON report_version FOR UPDATE USING (is_house());

ALTER TABLE dispute ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY dispute_seen ON dispute FOR SELECT USING (reader_is_on_edge(reported_by, to_organ, to_place));
CREATE POLICY dispute_written ON dispute FOR INSERT WITH CHECK (is_house());
CREATE POLICY dispute_changed ON dispute FOR UPDATE USING (is_house());

ALTER TABLE ledger_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ledger_entry_seen ON ledger_entry FOR SELECT
    USING (is_house() OR EXISTS (SELECT 1 FROM organ_report r WHERE r.report_id = ledger_entry.report_id));
CREATE POLICY ledger_entry_written ON ledger_entry FOR INSERT WITH CHECK (is_house());

ALTER TABLE report_order ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY report_order_seen ON report_order FOR SELECT
    USING (is_house() OR EXISTS (SELECT 1 FROM organ_report r WHERE r.report_id = report_order.report_id));
CREATE POLICY report_order_written ON report_order FOR INSERT WITH CHECK (is_house());

-- A risk assessment is seen by the organ that made it and those that oversee the place where it takes effect.
ALTER TABLE risk_assessment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY risk_assessment_seen ON risk_assessment FOR SELECT
    USING (is_house() OR coalesce(organ_id = reader_organ(), false) OR (reader_oversees() AND reader_is_around(place_code)));
CREATE POLICY risk_assessment_written ON risk_assessment FOR INSERT WITH CHECK (is_house());
