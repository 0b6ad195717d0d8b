-- Limited calls of the last minute, one by one: a count for each minute of the clock let twice as many pass across its turn.
alter table call_count drop column minute, drop column calls, add column recent timestamptz[] not null default '{}';
