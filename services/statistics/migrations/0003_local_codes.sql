-- A county, township or village without a national code has a local one: its segment begins with L.
ALTER TABLE matter_fact DROP CONSTRAINT matter_fact_place_code_check,
    ADD CONSTRAINT matter_fact_place_code_check CHECK (place_code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
ALTER TABLE place_name DROP CONSTRAINT place_name_code_check,
    ADD CONSTRAINT place_name_code_check CHECK (code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
