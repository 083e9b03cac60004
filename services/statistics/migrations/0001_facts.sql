-- What was told, kept so that it can be counted. A matter, a clock, an order or a recipient is one row
-- whichever stream speaks of it first; nothing here is about a person.

CREATE TABLE matter_fact (
    matter_id      uuid PRIMARY KEY,
    channel        text NOT NULL,
    category       text NOT NULL,
    subject        text NOT NULL,
    place_code     text NOT NULL CHECK (place_code ~ '^[0-9]{12}$'),
    persons        integer NOT NULL CHECK (persons >= 1),
    registered_by  uuid NOT NULL,
    received_on    date NOT NULL,
    repeat_of      uuid
);
CREATE INDEX matter_fact_received ON matter_fact (received_on);
CREATE INDEX matter_fact_repeat ON matter_fact (repeat_of) WHERE repeat_of IS NOT NULL;

-- When a matter last reached a stage. `rank` orders stages reached at the same instant.
CREATE TABLE matter_step (
    matter_id  uuid NOT NULL,
    stage      text NOT NULL,
    rank       smallint NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (matter_id, stage)
);

CREATE TABLE deadline_fact (
    matter_id  uuid NOT NULL,
    clock      text NOT NULL,
    cycle      integer NOT NULL CHECK (cycle >= 1),
    organ_id   uuid,
    due        date,
    ended      text CHECK (ended IN ('kept', 'overrun', 'lapsed')),
    passed     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (matter_id, clock, cycle)
);
CREATE INDEX deadline_fact_due ON deadline_fact (due, clock);

CREATE TABLE order_fact (
    order_id   uuid PRIMARY KEY,
    matter_id  uuid NOT NULL,
    organ_id   uuid NOT NULL,
    failure    text,
    answered   boolean NOT NULL DEFAULT false
);

CREATE TABLE alert_fact (
    alert_id      uuid NOT NULL,
    organ_id      uuid NOT NULL,
    level         text NOT NULL,
    addressed     boolean NOT NULL DEFAULT false,
    delivered     boolean NOT NULL DEFAULT false,
    acknowledged  text CHECK (acknowledged IN ('in_time', 'late')),
    escalations   integer NOT NULL DEFAULT 0 CHECK (escalations >= 0),
    PRIMARY KEY (alert_id, organ_id)
);

CREATE TABLE objection_fact (
    forwarding_id  uuid PRIMARY KEY,
    matter_id      uuid NOT NULL
);

CREATE TABLE evaluation_fact (
    matter_id     uuid NOT NULL,
    addressee     text NOT NULL,
    satisfaction  text NOT NULL,
    organ_id      uuid NOT NULL,
    PRIMARY KEY (matter_id, addressee)
);

CREATE TABLE place_name (
    code   text PRIMARY KEY CHECK (code ~ '^[0-9]{12}$'),
    name   text NOT NULL,
    level  text NOT NULL
);

-- The newest fact counted.
CREATE TABLE counted_until (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    at   timestamptz NOT NULL
);
