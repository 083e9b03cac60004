-- A county, township or village without a national code has a local one: its segment begins with L.
ALTER TABLE territory DROP CONSTRAINT territory_code_form,
    ADD CONSTRAINT territory_code_form CHECK (code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');
ALTER TABLE routed_matter DROP CONSTRAINT routed_matter_place_code_check,
    ADD CONSTRAINT routed_matter_place_code_check CHECK (place_code ~ '^[0-9]{4}([0-9]{2}|L[0-9A-Z])([0-9]{3}|L[0-9A-Z]{2})([0-9]{3}|L[0-9A-Z]{2})$');

-- Places are dated. `territory` holds those in force, `territory_past` the stretches that ended. A place of which
-- no change tells the first day counts as in force since 1949-10-01. The edition is that of the load that wrote the row.
ALTER TABLE territory
    ADD COLUMN valid_from date NOT NULL DEFAULT '1949-10-01',
    ADD COLUMN edition bigint NOT NULL DEFAULT 0;
CREATE INDEX territory_edition_rows ON territory (edition);

CREATE TABLE territory_past (
    code         text NOT NULL,
    valid_from   date NOT NULL,
    valid_to     date NOT NULL,
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    level        text NOT NULL
                 CHECK (level IN ('village', 'township', 'county', 'city', 'province', 'nation')),
    parent_code  text,
    PRIMARY KEY (code, valid_from),
    CONSTRAINT territory_past_in_order CHECK (valid_from <= valid_to)
);

-- What became of places, each by a dated decision with its document. Units are [{"code", "name"}].
CREATE TABLE territory_change (
    change_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    holds_from   date NOT NULL,
    kind         text NOT NULL
                 CHECK (kind IN ('renamed', 'recoded', 'merged', 'absorbed', 'split', 'redrawn', 'split_off',
                                 'transferred', 'established')),
    from_units   jsonb NOT NULL,
    to_units     jsonb NOT NULL,
    document     text NOT NULL CHECK (char_length(document) BETWEEN 1 AND 200)
);

-- Grows with every load of places or changes. `rebuilt` is the last edition that changed or ended a known place: who
-- holds the places in memory since an earlier edition reads all of them again, else only the new ones.
CREATE TABLE territory_edition (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    edition  bigint NOT NULL,
    rebuilt  bigint NOT NULL
);
INSERT INTO territory_edition (edition, rebuilt) VALUES (0, 0);

-- The organs of a place that ends stay known: matters are in their hands.
ALTER TABLE organ DROP CONSTRAINT organ_territory_code_fkey;
