-- What became of an order on a report, said once by the organ that reported. `version` is the report's last one then.
CREATE TABLE report_order_answer (
    report_id    uuid NOT NULL,
    number       integer NOT NULL,
    words        text NOT NULL CHECK (char_length(words) BETWEEN 1 AND 2000),
    post         text NOT NULL CHECK (char_length(post) BETWEEN 1 AND 100),
    answered_at  timestamptz NOT NULL,
    late         boolean NOT NULL,
    version      integer NOT NULL CHECK (version >= 1),
    PRIMARY KEY (report_id, number),
    FOREIGN KEY (report_id, number) REFERENCES report_order (report_id, number)
);
ALTER TABLE report_order_answer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY report_order_answer_seen ON report_order_answer FOR SELECT
    USING (is_house() OR EXISTS (SELECT 1 FROM organ_report r WHERE r.report_id = report_order_answer.report_id));
CREATE POLICY report_order_answer_written ON report_order_answer FOR INSERT WITH CHECK (is_house());
