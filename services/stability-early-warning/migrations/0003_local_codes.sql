-- A county, township or village without a national code has a local one: its segment begins with L.
ALTER TABLE office DROP CONSTRAINT office_territory_code_check,
    ADD CONSTRAINT office_territory_code_check CHECK (territory_code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
ALTER TABLE warned_place DROP CONSTRAINT warned_place_code_check,
    ADD CONSTRAINT warned_place_code_check CHECK (code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
ALTER TABLE warned_place DROP CONSTRAINT warned_place_parent_code_check,
    ADD CONSTRAINT warned_place_parent_code_check CHECK (parent_code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
ALTER TABLE alert DROP CONSTRAINT alert_place_code_check,
    ADD CONSTRAINT alert_place_code_check CHECK (place_code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
