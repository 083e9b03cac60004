-- Petitions are sealed, each under a key of its own (docs/vault.md). What was raised before in clear text cannot be sealed by SQL.
DO $$ BEGIN
    IF EXISTS (SELECT FROM petition) THEN
        RAISE EXCEPTION 'the table petition holds petitions in clear text: register them anew in an empty database';
    END IF;
END $$;
DROP TABLE petition;

-- The newest states of the two vaults. An older one opens nothing.
CREATE TABLE vault (
    kind        text PRIMARY KEY CHECK (kind IN ('open', 'sealed')),
    version     bigint NOT NULL,
    state       bytea NOT NULL,
    -- when the newest tree of keys was grown
    rotated_at  timestamptz NOT NULL
);
-- One leaf of the trees of keys for each record, never twice; handed out in blocks of a hundred.
CREATE SEQUENCE vault_leaf INCREMENT BY 100 MINVALUE 1 START WITH 1;

-- What finds a repeat of the same matter: a keyed hash of the petitioner, the subject and the place together, gone when the
-- petition was erased. It cannot be used to find the other matters of a person.
CREATE TABLE petition (
    matter_id       uuid PRIMARY KEY REFERENCES matter (matter_id),
    screening_hash  bytea,
    initial         boolean NOT NULL
);
-- The same matter is initial once, also when it is raised twice at the same moment.
CREATE UNIQUE INDEX petition_initial_once ON petition (screening_hash) WHERE initial;
ALTER TABLE petition ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY petition_of_the_house ON petition USING (is_house());

-- Who raised a matter and in what words: the record has the id of the matter. And what the petitioner said of the handling in
-- words: the record has the id of the evaluation. Each under a key of its own.
CREATE TABLE petition_text (
    record_id    uuid PRIMARY KEY,
    matter_id    uuid NOT NULL REFERENCES matter (matter_id),
    leaf         bigint NOT NULL CONSTRAINT petition_text_leaf_once UNIQUE,
    epoch        integer NOT NULL,
    wrapped_key  bytea NOT NULL,
    body         bytea NOT NULL
);
ALTER TABLE petition_text ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- for the organ that handles the matter now, and for nobody else
CREATE POLICY petition_text_seen ON petition_text FOR SELECT USING (is_house() OR EXISTS (
    SELECT 1 FROM matter m
    WHERE m.matter_id = petition_text.matter_id
      AND (m.stage_organ = reader_organ()
           OR (m.registered_by = reader_organ() AND m.stage IN ('registered', 'declined')))));
CREATE POLICY petition_text_registered ON petition_text FOR INSERT WITH CHECK (is_house());
CREATE POLICY petition_text_rewrapped ON petition_text FOR UPDATE USING (is_house());
CREATE POLICY petition_text_erased ON petition_text FOR DELETE USING (is_house());

-- The same of denunciations: under a vault with keys of its own, in a table of a role of its own. The service's role may add to
-- it, and reads it only after it took that role on, which it does for posts for denunciations.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'intake_sealed') THEN
        RAISE EXCEPTION 'there is no role intake_sealed: CREATE ROLE intake_sealed NOLOGIN; ALTER ROLE % NOINHERIT; GRANT intake_sealed TO %',
            session_user, session_user;
    END IF;
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO intake_sealed', current_schema());
END $$;
CREATE TABLE sealed_petition_text (
    record_id    uuid PRIMARY KEY,
    matter_id    uuid NOT NULL REFERENCES matter (matter_id),
    leaf         bigint NOT NULL CONSTRAINT sealed_petition_text_leaf_once UNIQUE,
    epoch        integer NOT NULL,
    wrapped_key  bytea NOT NULL,
    body         bytea NOT NULL
);
ALTER TABLE sealed_petition_text ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY sealed_petition_text_seen ON sealed_petition_text FOR SELECT USING (is_house() OR (reader_is_for_sealed() AND EXISTS (
    SELECT 1 FROM matter m
    WHERE m.matter_id = sealed_petition_text.matter_id
      AND (m.stage_organ = reader_organ()
           OR (m.registered_by = reader_organ() AND m.stage IN ('registered', 'declined'))))));
CREATE POLICY sealed_petition_text_registered ON sealed_petition_text FOR INSERT WITH CHECK (is_house());
CREATE POLICY sealed_petition_text_rewrapped ON sealed_petition_text FOR UPDATE USING (is_house());
CREATE POLICY sealed_petition_text_erased ON sealed_petition_text FOR DELETE USING (is_house());
-- what its policies look at
GRANT SELECT ON matter, matter_hand, organ_standing, evaluation TO intake_sealed;
ALTER TABLE sealed_petition_text OWNER TO intake_sealed;
DO $$ BEGIN
    SET LOCAL ROLE intake_sealed;
    EXECUTE format('GRANT INSERT ON sealed_petition_text TO %I', session_user);
    RESET ROLE;
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM intake_sealed', current_schema());
END $$;

ALTER TABLE evaluation DROP COLUMN words;

-- What was erased, by whom, on what grounds.
CREATE TABLE petition_erasure (
    matter_id   uuid PRIMARY KEY REFERENCES matter (matter_id),
    organ_id    uuid NOT NULL,
    grounds     text NOT NULL CHECK (char_length(grounds) BETWEEN 1 AND 200),
    erased_at   timestamptz NOT NULL
);
CALL guard_with('matter', 'petition_erasure');
