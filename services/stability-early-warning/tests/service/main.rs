//! The service through its public door, over a real PostgreSQL.
#![cfg(test)]

mod acknowledging_lists;
mod arriving;
mod below;
mod clusters;
mod duty_gaps;
mod duty_hand_overs;
mod duty_posts;
mod duty_rosters;
mod duty_silence;
mod duty_stage;
mod escalation;
mod hot_spot_scale;
mod hot_spot_stage;
mod hot_spots;
mod ladders;
mod ledger;
mod races;
mod raising;
mod receiver;
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
mod webhook_stage;
mod webhooks;
mod webhooks_failing;
mod who_sees_reports;
