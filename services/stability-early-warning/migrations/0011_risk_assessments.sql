-- Risk assessments of decisions and projects: records, never changed. `place_code` is where the decision takes effect.
CREATE TABLE risk_assessment (
    assessment_id  uuid PRIMARY KEY,
    organ_id       uuid NOT NULL,
    place_code     text NOT NULL CHECK (place_code ~ '^[0-9A-Z]{12}$'),
    kind           text NOT NULL CHECK (kind IN ('decision', 'project')),
    title          text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    subject        text NOT NULL,
    risk           text NOT NULL CHECK (risk IN ('low', 'medium', 'high')),
    outcome        text NOT NULL CHECK (outcome IN ('carry_out', 'carry_out_with_measures', 'put_off', 'drop')),
    measures       text NOT NULL CHECK (char_length(measures) BETWEEN 1 AND 4000),
    assessed_date  date NOT NULL,
    post           text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    recorded_at    timestamptz NOT NULL,
    CONSTRAINT risk_assessment_outcome_follows
        CHECK (risk = 'low' OR outcome IN ('put_off', 'drop') OR (risk = 'medium' AND outcome = 'carry_out_with_measures'))
);
CREATE INDEX risk_assessment_newest ON risk_assessment (recorded_at DESC, assessment_id DESC);
