-- A clock that stands still, for a hearing or an appraisal, passes no due day until it runs again.
ALTER TABLE clock ADD COLUMN paused_since date;

-- Each pause of a clock and each end of one, with the post that decided.
CREATE TABLE deadline_pause (
    pause_id    uuid PRIMARY KEY,
    matter_id   uuid NOT NULL REFERENCES register_line (matter_id),
    kind        text NOT NULL,
    cycle       integer NOT NULL CHECK (cycle >= 1),
    organ_id    uuid NOT NULL,
    step        text NOT NULL CHECK (step IN ('paused', 'resumed')),
    cause       text NOT NULL CHECK (cause IN ('hearing', 'expert_appraisal')),
    post        text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    reason      text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 1000),
    decided_at  timestamptz NOT NULL
);
CREATE INDEX deadline_pause_of_matter ON deadline_pause (matter_id);
