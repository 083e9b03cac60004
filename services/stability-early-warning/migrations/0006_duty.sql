-- Organs that have set a roster or stood in a special period; a row is locked by whoever sets shifts of the organ and by whoever looks at
-- them. `said_at` is when an alert last said that nobody is on duty. A look at an organ waits in `timer` (kind 'duty_look', ref
-- organ_id), armed as long as somebody is required there.
CREATE TABLE duty_desk (
    organ_id    uuid PRIMARY KEY,
    place_code  text NOT NULL CHECK (place_code ~ '^[0-9A-Z]{12}$'),
    said_at     timestamptz
);

-- Which hours of every day an organ covers, in minutes after midnight, from a day on until its next roster; null where it promises no
-- more than its shifts.
CREATE TABLE duty_roster (
    roster_id   uuid PRIMARY KEY,
    organ_id    uuid NOT NULL REFERENCES duty_desk (organ_id),
    begins      date NOT NULL,
    hours_from  integer CHECK (hours_from BETWEEN 0 AND 1439),
    hours_to    integer CHECK (hours_to BETWEEN 0 AND 1440),
    post        text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    set_at      timestamptz NOT NULL,
    CONSTRAINT duty_roster_hours_whole CHECK (num_nulls(hours_from, hours_to) IN (0, 2))
);
CREATE INDEX duty_roster_organ ON duty_roster (organ_id, begins);

-- Shifts. Posts are posts of the organ and the phone is that of its desk; no person.
CREATE TABLE duty_shift (
    shift_id    uuid PRIMARY KEY,
    roster_id   uuid NOT NULL REFERENCES duty_roster (roster_id),
    organ_id    uuid NOT NULL REFERENCES duty_desk (organ_id),
    place_code  text NOT NULL CHECK (place_code ~ '^[0-9A-Z]{12}$'),
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL,
    post        text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    deputy      text NOT NULL CHECK (char_length(deputy) BETWEEN 1 AND 100),
    leader      text NOT NULL CHECK (char_length(leader) BETWEEN 1 AND 100),
    duty_phone  text NOT NULL CHECK (char_length(duty_phone) BETWEEN 3 AND 30),
    CONSTRAINT duty_shift_of_a_day_at_most CHECK (to_at > from_at AND to_at <= from_at + interval '24 hours'),
    CONSTRAINT duty_shift_three_posts CHECK (post <> deputy AND post <> leader AND deputy <> leader)
);
CREATE INDEX duty_shift_organ ON duty_shift (organ_id, to_at);
CREATE INDEX duty_shift_listed ON duty_shift (from_at, shift_id);

-- Posts that took over what remained of a shift, in the order in which that was said. Nothing here is ever changed.
CREATE TABLE duty_substitution (
    shift_id  uuid NOT NULL REFERENCES duty_shift (shift_id),
    number    integer NOT NULL CHECK (number >= 1),
    role      text NOT NULL CHECK (role IN ('post', 'deputy', 'leader')),
    post      text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    from_at   timestamptz NOT NULL,
    reason    text NOT NULL CHECK (char_length(reason) <= 200),
    said_at   timestamptz NOT NULL,
    PRIMARY KEY (shift_id, number)
);

-- How a shift was handed over to the next; once. The alerts are those that were open at the organ.
CREATE TABLE duty_hand_over (
    from_shift  uuid PRIMARY KEY REFERENCES duty_shift (shift_id),
    from_post   text NOT NULL CHECK (char_length(from_post) BETWEEN 1 AND 100),
    to_shift    uuid NOT NULL REFERENCES duty_shift (shift_id),
    to_post     text NOT NULL CHECK (char_length(to_post) BETWEEN 1 AND 100),
    alert_ids   uuid[] NOT NULL CHECK (cardinality(alert_ids) <= 10000),
    notes       text NOT NULL CHECK (char_length(notes) <= 2000),
    at          timestamptz NOT NULL
);

