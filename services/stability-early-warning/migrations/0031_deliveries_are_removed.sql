-- Deliveries that were settled long ago are removed, by a timer once a day (kind 'webhook_kept', ref nil), armed from the first
-- webhook on.
CREATE INDEX webhook_delivery_settled ON webhook_delivery (settled_at) WHERE settled_at IS NOT NULL;
CREATE POLICY webhook_delivery_removed ON webhook_delivery FOR DELETE USING (is_house());
CREATE POLICY webhook_attempt_removed ON webhook_attempt FOR DELETE USING (is_house());
INSERT INTO timer (kind, ref, fire_at)
SELECT 'webhook_kept', '00000000-0000-0000-0000-000000000000', now() WHERE EXISTS (SELECT FROM webhook);
