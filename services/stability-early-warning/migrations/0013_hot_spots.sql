-- Matters of each day by place (townships and counties) and subject. Denunciations are sealed and are not counted.
CREATE TABLE daily_count (
    place_code  text NOT NULL CHECK (place_code ~ '^[0-9A-Z]{12}$'),
    subject     text NOT NULL,
    day         date NOT NULL,
    matters     integer NOT NULL CHECK (matters >= 1),
    PRIMARY KEY (place_code, subject, day)
);
CREATE INDEX daily_count_day ON daily_count (day, place_code, subject);

-- The series there are.
CREATE TABLE counted_series (
    place_code  text NOT NULL,
    subject     text NOT NULL,
    PRIMARY KEY (place_code, subject)
);

-- From which day on matters are counted, and the day that is looked at next: that waits in `timer` (kind 'hot_spot_day').
CREATE TABLE hot_spot_watch (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    first_day  date NOT NULL,
    next_day   date NOT NULL
);

-- Counted matters, and whether they were answered: who owes an answer follows from it. Withdrawn ones leave.
CREATE TABLE counted_matter (
    matter_id      uuid PRIMARY KEY,
    place_code     text NOT NULL CHECK (place_code ~ '^[0-9A-Z]{12}$'),
    subject        text NOT NULL,
    day            date NOT NULL,
    registered_by  uuid NOT NULL,
    answered_at    timestamptz,
    answered_by    uuid,
    CONSTRAINT counted_matter_answered_by_an_organ CHECK (num_nulls(answered_at, answered_by) IN (0, 2))
);
CREATE INDEX counted_matter_series ON counted_matter (subject, day, matter_id);

-- To which organ a matter was last forwarded; routing's stream may be ahead of intake's.
CREATE TABLE matter_holder (
    matter_id  uuid PRIMARY KEY,
    organ_id   uuid NOT NULL,
    hop        integer NOT NULL
);

CREATE TABLE hot_spot (
    hot_spot_id    uuid PRIMARY KEY,
    place_code     text NOT NULL CHECK (place_code ~ '^[0-9A-Z]{12}$'),
    subject        text NOT NULL,
    day            date NOT NULL,
    matters        bigint NOT NULL CHECK (matters >= 1),
    observed       bigint NOT NULL CHECK (observed >= 0),
    expected       double precision,
    bound          double precision,
    p_value        double precision,
    method         text NOT NULL,
    baseline_from  date,
    baseline_to    date,
    baseline_days  integer,
    baseline_mean  double precision,
    explanation    text NOT NULL,
    over_budget    boolean NOT NULL,
    desk_organ     uuid,
    found_at       timestamptz NOT NULL,
    answered_at    timestamptz,
    CONSTRAINT hot_spot_baseline_whole CHECK (num_nulls(baseline_from, baseline_to, baseline_days, baseline_mean) IN (0, 4))
);
CREATE UNIQUE INDEX hot_spot_open_once ON hot_spot (place_code, subject) WHERE answered_at IS NULL;
CREATE INDEX hot_spot_newest ON hot_spot (found_at DESC, hot_spot_id DESC);

-- Who owes an answer, and what it was.
CREATE TABLE hot_spot_answer (
    hot_spot_id  uuid NOT NULL REFERENCES hot_spot (hot_spot_id),
    organ_id     uuid NOT NULL,
    place_code   text NOT NULL,
    answered_at  timestamptz,
    matter_ids   uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(matter_ids) <= 100),
    report_id    uuid REFERENCES organ_report (report_id),
    words        text CHECK (char_length(words) BETWEEN 1 AND 2000),
    post         text CHECK (char_length(post) BETWEEN 1 AND 100),
    PRIMARY KEY (hot_spot_id, organ_id),
    CONSTRAINT hot_spot_answer_names_what_was_answered
        CHECK (CASE WHEN answered_at IS NULL THEN cardinality(matter_ids) = 0 AND num_nonnulls(report_id, words, post) = 0
                    ELSE (cardinality(matter_ids) > 0 OR report_id IS NOT NULL) AND num_nulls(words, post) = 0 END)
);
CREATE INDEX hot_spot_answer_organ ON hot_spot_answer (organ_id, hot_spot_id);

-- A hot spot is seen by those that oversee its place or one around it, and by the organs that owe an answer. What is counted is
-- the service's own.
ALTER TABLE hot_spot_answer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hot_spot_answer_seen ON hot_spot_answer FOR SELECT
    USING (is_house() OR coalesce(organ_id = reader_organ(), false) OR (reader_oversees() AND reader_is_around(place_code)));
CREATE POLICY hot_spot_answer_written ON hot_spot_answer FOR INSERT WITH CHECK (is_house());
CREATE POLICY hot_spot_answer_changed ON hot_spot_answer FOR UPDATE USING (is_house());
ALTER TABLE hot_spot ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hot_spot_seen ON hot_spot FOR SELECT
    USING (is_house() OR (reader_oversees() AND reader_is_around(place_code))
           OR EXISTS (SELECT 1 FROM hot_spot_answer a
                      WHERE a.hot_spot_id = hot_spot.hot_spot_id AND a.organ_id = reader_organ()));
CREATE POLICY hot_spot_written ON hot_spot FOR INSERT WITH CHECK (is_house());
CREATE POLICY hot_spot_changed ON hot_spot FOR UPDATE USING (is_house());
ALTER TABLE daily_count ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY daily_count_house ON daily_count USING (is_house());
ALTER TABLE counted_matter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY counted_matter_house ON counted_matter USING (is_house());
ALTER TABLE matter_holder ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY matter_holder_house ON matter_holder USING (is_house());
