-- The administrative tree. A code has twelve digits in segments of 2-2-2-3-3.
CREATE TABLE territory (
    code         text PRIMARY KEY CONSTRAINT territory_code_form CHECK (code ~ '^[0-9]{12}$'),
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    level        text NOT NULL
                 CHECK (level IN ('village', 'township', 'county', 'city', 'province', 'nation')),
    parent_code  text REFERENCES territory (code),
    CONSTRAINT territory_only_the_nation_has_no_parent CHECK ((parent_code IS NULL) = (level = 'nation'))
);
CREATE INDEX territory_children ON territory (parent_code, code);

-- Who can be competent: territory times function.
CREATE TABLE organ (
    organ_id        uuid PRIMARY KEY,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    level           text NOT NULL
                    CHECK (level IN ('village', 'township', 'county', 'city', 'province', 'nation')),
    territory_code  text NOT NULL REFERENCES territory (code),
    functions       text[] NOT NULL CHECK (cardinality(functions) >= 1)
);
CREATE INDEX organ_territory ON organ (territory_code text_pattern_ops, organ_id);

-- Grows with every load that changed an organ, so that whoever holds the organs in memory knows
-- when to read them again. Locked by a load: loads happen one after the other.
CREATE TABLE organ_edition (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    edition  bigint NOT NULL
);
INSERT INTO organ_edition (edition) VALUES (0);
