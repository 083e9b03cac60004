-- What routing told of the administrative tree: the register knows which places there are.
CREATE TABLE place (
    code         text PRIMARY KEY CONSTRAINT place_code_form CHECK (code ~ '^[0-9]{12}$'),
    name         text NOT NULL,
    level        text NOT NULL
                 CHECK (level IN ('village', 'township', 'county', 'city', 'province', 'nation')),
    parent_code  text CONSTRAINT place_parent_form CHECK (parent_code ~ '^[0-9]{12}$')
);

-- What routing told of the organs: where each stands. Nothing about anybody who works there.
CREATE TABLE organ_known (
    organ_id        uuid PRIMARY KEY,
    level           text NOT NULL
                    CHECK (level IN ('village', 'township', 'county', 'city', 'province', 'nation')),
    territory_code  text NOT NULL CHECK (territory_code ~ '^[0-9]{12}$')
);
CREATE INDEX organ_known_territory ON organ_known (territory_code);
