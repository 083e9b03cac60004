-- A published report is a document: what was printed stays as it was printed.
CREATE TABLE report (
    report_id     uuid PRIMARY KEY,
    published_at  timestamptz NOT NULL,
    from_date     date NOT NULL,
    to_date       date NOT NULL CHECK (to_date >= from_date),
    place_code    text NOT NULL,
    document      bytea NOT NULL
);
CREATE INDEX report_newest ON report (published_at DESC, report_id DESC);
