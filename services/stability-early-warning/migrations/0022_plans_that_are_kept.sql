-- As in the kit: a plan that is kept instead of one for each row (crates/service-kit/migrations/0007_plans_that_are_kept.sql).
CREATE OR REPLACE FUNCTION reader_was_told(alert uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM alert_told t WHERE t.alert_id = alert AND t.organ_id = reader_organ())
        AND NOT EXISTS (SELECT 1 FROM alert_exclusion x WHERE x.alert_id = alert AND x.organ_id = reader_organ());
END
$$;
