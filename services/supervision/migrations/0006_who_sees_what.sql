-- What decides who sees a matter, as its registration says; and row-level security of the kit's functions.
ALTER TABLE register_line
    ADD COLUMN place_code text,
    ADD COLUMN category text CHECK (category IN ('suggestion', 'denunciation', 'claim')),
    ADD COLUMN about_organ uuid,
    DROP CONSTRAINT register_line_registered_wholly,
    ADD CONSTRAINT register_line_registered_wholly
        CHECK (num_nulls(number, registered_by, opened_at, place_code, category) IN (0, 5));

ALTER TABLE register_line ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY register_line_seen ON register_line FOR SELECT
    USING (reader_sees(matter_id, place_code, category, about_organ, registered_by));
CREATE POLICY register_line_opened ON register_line FOR INSERT WITH CHECK (true);
CREATE POLICY register_line_changed ON register_line FOR UPDATE
    USING (reader_sees(matter_id, place_code, category, about_organ, registered_by)) WITH CHECK (true);

CALL guard_with('register_line', 'clock_fact');
CALL guard_with('register_line', 'clock');
CALL guard_with('register_line', 'deadline_extension');
CALL guard_with('register_line', 'deadline_pause');
CALL guard_with('register_line', 'due_day_set');
CALL guard_with('register_line', 'supervise_order');
CALL guard_with('register_line', 'moved_deadline');
CALL guard_with('register_line', 'remedy');
CALL guard_with('register_line', 'recommendation');
