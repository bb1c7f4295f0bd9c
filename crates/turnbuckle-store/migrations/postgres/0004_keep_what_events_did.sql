-- What an event did to a record: null where that already was as the event wanted it, or was
-- written by a version that kept nothing here.
ALTER TABLE inbound_record ADD COLUMN change bigint;
