-- Denunciations repeat denunciations, and the first may be sealed from a reader to whom the next one is open: what it repeats is then
-- shown to nobody whom row-level security keeps from it.
CREATE FUNCTION shown_repeat(of_category text, repeated uuid) RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF repeated IS NULL OR of_category <> 'denunciation' THEN
        RETURN repeated;
    END IF;
    RETURN (SELECT m.matter_id FROM matter m WHERE m.matter_id = repeated);
END $$;
