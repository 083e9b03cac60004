-- What rings at the duty desk of an organ. Its row is locked by whoever lets something ring there, danger to life apart, so that
-- the budget holds however many alerts come at one instant. It is locked last in a transaction and several in the order of
-- their organs. `ring_*` are the newest rings, newest first: when, which notice, about which group (none of the bundle). The bundle has
-- rung for everybody in it (`bundle_rung_at`) or rings for those who joined since `waits_since` at `rings_at`: then a timer
-- of the kind 'desk_notice' is armed under the reference `waits_as`.
CREATE TABLE desk (
    organ_id        uuid PRIMARY KEY,
    level           text NOT NULL
                    CHECK (level IN ('village', 'township', 'county', 'city', 'province', 'nation')),
    ring_times      timestamptz[] NOT NULL DEFAULT '{}',
    ring_notices    uuid[] NOT NULL DEFAULT '{}',
    ring_groups     uuid[] NOT NULL DEFAULT '{}',
    bundle          uuid,
    bundle_rung_at  timestamptz,
    waits_since     timestamptz,
    rings_at        timestamptz,
    waits_as        uuid,
    CONSTRAINT desk_rings_are_whole
        CHECK (cardinality(ring_times) = cardinality(ring_notices) AND cardinality(ring_times) = cardinality(ring_groups)),
    CONSTRAINT desk_bundle_has_rung_or_waits
        CHECK (num_nonnulls(bundle_rung_at, waits_since) = num_nonnulls(bundle)),
    CONSTRAINT desk_bundle_that_waits_has_a_timer
        CHECK (num_nonnulls(waits_since, rings_at, waits_as) IN (0, 3))
);
CREATE UNIQUE INDEX desk_waiting ON desk (waits_as) WHERE waits_as IS NOT NULL;

-- A notice: one call about danger to life, the calls of one group (place, kind, set of matters), or the bundle. It is no more than
-- what rings: every recipient in it is open by itself, with its own timer, and is acknowledged by itself.
CREATE TABLE desk_notice (
    notice_id    uuid PRIMARY KEY,
    organ_id     uuid NOT NULL,
    form         text NOT NULL CHECK (form IN ('life', 'group', 'bundle')),
    opened_at    timestamptz NOT NULL,
    rung_at      timestamptz CHECK (rung_at >= opened_at),
    rings        integer NOT NULL CHECK (rings >= 0),
    calls        integer NOT NULL CHECK (calls >= 1),
    place_codes  text[] NOT NULL CHECK (cardinality(place_codes) BETWEEN 1 AND 100),
    kinds        text[] NOT NULL CHECK (cardinality(kinds) BETWEEN 1 AND 6),
    CONSTRAINT desk_notice_rang CHECK ((rings = 0) = (rung_at IS NULL)),
    CONSTRAINT desk_notice_of_life_rings_alone CHECK (form <> 'life' OR (rings = 1 AND calls = 1))
);
CREATE INDEX desk_notice_newest ON desk_notice (organ_id, opened_at DESC, notice_id DESC);
CREATE INDEX desk_notice_of_life ON desk_notice (organ_id, rung_at DESC) WHERE form = 'life';

-- Which notice a call of a recipient is in: call 0 addressed it, call n is its n-th escalation. One that did not ring at once was
-- rung for when its notice rang after it.
CREATE TABLE desk_call (
    recipient_id  uuid NOT NULL REFERENCES alert_recipient (recipient_id),
    call          integer NOT NULL CHECK (call >= 0),
    notice_id     uuid NOT NULL REFERENCES desk_notice (notice_id),
    called_at     timestamptz NOT NULL,
    rings         boolean NOT NULL,
    CONSTRAINT desk_call_once PRIMARY KEY (recipient_id, call)
);
CREATE INDEX desk_call_of_notice ON desk_call (notice_id, recipient_id, call);

-- A desk sees its own notices.
ALTER TABLE desk ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY desk_of_the_house ON desk USING (is_house());
ALTER TABLE desk_notice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY desk_notice_seen ON desk_notice FOR SELECT USING (is_house() OR organ_id = reader_organ());
CREATE POLICY desk_notice_written ON desk_notice FOR INSERT WITH CHECK (is_house());
CREATE POLICY desk_notice_changed ON desk_notice FOR UPDATE USING (is_house());
ALTER TABLE desk_call ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY desk_call_seen ON desk_call FOR SELECT
    USING (is_house() OR EXISTS (SELECT 1 FROM desk_notice n
                                 WHERE n.notice_id = desk_call.notice_id AND n.organ_id = reader_organ()));
CREATE POLICY desk_call_written ON desk_call FOR INSERT WITH CHECK (is_house());
