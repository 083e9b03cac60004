-- Organs as routing told them: who stands above whom, and in which place.
CREATE TABLE known_organ (
    organ_id        uuid PRIMARY KEY,
    territory_code  text NOT NULL CHECK (territory_code ~ '^[0-9]{12}$'),
    functions       text[] NOT NULL
);

-- Reviews and re-examinations that petitioners asked for (art. 35, 36). Written opinions stay here.
CREATE TABLE remedy (
    remedy_id     uuid PRIMARY KEY,
    matter_id     uuid NOT NULL REFERENCES register_line (matter_id),
    remedy        text NOT NULL CHECK (remedy IN ('review', 'reexamination')),
    cycle         integer NOT NULL CHECK (cycle >= 1),
    about_organ   uuid NOT NULL,
    organ_id      uuid NOT NULL,
    post          text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    requested_at  timestamptz NOT NULL,
    delivered_at  timestamptz,
    outcome       text CHECK (outcome IN ('upheld', 'changed')),
    reasons       text CHECK (char_length(reasons) BETWEEN 1 AND 100000),
    legal_basis   text CHECK (char_length(legal_basis) BETWEEN 1 AND 4000),
    CONSTRAINT remedy_once UNIQUE (matter_id, remedy, cycle),
    CONSTRAINT remedy_delivered_wholly CHECK (num_nulls(delivered_at, outcome, reasons, legal_basis) IN (0, 4))
);

-- Recommendations to organs (art. 40). Their words and answers stay here.
CREATE TABLE recommendation (
    recommendation_id  uuid PRIMARY KEY,
    matter_id          uuid NOT NULL REFERENCES register_line (matter_id),
    cycle              integer NOT NULL CHECK (cycle >= 1),
    from_organ         uuid NOT NULL,
    organ_id           uuid NOT NULL,
    kind               text NOT NULL CHECK (kind IN ('improve_work', 'complete_policy', 'hold_responsible')),
    recommendation     text NOT NULL CHECK (char_length(recommendation) BETWEEN 1 AND 4000),
    post               text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    made_at            timestamptz NOT NULL,
    answered_at        timestamptz,
    adoption           text CHECK (adoption IN ('adopted', 'partly_adopted', 'not_adopted')),
    answer             text CHECK (char_length(answer) BETWEEN 1 AND 4000),
    CONSTRAINT recommendation_once UNIQUE (matter_id, cycle),
    CONSTRAINT recommendation_answered_wholly CHECK (num_nulls(answered_at, adoption, answer) IN (0, 3))
);
CREATE INDEX recommendation_by_time ON recommendation (made_at, recommendation_id);
CREATE INDEX recommendation_of_organ ON recommendation (organ_id, made_at, recommendation_id);
