-- Organs and places as routing told them, kept here so that an alert waits for no other service.
CREATE TABLE office (
    organ_id        uuid PRIMARY KEY,
    name            text NOT NULL,
    level           text NOT NULL
                    CHECK (level IN ('village', 'township', 'county', 'city', 'province', 'nation')),
    territory_code  text NOT NULL CHECK (territory_code ~ '^[0-9]{12}$'),
    functions       text[] NOT NULL
);
CREATE INDEX office_territory ON office (territory_code, organ_id);

-- Grows with every change of the offices, so that whoever holds them in memory knows when to read again.
CREATE TABLE office_edition (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    edition  bigint NOT NULL
);
INSERT INTO office_edition (edition) VALUES (0);

-- Places that can be warned of.
CREATE TABLE warned_place (
    code         text PRIMARY KEY CHECK (code ~ '^[0-9]{12}$'),
    level        text NOT NULL
                 CHECK (level IN ('village', 'township', 'county', 'city', 'province', 'nation')),
    parent_code  text CHECK (parent_code ~ '^[0-9]{12}$')
);
