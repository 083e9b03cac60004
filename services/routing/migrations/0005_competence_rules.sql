-- Versions of the competence rules that a named post put in force, each as it was written. The edition of the organs
-- grows with them, so that whoever holds either in memory reads both again.
CREATE TABLE competence_rules (
    version            text PRIMARY KEY CHECK (char_length(version) BETWEEN 1 AND 64),
    valid_from         date NOT NULL CONSTRAINT competence_rules_one_a_day UNIQUE,
    file               jsonb NOT NULL,
    activated_by_post  text NOT NULL CHECK (char_length(activated_by_post) BETWEEN 1 AND 100),
    reason             text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 1000),
    activated_at       timestamptz NOT NULL
);
