-- A named post can set a due day against the computed one, and take an order back; both with a reason.
ALTER TABLE clock ADD COLUMN set_by_post boolean NOT NULL DEFAULT false;

CREATE TABLE due_day_set (
    due_day_id  uuid PRIMARY KEY,
    matter_id   uuid NOT NULL REFERENCES register_line (matter_id),
    kind        text NOT NULL,
    cycle       integer NOT NULL CHECK (cycle >= 1),
    computed    date NOT NULL,
    due         date NOT NULL,
    post        text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    reason      text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 1000),
    set_at      timestamptz NOT NULL
);
CREATE INDEX due_day_set_of_matter ON due_day_set (matter_id);

ALTER TABLE supervise_order
    DROP CONSTRAINT supervise_order_state_check,
    ADD CONSTRAINT supervise_order_state_check CHECK (state IN ('open', 'answered', 'withdrawn')),
    DROP CONSTRAINT supervise_order_answered_wholly,
    ADD CONSTRAINT supervise_order_answered_wholly
        CHECK (num_nulls(answered_at, answer) IN (0, 2) AND (state <> 'answered' OR answered_at IS NOT NULL)),
    ADD COLUMN withdrawn_at timestamptz,
    ADD COLUMN withdrawn_by_post text CHECK (char_length(withdrawn_by_post) BETWEEN 1 AND 100),
    ADD COLUMN withdrawn_reason text CHECK (char_length(withdrawn_reason) BETWEEN 1 AND 1000),
    ADD CONSTRAINT supervise_order_withdrawn_wholly
        CHECK (num_nulls(withdrawn_at, withdrawn_by_post, withdrawn_reason)
               = CASE state WHEN 'withdrawn' THEN 0 ELSE 3 END);

-- Every open clock is computed anew when a calendar is published: one batch, which goes on from where it was.
CREATE TABLE reprojection (
    batch_id          uuid PRIMARY KEY,
    year              integer NOT NULL,
    calendar_before   text NOT NULL,
    calendar_version  text NOT NULL,
    post              text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    started_at        timestamptz NOT NULL,
    finished_at       timestamptz,
    after_matter      uuid,
    open_clocks       bigint NOT NULL DEFAULT 0,
    moved             bigint NOT NULL DEFAULT 0,
    confirmed         bigint NOT NULL DEFAULT 0
);
CREATE TABLE moved_deadline (
    batch_id    uuid NOT NULL REFERENCES reprojection (batch_id),
    matter_id   uuid NOT NULL,
    kind        text NOT NULL,
    cycle       integer NOT NULL CHECK (cycle >= 1),
    raw_before  date NOT NULL,
    due_before  date NOT NULL,
    raw_due     date NOT NULL,
    due         date NOT NULL,
    PRIMARY KEY (batch_id, matter_id, kind, cycle)
);
CREATE INDEX clock_running ON clock (matter_id) WHERE state = 'running';
