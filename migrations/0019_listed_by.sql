-- Who put a customer on the list of a segment, and who took them off.

alter table segment_membership add column entered_by text, add column left_by text;
