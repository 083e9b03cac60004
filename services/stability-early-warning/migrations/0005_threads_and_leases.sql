-- The rule by which an alert found its recipients, with its version.
ALTER TABLE alert ADD COLUMN recipient_rule text NOT NULL DEFAULT 'urgent-report 2022-05-01'
    CHECK (char_length(recipient_rule) BETWEEN 1 AND 70);
ALTER TABLE alert ALTER COLUMN recipient_rule DROP DEFAULT;

-- What was reported on an alert after it; the urgent report itself is the alert. Nothing here is ever changed.
CREATE TABLE alert_report (
    alert_id     uuid NOT NULL REFERENCES alert (alert_id),
    number       integer NOT NULL CHECK (number >= 1),
    stage        text NOT NULL CHECK (stage IN ('follow_up', 'final', 'correction', 'cancellation')),
    organ_id     uuid NOT NULL,
    post         text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    reported_at  timestamptz NOT NULL,
    persons      integer NOT NULL CHECK (persons BETWEEN 0 AND 1000000),
    facts        text NOT NULL CHECK (char_length(facts) BETWEEN 1 AND 4000),
    measures     text NOT NULL CHECK (char_length(measures) <= 4000),
    corrects     integer CHECK (corrects >= 0 AND corrects < number),
    PRIMARY KEY (alert_id, number),
    CONSTRAINT alert_report_correction_names_what_it_corrects CHECK ((stage = 'correction') = (corrects IS NOT NULL))
);
CREATE UNIQUE INDEX alert_report_ends_once ON alert_report (alert_id) WHERE stage IN ('final', 'cancellation');

-- An acknowledgement is a lease: `report_due` is by when somebody must have reported on, or it lapses. The timer that watches it
-- has the kind 'reporting_on' and the recipient as its reference; it is armed exactly as long as `report_due` is there. A recipient that
-- refused names the organ that answers instead. `quorum` posts must acknowledge; those that have wait in recipient_act.
ALTER TABLE alert_recipient
    ADD COLUMN quorum       integer NOT NULL DEFAULT 1 CHECK (quorum BETWEEN 1 AND 20),
    ADD COLUMN posts        integer NOT NULL DEFAULT 0 CHECK (posts BETWEEN 0 AND quorum),
    ADD COLUMN report_due   timestamptz,
    ADD COLUMN refusal      text CHECK (char_length(refusal) BETWEEN 1 AND 1000),
    ADD COLUMN right_organ  uuid,
    DROP CONSTRAINT alert_recipient_state_check,
    ADD CONSTRAINT alert_recipient_state_check
        CHECK (state IN ('waiting', 'acknowledged', 'acknowledged_late', 'refused')),
    DROP CONSTRAINT alert_recipient_late_is_after_due,
    ADD CONSTRAINT alert_recipient_late_is_after_due
        CHECK (acked_at IS NULL OR state = 'refused' OR (state = 'acknowledged_late') = (acked_at > ack_due)),
    ADD CONSTRAINT alert_recipient_refusal_names_the_right_organ
        CHECK ((state = 'refused') = (refusal IS NOT NULL) AND (refusal IS NULL) = (right_organ IS NULL)),
    ADD CONSTRAINT alert_recipient_only_an_acknowledged_one_holds_a_lease
        CHECK (report_due IS NULL OR state IN ('acknowledged', 'acknowledged_late'));
UPDATE alert_recipient SET posts = quorum WHERE state <> 'waiting';
CREATE INDEX alert_recipient_lease ON alert_recipient (alert_id) WHERE report_due IS NOT NULL;

-- Every acknowledgement, taking over, refusal and lapse of a recipient, in order.
CREATE TABLE recipient_act (
    recipient_id  uuid NOT NULL REFERENCES alert_recipient (recipient_id),
    number        integer NOT NULL CHECK (number >= 1),
    act           text NOT NULL CHECK (act IN ('acknowledged', 'took_over', 'refused', 'lapsed')),
    post          text CHECK (char_length(post) BETWEEN 1 AND 100),
    at            timestamptz NOT NULL,
    PRIMARY KEY (recipient_id, number),
    CONSTRAINT recipient_act_of_a_post CHECK ((act = 'lapsed') = (post IS NULL))
);

ALTER TABLE alert_report ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY alert_report_seen ON alert_report FOR SELECT USING (is_house() OR reader_was_told(alert_id));
CREATE POLICY alert_report_written ON alert_report FOR INSERT WITH CHECK (is_house());
ALTER TABLE recipient_act ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY recipient_act_of_the_house ON recipient_act USING (is_house());
