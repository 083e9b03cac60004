-- Numbers are handed out in blocks of a hundred; what is left of a block when a process ends is lost.
CREATE SEQUENCE matter_number INCREMENT BY 100 MINVALUE 1 START WITH 1;

-- The register. No personal field. `stage` and the columns behind it are the value of
-- domain::matter::Stage; `step` counts the stages reached and guards every change.
CREATE TABLE matter (
    matter_id       uuid PRIMARY KEY,
    number          text NOT NULL CONSTRAINT matter_number_once UNIQUE,
    channel         text NOT NULL
                    CHECK (channel IN ('letter', 'visit', 'call', 'online', 'fax', 'leader_mailbox')),
    category        text NOT NULL CHECK (category IN ('suggestion', 'denunciation', 'claim')),
    subject         text NOT NULL,
    place_code      text NOT NULL CHECK (place_code ~ '^[0-9]{12}$'),
    persons         integer NOT NULL CHECK (persons BETWEEN 1 AND 100000),
    registered_by   uuid NOT NULL,
    received_at     timestamptz NOT NULL,
    registered_at   timestamptz NOT NULL,
    agent           boolean NOT NULL,
    about_organ     uuid,
    repeat_of       uuid REFERENCES matter (matter_id),
    repeat_reason   text,
    stage           text NOT NULL DEFAULT 'registered'
                    CHECK (stage IN ('registered', 'forwarded', 'accepted', 'declined', 'opinion_issued',
                                     'replied', 'referred', 'withdrawn')),
    stage_organ     uuid,
    stage_at        timestamptz NOT NULL,
    stage_opinion   uuid,
    stage_reason    text CHECK (stage_reason IN ('outside_competence', 'statutory_route', 'already_final',
                                                 'in_handling')),
    step            integer NOT NULL DEFAULT 1 CHECK (step >= 1),
    CONSTRAINT matter_received_before_registered CHECK (received_at <= registered_at),
    CONSTRAINT matter_repeat_has_reason CHECK ((repeat_of IS NULL) = (repeat_reason IS NULL)),
    CONSTRAINT matter_stage_has_organ
        CHECK ((stage_organ IS NULL) = (stage IN ('registered', 'withdrawn'))),
    CONSTRAINT matter_stage_has_opinion CHECK ((stage_opinion IS NOT NULL) = (stage = 'opinion_issued')),
    CONSTRAINT matter_stage_has_reason CHECK ((stage_reason IS NOT NULL) = (stage = 'declined'))
);
CREATE INDEX matter_newest ON matter (registered_at DESC, matter_id DESC);
CREATE INDEX matter_of_place ON matter (place_code, registered_at DESC, matter_id DESC);
CREATE INDEX matter_of_organ ON matter (stage_organ, registered_at DESC, matter_id DESC)
    WHERE stage_organ IS NOT NULL;

-- The way of a matter, for the petitioner: stages, instants and organs, never a handler.
CREATE TABLE progress_step (
    matter_id   uuid NOT NULL REFERENCES matter (matter_id),
    step        integer NOT NULL CHECK (step >= 1),
    stage       text NOT NULL,
    organ_id    uuid,
    reached_at  timestamptz NOT NULL,
    PRIMARY KEY (matter_id, step)
);

-- The written notice of a decline.
CREATE TABLE decline_notice (
    matter_id      uuid NOT NULL,
    step           integer NOT NULL,
    right_channel  text NOT NULL CHECK (char_length(right_channel) BETWEEN 1 AND 500),
    PRIMARY KEY (matter_id, step),
    FOREIGN KEY (matter_id, step) REFERENCES progress_step (matter_id, step)
);
