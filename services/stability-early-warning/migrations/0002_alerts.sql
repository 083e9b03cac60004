-- Urgent reports. Facts are without names; the phone is that of the organ's duty desk.
CREATE TABLE alert (
    alert_id          uuid PRIMARY KEY,
    kind              text NOT NULL
                      CHECK (kind IN ('danger_to_life', 'collective_visit', 'service_failure', 'promise_broken',
                                      'retaliation', 'other')),
    place_code        text NOT NULL CHECK (place_code ~ '^[0-9]{12}$'),
    organ_id          uuid NOT NULL,
    matter_ids        uuid[] NOT NULL CHECK (cardinality(matter_ids) <= 100),
    persons           integer NOT NULL CHECK (persons BETWEEN 0 AND 1000000),
    happened_at       timestamptz NOT NULL,
    known_at          timestamptz NOT NULL,
    reported_at       timestamptz NOT NULL,
    lateness_seconds  bigint NOT NULL CHECK (lateness_seconds >= 0),
    late              boolean NOT NULL,
    facts             text NOT NULL CHECK (char_length(facts) BETWEEN 1 AND 4000),
    measures          text NOT NULL CHECK (char_length(measures) <= 4000),
    duty_phone        text NOT NULL CHECK (char_length(duty_phone) <= 30),
    source            text NOT NULL CHECK (source IN ('report', 'registration')),
    CONSTRAINT alert_known_after_it_happened CHECK (known_at >= happened_at),
    CONSTRAINT alert_report_names_a_phone CHECK (source = 'registration' OR char_length(duty_phone) >= 3)
);
CREATE INDEX alert_newest ON alert (reported_at DESC, alert_id DESC);

-- Who must never be told of an alert, such as the organ it is about.
CREATE TABLE alert_exclusion (
    alert_id  uuid NOT NULL REFERENCES alert (alert_id),
    organ_id  uuid NOT NULL,
    PRIMARY KEY (alert_id, organ_id)
);

-- Who was addressed. `ack_due` is the limit that was set when the organ was addressed and never moves:
-- an acknowledgement after it is late, whatever the escalation did meanwhile. The next step of the
-- escalation waits in `timer` (kind 'acknowledgement', ref recipient_id), armed as long as the state is
-- 'waiting'. `step` counts as domain::warning::Step: 0 duty, 1 deputy, 2 leader, 3 level above,
-- 3 + n the n-th repetition.
CREATE TABLE alert_recipient (
    recipient_id   uuid PRIMARY KEY,
    alert_id       uuid NOT NULL REFERENCES alert (alert_id),
    organ_id       uuid NOT NULL,
    level          text NOT NULL
                   CHECK (level IN ('village', 'township', 'county', 'city', 'province', 'nation')),
    role           text NOT NULL
                   CHECK (role IN ('own_leadership', 'level_above', 'national_office', 'competent_department',
                                   'joint_meeting', 'added_by_escalation')),
    reason         text NOT NULL,
    state          text NOT NULL DEFAULT 'waiting'
                   CHECK (state IN ('waiting', 'acknowledged', 'acknowledged_late')),
    step           integer NOT NULL DEFAULT 0 CHECK (step >= 0),
    escalations    integer NOT NULL DEFAULT 0 CHECK (escalations >= 0),
    ack_due        timestamptz NOT NULL,
    delivered_at   timestamptz,
    acked_at       timestamptz,
    acked_by_post  text CHECK (char_length(acked_by_post) BETWEEN 1 AND 100),
    CONSTRAINT alert_recipient_once UNIQUE (alert_id, organ_id),
    CONSTRAINT alert_recipient_acknowledged_by_a_post
        CHECK ((state = 'waiting') = (acked_at IS NULL) AND (acked_at IS NULL) = (acked_by_post IS NULL)),
    CONSTRAINT alert_recipient_late_is_after_due
        CHECK (acked_at IS NULL OR (state = 'acknowledged_late') = (acked_at > ack_due))
);
CREATE INDEX alert_recipient_organ ON alert_recipient (organ_id, alert_id);
CREATE INDEX alert_recipient_waiting ON alert_recipient (alert_id) WHERE state = 'waiting';

-- Every step that was taken because nobody acknowledged.
CREATE TABLE escalation_order (
    recipient_id  uuid NOT NULL REFERENCES alert_recipient (recipient_id),
    count         integer NOT NULL CHECK (count >= 1),
    step          integer NOT NULL CHECK (step >= 1),
    at            timestamptz NOT NULL,
    CONSTRAINT escalation_order_once PRIMARY KEY (recipient_id, count)
);

-- I8: no recipient is excluded, whichever of the two rows comes first.
CREATE FUNCTION refuse_excluded_recipient() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM alert_exclusion AS exclusion
               JOIN alert_recipient AS recipient USING (alert_id, organ_id)
               WHERE exclusion.alert_id = NEW.alert_id AND exclusion.organ_id = NEW.organ_id) THEN
        RAISE EXCEPTION 'an excluded organ is no recipient'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_recipient_not_excluded';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER alert_recipient_not_excluded AFTER INSERT OR UPDATE OF alert_id, organ_id ON alert_recipient
    FOR EACH ROW EXECUTE FUNCTION refuse_excluded_recipient();
CREATE CONSTRAINT TRIGGER alert_exclusion_not_recipient AFTER INSERT OR UPDATE ON alert_exclusion
    FOR EACH ROW EXECUTE FUNCTION refuse_excluded_recipient();
