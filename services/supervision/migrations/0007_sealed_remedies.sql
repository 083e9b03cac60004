-- The reasons and the legal basis of an opinion on a remedy are sealed, each under a key of its own (docs/vault.md). What was
-- delivered in clear text before cannot be sealed by SQL: the service seals it when it starts, and what the previous release
-- still writes while both run.
CREATE TABLE vault (
    kind        text PRIMARY KEY CHECK (kind = 'remedies'),
    version     bigint NOT NULL,
    state       bytea NOT NULL,
    -- when the newest tree of keys was grown
    rotated_at  timestamptz NOT NULL
);
-- One leaf of the trees of keys for each opinion, never twice; handed out in blocks of a hundred.
CREATE SEQUENCE vault_leaf INCREMENT BY 100 MINVALUE 1 START WITH 1;
-- Leaves of erased opinions, whose keys the service destroys within seconds.
CREATE TABLE leaf_to_destroy (leaf bigint PRIMARY KEY);

ALTER TABLE remedy
    ADD COLUMN leaf bigint CONSTRAINT remedy_leaf_once UNIQUE,
    ADD COLUMN epoch integer,
    ADD COLUMN wrapped_key bytea,
    ADD COLUMN sealed_reasons bytea,
    ADD COLUMN sealed_legal_basis bytea,
    DROP CONSTRAINT remedy_delivered_wholly,
    ADD CONSTRAINT remedy_delivered_wholly CHECK (num_nulls(delivered_at, outcome) IN (0, 2)),
    ADD CONSTRAINT remedy_reasons_when_delivered CHECK (delivered_at IS NOT NULL OR num_nonnulls(reasons, leaf) = 0),
    ADD CONSTRAINT remedy_sealed_wholly
        CHECK (num_nulls(leaf, epoch, wrapped_key, sealed_reasons, sealed_legal_basis) IN (0, 5)),
    ADD CONSTRAINT remedy_in_the_clear_wholly CHECK (num_nulls(reasons, legal_basis) IN (0, 2)),
    ADD CONSTRAINT remedy_sealed_or_in_the_clear CHECK (reasons IS NULL OR leaf IS NULL);
CREATE INDEX remedy_in_the_clear ON remedy (remedy_id) WHERE reasons IS NOT NULL;
