//! The service through its public door, over a real PostgreSQL.
#![cfg(test)]

mod arriving;
mod escalation;
mod hot_spot_stage;
mod hot_spots;
mod ledger;
mod raising;
mod receiver;
mod reporting_stage;
mod reports;
mod schedules;
mod stage;
mod threads;
mod versions;
mod watching;
mod webhook_stage;
mod webhooks;
mod webhooks_failing;
mod who_sees_reports;
