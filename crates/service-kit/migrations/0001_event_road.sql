-- The event road of one service: two outboxes, one dense feed, cursors, inbox, leases, timers.

CREATE TABLE outbox_urgent (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream      text NOT NULL,
    event_id    uuid NOT NULL,
    payload     bytea NOT NULL,
    written_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream      text NOT NULL,
    event_id    uuid NOT NULL,
    payload     bytea NOT NULL,
    written_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The newest place of each stream. A new epoch begins when the mirror is found ahead of the
-- database, which only a restored database can cause.
CREATE TABLE stream_head (
    stream      text NOT NULL,
    epoch       integer NOT NULL DEFAULT 1 CHECK (epoch >= 1),
    seq         bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
    PRIMARY KEY (stream)
);

CREATE TABLE feed (
    stream      text NOT NULL,
    epoch       integer NOT NULL,
    seq         bigint NOT NULL CHECK (seq >= 1),
    event_id    uuid NOT NULL,
    payload     bytea NOT NULL,
    sha256      bytea NOT NULL GENERATED ALWAYS AS (sha256(payload)) STORED,
    PRIMARY KEY (stream, epoch, seq),
    CONSTRAINT feed_event_once UNIQUE (stream, event_id)
);

-- How far a consumer of this service has come. Moves in the transaction of the effect.
CREATE TABLE cursor (
    consumer    text NOT NULL,
    stream      text NOT NULL,
    epoch       integer NOT NULL,
    seq         bigint NOT NULL,
    PRIMARY KEY (consumer, stream)
);

CREATE TABLE inbox (
    consumer    text NOT NULL,
    stream      text NOT NULL,
    epoch       integer NOT NULL,
    seq         bigint NOT NULL,
    event_id    uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, stream, epoch, seq)
);

-- Entries whose effect failed for good; they never block the entries behind them.
CREATE TABLE quarantine (
    consumer    text NOT NULL,
    stream      text NOT NULL,
    epoch       integer NOT NULL,
    seq         bigint NOT NULL,
    event_id    uuid NOT NULL,
    payload     bytea NOT NULL,
    reason      text NOT NULL,
    set_aside_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, stream, epoch, seq)
);

-- Who sequences and publishes. The term is the fence: it is locked in every transaction of the holder.
CREATE TABLE lease (
    name        text PRIMARY KEY,
    holder      text NOT NULL,
    term        bigint NOT NULL,
    expires_at  timestamptz NOT NULL
);

-- Answers already given, kept as long as the matter.
CREATE TABLE idempotency (
    caller      text NOT NULL,
    request_id  text NOT NULL,
    body_hash   bytea NOT NULL,
    response    bytea NOT NULL,
    PRIMARY KEY (caller, request_id)
);

-- One narrow row per thing that waits for an instant. The version moves with every change, so that
-- a firing that was overtaken does nothing.
CREATE TABLE timer (
    kind        text NOT NULL,
    ref         uuid NOT NULL,
    fire_at     timestamptz NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (kind, ref)
);
CREATE INDEX timer_due ON timer (kind, fire_at);
