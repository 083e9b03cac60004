-- A matter as competence sees it. The stage is the value of domain::matter::Stage, with what is true
-- in it: the organ, the instant, the reason.
CREATE TABLE routed_matter (
    matter_id      uuid PRIMARY KEY,
    category       text NOT NULL CHECK (category IN ('suggestion', 'denunciation', 'claim')),
    subject        text NOT NULL,
    place_code     text NOT NULL CHECK (place_code ~ '^[0-9]{12}$'),
    registered_by  uuid NOT NULL,
    about_organ    uuid,
    opinion_clock  boolean NOT NULL,
    stage          jsonb NOT NULL,
    state          text NOT NULL GENERATED ALWAYS AS (stage ->> 'stage') STORED,
    version        bigint NOT NULL DEFAULT 1
);

-- The hops of a matter from organ to organ. `reasons` are the rules used and are told to others;
-- the words of the post that decided stay here.
CREATE TABLE forwarding (
    forwarding_id    uuid PRIMARY KEY,
    matter_id        uuid NOT NULL REFERENCES routed_matter (matter_id),
    hop              integer NOT NULL CHECK (hop >= 1),
    from_organ       uuid NOT NULL,
    to_organ         uuid NOT NULL,
    kind             text NOT NULL
                     CHECK (kind IN ('transfer', 'assign', 'hand_down', 'report_up', 'refer')),
    limit_days       integer NOT NULL CHECK (limit_days BETWEEN 0 AND 180),
    forwarded_at     timestamptz NOT NULL,
    state            text NOT NULL
                     CHECK (state IN ('open', 'objected', 'returned', 'accepted', 'declined', 'referred',
                                      'answered', 'closed')),
    reasons          jsonb NOT NULL,
    decided_by_post  text,
    post_reason      text,
    objection        jsonb,
    CONSTRAINT forwarding_hop_once UNIQUE (matter_id, hop)
);

-- The written result, one a matter.
CREATE TABLE opinion (
    opinion_id   uuid PRIMARY KEY,
    matter_id    uuid NOT NULL REFERENCES routed_matter (matter_id),
    organ_id     uuid NOT NULL,
    kind         text NOT NULL
                 CHECK (kind IN ('support', 'support_partly', 'explain', 'not_support')),
    reasons      text NOT NULL CHECK (char_length(reasons) BETWEEN 1 AND 100000),
    legal_basis  text NOT NULL CHECK (char_length(legal_basis) BETWEEN 1 AND 4000),
    issued_at    timestamptz NOT NULL,
    CONSTRAINT opinion_one_a_matter UNIQUE (matter_id)
);
