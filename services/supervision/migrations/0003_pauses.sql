-- A clock that stands still, for a hearing or an appraisal, passes no due day until it runs again.
ALTER TABLE clock ADD COLUMN paused_since date;
