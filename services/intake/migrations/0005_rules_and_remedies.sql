-- The competence rules that routing put in force, each version whole: which window is the right one for a matter.
CREATE TABLE rules_known (
    version     text PRIMARY KEY,
    valid_from  date NOT NULL,
    file        jsonb NOT NULL
);

-- Reviews and re-examinations as supervision told of them, for whoever asks for the progress of the matter.
CREATE TABLE remedy_step (
    matter_id     uuid NOT NULL,
    remedy        text NOT NULL CHECK (remedy IN ('review', 'reexamination')),
    organ_id      uuid NOT NULL,
    requested_at  timestamptz,
    delivered_at  timestamptz,
    outcome       text CHECK (outcome IN ('upheld', 'changed')),
    PRIMARY KEY (matter_id, remedy)
);
