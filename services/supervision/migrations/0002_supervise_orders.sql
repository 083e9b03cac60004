-- Orders to organs for their own failures: one for each clock that passed.
CREATE TABLE supervise_order (
    order_id     uuid PRIMARY KEY,
    matter_id    uuid NOT NULL,
    organ_id     uuid NOT NULL,
    failure      text NOT NULL,
    clock_kind   text NOT NULL,
    clock_cycle  integer NOT NULL CHECK (clock_cycle >= 1),
    issued_at    timestamptz NOT NULL,
    due          date NOT NULL,
    words        text NOT NULL CHECK (char_length(words) BETWEEN 1 AND 2000),
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered')),
    answered_at  timestamptz,
    answer       text CHECK (char_length(answer) BETWEEN 1 AND 4000),
    CONSTRAINT supervise_order_once_a_clock UNIQUE (matter_id, clock_kind, clock_cycle),
    CONSTRAINT supervise_order_answered_wholly
        CHECK (num_nulls(answered_at, answer) = CASE state WHEN 'answered' THEN 0 ELSE 2 END)
);
CREATE INDEX supervise_order_by_due ON supervise_order (due, order_id);
CREATE INDEX supervise_order_open ON supervise_order (due, order_id) WHERE state = 'open';
CREATE INDEX supervise_order_of_organ ON supervise_order (organ_id, due, order_id);
