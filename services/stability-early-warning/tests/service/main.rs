//! The service through its public door, over a real PostgreSQL.
#![cfg(test)]

mod acknowledging_lists;
mod arriving;
mod escalation;
mod hot_spot_stage;
mod hot_spots;
mod ledger;
mod raising;
mod recipient_rules;
mod reporting_stage;
mod reports;
mod schedules;
mod stage;
mod storm;
mod storm_watched;
mod threads;
mod versions;
mod watching;
mod who_sees_reports;
