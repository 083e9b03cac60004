-- When each process of this service last said that it is alive: a stopped one says nothing more. A process that ends in
-- order takes its row with it.
CREATE TABLE heartbeat (
    process     text PRIMARY KEY CHECK (char_length(process) BETWEEN 1 AND 200),
    started_at  timestamptz NOT NULL,
    at          timestamptz NOT NULL
);
