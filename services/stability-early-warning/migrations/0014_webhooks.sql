-- Where organs' own systems are told of what reaches their desks. No secret is kept: it is derived from a key of the settings, the
-- id and the version. `failures` counts attempts that failed since the last that did not.
CREATE TABLE webhook (
    webhook_id    uuid PRIMARY KEY,
    organ_id      uuid NOT NULL,
    url           text NOT NULL CHECK (octet_length(url) BETWEEN 10 AND 2000),
    notices       text[] NOT NULL
                  CHECK (cardinality(notices) >= 1
                         AND notices <@ ARRAY['raised', 'acknowledged', 'escalated', 'reported_on', 'refused']),
    concurrency   integer NOT NULL CHECK (concurrency BETWEEN 1 AND 4),
    version       integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    former_until  timestamptz,
    failures      integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    set_at        timestamptz NOT NULL,
    ended_at      timestamptz,
    ended_by      text CHECK (ended_by IN ('organ', 'gone')),
    CONSTRAINT webhook_ended_by_somebody CHECK (num_nulls(ended_at, ended_by) IN (0, 2)),
    CONSTRAINT webhook_former_secret CHECK (former_until IS NULL OR version > 1)
);
CREATE INDEX webhook_organ ON webhook (organ_id, set_at DESC, webhook_id DESC);
CREATE INDEX webhook_open ON webhook (webhook_id) WHERE ended_at IS NULL;

-- What is to be told, one row for each webhook and event. `since` is from when it has been tried, `tries` counts the
-- attempts since then. `leased_until` is in the future while an attempt is under way; `attempts` counts all of them and fences the
-- writing of what they came to.
CREATE TABLE webhook_delivery (
    webhook_id    uuid NOT NULL REFERENCES webhook (webhook_id),
    event_id      uuid NOT NULL,
    alert_id      uuid NOT NULL REFERENCES alert (alert_id),
    notice        text NOT NULL CHECK (notice IN ('raised', 'acknowledged', 'escalated', 'reported_on', 'refused')),
    body          text NOT NULL CHECK (octet_length(body) BETWEEN 2 AND 2000),
    told_at       timestamptz NOT NULL,
    state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given_up')),
    since         timestamptz NOT NULL,
    next_at       timestamptz,
    leased_until  timestamptz,
    attempts      integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    tries         integer NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND attempts),
    settled_at    timestamptz,
    PRIMARY KEY (webhook_id, event_id),
    CONSTRAINT webhook_delivery_waits_for_an_attempt CHECK ((state = 'waiting') = (next_at IS NOT NULL)),
    CONSTRAINT webhook_delivery_is_settled_or_waits CHECK ((state = 'waiting') = (settled_at IS NULL)),
    CONSTRAINT webhook_delivery_leased_while_it_waits CHECK (leased_until IS NULL OR state = 'waiting')
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, next_at) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_leased ON webhook_delivery (webhook_id, leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX webhook_delivery_newest ON webhook_delivery (webhook_id, told_at DESC, event_id DESC);
CREATE INDEX webhook_delivery_given_up ON webhook_delivery (webhook_id, told_at, event_id) WHERE state = 'given_up';

-- Every attempt: the status that was answered, or why nobody answered. Nothing of what was answered is kept.
CREATE TABLE webhook_attempt (
    webhook_id  uuid NOT NULL,
    event_id    uuid NOT NULL,
    number      integer NOT NULL CHECK (number >= 1),
    at          timestamptz NOT NULL,
    status      integer CHECK (status BETWEEN 100 AND 999),
    failure     text CHECK (failure IN ('not_allowed', 'not_reached', 'took_too_long', 'broken')),
    PRIMARY KEY (webhook_id, event_id, number),
    FOREIGN KEY (webhook_id, event_id) REFERENCES webhook_delivery (webhook_id, event_id),
    CONSTRAINT webhook_attempt_came_to_one_thing CHECK (num_nulls(status, failure) = 1)
);

-- An excluded organ is told nothing, whichever row comes first.
CREATE FUNCTION refuse_excluded_webhook() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM webhook w JOIN alert_exclusion x USING (organ_id)
               WHERE w.webhook_id = NEW.webhook_id AND x.alert_id = NEW.alert_id) THEN
        RAISE EXCEPTION 'an excluded organ is told nothing'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'webhook_delivery_not_excluded';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER webhook_delivery_not_excluded AFTER INSERT OR UPDATE OF webhook_id, alert_id ON webhook_delivery
    FOR EACH ROW EXECUTE FUNCTION refuse_excluded_webhook();

-- Seen by the organ alone; the service writes for it.
ALTER TABLE webhook ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_seen ON webhook FOR SELECT USING (is_house() OR coalesce(organ_id = reader_organ(), false));
CREATE POLICY webhook_written ON webhook FOR INSERT WITH CHECK (is_house());
CREATE POLICY webhook_changed ON webhook FOR UPDATE USING (is_house());
ALTER TABLE webhook_delivery ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_delivery_seen ON webhook_delivery FOR SELECT
    USING (is_house() OR EXISTS (SELECT 1 FROM webhook w
                                 WHERE w.webhook_id = webhook_delivery.webhook_id AND w.organ_id = reader_organ()));
CREATE POLICY webhook_delivery_written ON webhook_delivery FOR INSERT WITH CHECK (is_house());
CREATE POLICY webhook_delivery_changed ON webhook_delivery FOR UPDATE USING (is_house());
ALTER TABLE webhook_attempt ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_attempt_seen ON webhook_attempt FOR SELECT
    USING (is_house() OR EXISTS (SELECT 1 FROM webhook w
                                 WHERE w.webhook_id = webhook_attempt.webhook_id AND w.organ_id = reader_organ()));
CREATE POLICY webhook_attempt_written ON webhook_attempt FOR INSERT WITH CHECK (is_house());
