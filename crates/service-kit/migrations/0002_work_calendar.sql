-- Notices of the work calendar that were published after this release was built. What happened is judged by the
-- editions that were known then, so they are only ever added to.
CREATE TABLE work_calendar_notice (
    edition           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    year              integer NOT NULL,
    version           text NOT NULL CONSTRAINT work_calendar_version_once UNIQUE,
    source            text NOT NULL,
    days_off          date[] NOT NULL,
    working_weekends  date[] NOT NULL,
    published_at      timestamptz NOT NULL
);
