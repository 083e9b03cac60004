-- The auditor sees which call is in which notice of which desk, and how often that rang: no place, no kind, no instant (I11).
GRANT SELECT (notice_id, organ_id, form, rings, calls) ON desk_notice TO auditor;
GRANT SELECT (recipient_id, call, notice_id, rings) ON desk_call TO auditor;
CREATE POLICY desk_notice_audited ON desk_notice FOR SELECT TO auditor USING (true);
CREATE POLICY desk_call_audited ON desk_call FOR SELECT TO auditor USING (true);