-- Special periods of places: every petition office in the place has somebody on duty round the clock. The offices are called to
-- it by a timer (kind 'special_period', ref period_id), armed until the last day has ended.
CREATE TABLE special_period (
    period_id   uuid PRIMARY KEY,
    place_code  text NOT NULL CHECK (place_code ~ '^[0-9A-Z]{12}$'),
    valid_from  date NOT NULL,
    valid_to    date NOT NULL,
    source      text NOT NULL CHECK (char_length(source) BETWEEN 1 AND 200),
    organ_id    uuid NOT NULL,
    set_at      timestamptz NOT NULL
);
CREATE INDEX special_period_newest ON special_period (valid_from DESC, period_id DESC);
CREATE INDEX special_period_last ON special_period (valid_to);

-- Hours that were found in advance in which somebody must be on duty and nobody is; each told once.
CREATE TABLE duty_gap (
    gap_id      uuid PRIMARY KEY,
    organ_id    uuid NOT NULL REFERENCES duty_desk (organ_id),
    place_code  text NOT NULL CHECK (place_code ~ '^[0-9A-Z]{12}$'),
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL CHECK (to_at > from_at),
    to_organ    uuid,
    found_at    timestamptz NOT NULL,
    filled_at   timestamptz
);
CREATE INDEX duty_gap_open ON duty_gap (organ_id, to_at) WHERE filled_at IS NULL;
CREATE INDEX duty_gap_listed ON duty_gap (from_at, gap_id);

-- That nobody is on duty is an alert of its own.
ALTER TABLE alert
    DROP CONSTRAINT alert_source_check,
    ADD CONSTRAINT alert_source_check CHECK (source IN ('report', 'registration', 'duty')),
    DROP CONSTRAINT alert_report_names_a_phone,
    ADD CONSTRAINT alert_report_names_a_phone CHECK (source <> 'report' OR char_length(duty_phone) >= 3);

-- What an organ has set and what was found of it is seen by the organ and by those that oversee its place or one around it; a special
-- period also by everybody in its place.
CREATE FUNCTION reader_sees_duty(organ uuid, place text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN is_house() OR coalesce(organ = reader_organ(), false) OR (reader_oversees() AND reader_is_around(place));

ALTER TABLE duty_desk ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY duty_desk_house ON duty_desk USING (is_house());
ALTER TABLE duty_roster ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY duty_roster_house ON duty_roster USING (is_house());
ALTER TABLE duty_shift ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY duty_shift_seen ON duty_shift FOR SELECT USING (reader_sees_duty(organ_id, place_code));
CREATE POLICY duty_shift_written ON duty_shift FOR INSERT WITH CHECK (is_house());
CREATE POLICY duty_shift_locked ON duty_shift FOR UPDATE USING (is_house());
ALTER TABLE duty_substitution ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY duty_substitution_seen ON duty_substitution FOR SELECT
    USING (is_house() OR EXISTS (SELECT 1 FROM duty_shift s WHERE s.shift_id = duty_substitution.shift_id));
CREATE POLICY duty_substitution_written ON duty_substitution FOR INSERT WITH CHECK (is_house());
ALTER TABLE duty_hand_over ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY duty_hand_over_seen ON duty_hand_over FOR SELECT
    USING (is_house() OR EXISTS (SELECT 1 FROM duty_shift s WHERE s.shift_id = duty_hand_over.from_shift
                                 AND s.organ_id = reader_organ()));
CREATE POLICY duty_hand_over_written ON duty_hand_over FOR INSERT WITH CHECK (is_house());
ALTER TABLE special_period ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY special_period_seen ON special_period FOR SELECT
    USING (is_house() OR reader_is_around(place_code)
           OR coalesce(starts_with(reader_territory(), significant(place_code)), false));
CREATE POLICY special_period_written ON special_period FOR INSERT WITH CHECK (is_house());
CREATE POLICY special_period_changed ON special_period FOR UPDATE USING (is_house());
ALTER TABLE duty_gap ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY duty_gap_seen ON duty_gap FOR SELECT USING (reader_sees_duty(organ_id, place_code));
CREATE POLICY duty_gap_written ON duty_gap FOR INSERT WITH CHECK (is_house());
CREATE POLICY duty_gap_changed ON duty_gap FOR UPDATE USING (is_house());
