-- The register of referred matters, one line a matter. Whichever stream first speaks of a matter
-- makes its line; number, office and opening come with the registration and are absent until then.
-- The line is also the lock under which the facts of its matter are followed.
CREATE TABLE register_line (
    matter_id      uuid PRIMARY KEY,
    number         text CHECK (char_length(number) BETWEEN 1 AND 64),
    registered_by  uuid,
    opened_at      timestamptz,
    organ_id       uuid,
    closed_at      timestamptz,
    CONSTRAINT register_line_registered_wholly CHECK (num_nulls(number, registered_by, opened_at) IN (0, 3))
);
CREATE INDEX register_line_open ON register_line (opened_at, matter_id)
    WHERE closed_at IS NULL AND number IS NOT NULL;
CREATE INDEX register_line_open_of_organ ON register_line (organ_id, opened_at, matter_id)
    WHERE closed_at IS NULL AND number IS NOT NULL;

-- What happened to a matter, as far as clocks care: values of domain::supervision::FactKind. Only
-- ever added to; the clocks are a function of it.
CREATE TABLE clock_fact (
    matter_id  uuid NOT NULL REFERENCES register_line (matter_id),
    event_id   uuid NOT NULL,
    at         timestamptz NOT NULL,
    fact       jsonb NOT NULL,
    kind       text NOT NULL GENERATED ALWAYS AS (fact ->> 'fact') STORED,
    PRIMARY KEY (matter_id, event_id)
);

-- The clocks as last computed from the facts, and which due days were recorded as passed.
CREATE TABLE clock (
    matter_id    uuid NOT NULL REFERENCES register_line (matter_id),
    kind         text NOT NULL,
    cycle        integer NOT NULL CHECK (cycle >= 1),
    organ_id     uuid NOT NULL,
    started_at   timestamptz NOT NULL,
    raw_due      date NOT NULL,
    due          date NOT NULL,
    provisional  boolean NOT NULL,
    state        text NOT NULL CHECK (state IN ('running', 'kept', 'overrun', 'lapsed')),
    ended_at     timestamptz,
    passed_at    timestamptz,
    PRIMARY KEY (matter_id, kind, cycle),
    CONSTRAINT clock_rolls_forward CHECK (due >= raw_due),
    CONSTRAINT clock_ends_once_it_does_not_run CHECK ((state = 'running') = (ended_at IS NULL))
);

-- Extensions granted by an organ's head (art. 34), with the reason told to the petitioner.
CREATE TABLE deadline_extension (
    extension_id      uuid PRIMARY KEY,
    matter_id         uuid NOT NULL REFERENCES register_line (matter_id),
    kind              text NOT NULL,
    cycle             integer NOT NULL CHECK (cycle >= 1),
    organ_id          uuid NOT NULL,
    days              integer NOT NULL CHECK (days BETWEEN 1 AND 30),
    approved_by_post  text NOT NULL CHECK (char_length(approved_by_post) BETWEEN 1 AND 100),
    reason            text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 1000),
    extended_at       timestamptz NOT NULL
);
