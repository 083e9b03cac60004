-- After a restore the teller begins a new epoch and tells again what was committed and not yet sequenced: its reader knows it by its id.
CREATE INDEX inbox_event ON inbox (event_id);
