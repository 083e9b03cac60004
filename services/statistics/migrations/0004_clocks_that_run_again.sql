-- A clock that was told of as ended can run again: when a report of completion is returned. `ended` says the last that was
-- told of it; nothing at all as long as only its passing was.
ALTER TABLE deadline_fact
    DROP CONSTRAINT deadline_fact_ended_check,
    ADD CONSTRAINT deadline_fact_ended_check CHECK (ended IN ('running', 'kept', 'overrun', 'lapsed'));
