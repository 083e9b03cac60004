-- A county, township or village without a national code has a local one: its segment begins with L.
ALTER TABLE place DROP CONSTRAINT place_code_form,
    ADD CONSTRAINT place_code_form CHECK (code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
ALTER TABLE place DROP CONSTRAINT place_parent_form,
    ADD CONSTRAINT place_parent_form CHECK (parent_code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
ALTER TABLE organ_known DROP CONSTRAINT organ_known_territory_code_check,
    ADD CONSTRAINT organ_known_territory_code_check CHECK (territory_code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
ALTER TABLE matter DROP CONSTRAINT matter_place_code_check,
    ADD CONSTRAINT matter_place_code_check CHECK (place_code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
