-- The vault: who raised a matter and in what words. Nothing of it ever leaves intake, but to the
-- organ that handles the matter, and every such reading is recorded.
--
-- `query_code_hash` and `screening_hash` are keyed hashes. The second is made of the petitioner, the
-- subject and the place together: equality finds a repeat of the same matter and nothing else, it
-- cannot be used to find the other matters of a person.
CREATE TABLE petition (
    matter_id        uuid PRIMARY KEY REFERENCES matter (matter_id),
    name             text NOT NULL,
    address          text NOT NULL,
    phone            text NOT NULL,
    id_number        text NOT NULL,
    main_request     text NOT NULL CHECK (char_length(main_request) BETWEEN 1 AND 4000),
    facts            text NOT NULL CHECK (octet_length(facts) <= 1048576),
    representatives  text[] NOT NULL,
    query_code_hash  bytea NOT NULL,
    screening_hash   bytea,
    initial          boolean NOT NULL
);
-- The same matter is initial once, also when it is raised twice at the same moment.
CREATE UNIQUE INDEX petition_initial_once ON petition (screening_hash) WHERE initial;

-- What the petitioner says of the handling; at most one per addressee.
CREATE TABLE evaluation (
    evaluation_id  uuid PRIMARY KEY,
    matter_id      uuid NOT NULL REFERENCES matter (matter_id),
    addressee      text NOT NULL CHECK (addressee IN ('petition_office', 'handling_organ')),
    satisfaction   text NOT NULL
                   CHECK (satisfaction IN ('satisfied', 'basically_satisfied', 'not_satisfied')),
    organ_id       uuid NOT NULL,
    words          text NOT NULL CHECK (char_length(words) <= 4000),
    evaluated_at   timestamptz NOT NULL,
    CONSTRAINT evaluation_once UNIQUE (matter_id, addressee)
);

-- Who read a petition, and for which duty.
CREATE TABLE petition_reading (
    reading_id  uuid PRIMARY KEY,
    matter_id   uuid NOT NULL REFERENCES matter (matter_id),
    organ_id    uuid NOT NULL,
    purpose     text NOT NULL CHECK (char_length(purpose) BETWEEN 1 AND 200),
    read_at     timestamptz NOT NULL
);
CREATE INDEX petition_reading_matter ON petition_reading (matter_id, read_at);
