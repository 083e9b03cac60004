-- A denunciation is counted by posts for denunciations alone, of organs that oversee its place, and by none from which it is sealed:
-- also a number would tell. So a published report, which is for everybody, counts none.
ALTER POLICY matter_fact_seen ON matter_fact USING (
    is_house()
    OR (reader_is_around(place_code)
        AND (category <> 'denunciation'
             OR (reader_is_for_sealed() AND reader_oversees() AND NOT sealed_from_reader(about_organ)))));
