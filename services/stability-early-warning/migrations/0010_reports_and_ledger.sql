-- Who reports to whom, how often and since when. The periods follow from it by the calendar (domain::reporting). `next_from` is the
-- first day of the next period of which nothing is recorded as missing; its due day waits in `timer` (kind 'report_due', ref
-- schedule_id), armed as long as there is one. `to_place` is where the organ that receives stands.
CREATE TABLE report_schedule (
    schedule_id      uuid PRIMARY KEY,
    organ_id         uuid NOT NULL,
    to_organ         uuid NOT NULL,
    to_place         text NOT NULL CHECK (to_place ~ '^[0-9A-Z]{12}$'),
    kind             text NOT NULL CHECK (kind IN ('regular', 'hot_issue_check', 'campaign', 'special_period')),
    frequency        text NOT NULL CHECK (frequency IN ('quarterly', 'monthly', 'half_monthly', 'weekly', 'daily')),
    grace_days       integer NOT NULL CHECK (grace_days BETWEEN 0 AND 15),
    valid_from       date NOT NULL,
    valid_to         date CHECK (valid_to >= valid_from),
    round_the_clock  boolean NOT NULL,
    source           text NOT NULL CHECK (char_length(source) BETWEEN 1 AND 200),
    set_at           timestamptz NOT NULL,
    next_from        date,
    CONSTRAINT report_schedule_not_to_itself CHECK (organ_id <> to_organ),
    CONSTRAINT report_schedule_ends CHECK (kind NOT IN ('campaign', 'special_period') OR valid_to IS NOT NULL)
);
CREATE INDEX report_schedule_edge ON report_schedule (organ_id, to_organ, kind);
CREATE INDEX report_schedule_listed ON report_schedule (valid_from, schedule_id);

-- One edge is one ledger; its row is locked by whoever adds to it, so that what is carried over is whole.
CREATE TABLE report_edge (
    organ_id  uuid NOT NULL,
    to_organ  uuid NOT NULL,
    PRIMARY KEY (organ_id, to_organ)
);

-- A report, or that one is missing: one row a period, whoever was first. An important report has no schedule.
CREATE TABLE organ_report (
    report_id         uuid PRIMARY KEY,
    schedule_id       uuid REFERENCES report_schedule (schedule_id),
    organ_id          uuid NOT NULL,
    to_organ          uuid NOT NULL,
    to_place          text NOT NULL CHECK (to_place ~ '^[0-9A-Z]{12}$'),
    class             text NOT NULL CHECK (class IN ('information', 'important')),
    from_date         date NOT NULL,
    to_date           date NOT NULL CHECK (to_date >= from_date),
    due_date          date NOT NULL CHECK (due_date >= to_date),
    state             text NOT NULL CHECK (state IN ('missing', 'submitted', 'corrected', 'false')),
    missing_at        timestamptz,
    submitted_at      timestamptz,
    late              boolean NOT NULL,
    version           integer NOT NULL CHECK (version >= 0),
    received_version  integer CHECK (received_version BETWEEN 1 AND version),
    found_false       integer NOT NULL CHECK (found_false BETWEEN 0 AND version),
    CONSTRAINT organ_report_once_a_period UNIQUE (schedule_id, from_date),
    CONSTRAINT organ_report_information_is_due CHECK ((class = 'information') = (schedule_id IS NOT NULL)),
    CONSTRAINT organ_report_missing_or_there
        CHECK ((state = 'missing') = (submitted_at IS NULL) AND (submitted_at IS NULL) = (version = 0)
               AND (state <> 'missing' OR missing_at IS NOT NULL)),
    CONSTRAINT organ_report_missing_comes_late CHECK (missing_at IS NULL OR submitted_at IS NULL OR late)
);
CREATE INDEX organ_report_latest ON organ_report (to_date DESC, report_id DESC);
CREATE INDEX organ_report_of_organ ON organ_report (organ_id, to_date DESC, report_id DESC);

-- What a report said at a time; never changed, but for the receipt and the finding.
CREATE TABLE report_version (
    report_id         uuid NOT NULL REFERENCES organ_report (report_id),
    version           integer NOT NULL CHECK (version >= 1),
    submitted_at      timestamptz NOT NULL,
    zero              boolean NOT NULL,
    summary           text NOT NULL CHECK (char_length(summary) <= 4000),
    duty_phone        text NOT NULL CHECK (char_length(duty_phone) <= 30),
    post              text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    received_at       timestamptz,
    received_by_post  text CHECK (char_length(received_by_post) BETWEEN 1 AND 100),
    false_at          timestamptz,
    false_reason      text CHECK (char_length(false_reason) BETWEEN 1 AND 2000),
    false_by_post     text CHECK (char_length(false_by_post) BETWEEN 1 AND 100),
    PRIMARY KEY (report_id, version),
    CONSTRAINT report_version_received_by_a_post CHECK (num_nulls(received_at, received_by_post) IN (0, 2)),
    CONSTRAINT report_version_false_for_a_reason CHECK (num_nulls(false_at, false_reason, false_by_post) IN (0, 3))
);

-- The rolling ledger: a problem at a place, never a person.
CREATE TABLE dispute (
    dispute_id   uuid PRIMARY KEY,
    reported_by  uuid NOT NULL,
    to_organ     uuid NOT NULL,
    to_place     text NOT NULL CHECK (to_place ~ '^[0-9A-Z]{12}$'),
    place_code   text NOT NULL CHECK (place_code ~ '^[0-9A-Z]{12}$'),
    subject      text NOT NULL,
    found_date   date NOT NULL,
    organ_id     uuid NOT NULL,
    limit_date   date NOT NULL CHECK (limit_date >= found_date),
    facts        text NOT NULL CHECK (char_length(facts) BETWEEN 1 AND 2000),
    opened_in    uuid NOT NULL REFERENCES organ_report (report_id),
    opened_at    timestamptz NOT NULL,
    closed_in    uuid REFERENCES organ_report (report_id),
    closed_at    timestamptz,
    result       text CHECK (char_length(result) BETWEEN 1 AND 2000),
    CONSTRAINT dispute_closed_with_a_result CHECK (num_nulls(closed_in, closed_at, result) IN (0, 3))
);
CREATE INDEX dispute_oldest ON dispute (opened_at, dispute_id);
CREATE INDEX dispute_open ON dispute (reported_by, to_organ, opened_at, dispute_id) WHERE closed_at IS NULL;

-- What each version of each report says of each dispute that it must speak of.
CREATE TABLE ledger_entry (
    report_id   uuid NOT NULL,
    version     integer NOT NULL,
    dispute_id  uuid NOT NULL REFERENCES dispute (dispute_id),
    kind        text NOT NULL CHECK (kind IN ('opened', 'carried', 'closed')),
    words       text NOT NULL CHECK (char_length(words) <= 2000),
    PRIMARY KEY (report_id, version, dispute_id),
    FOREIGN KEY (report_id, version) REFERENCES report_version (report_id, version),
    CONSTRAINT ledger_entry_says_why CHECK (kind = 'carried' OR char_length(words) >= 1)
);
CREATE INDEX ledger_entry_dispute ON ledger_entry (dispute_id);

-- Orders back.
CREATE TABLE report_order (
    report_id   uuid NOT NULL REFERENCES organ_report (report_id),
    number      integer NOT NULL CHECK (number >= 1),
    dispute_id  uuid REFERENCES dispute (dispute_id),
    words       text NOT NULL CHECK (char_length(words) BETWEEN 1 AND 2000),
    due_date    date NOT NULL,
    post        text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    given_at    timestamptz NOT NULL,
    PRIMARY KEY (report_id, number)
);
