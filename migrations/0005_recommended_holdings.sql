-- The way back from a holding to who recommended it: what somebody has recommended, page by page.
create index holding_recommended_by_idx on holding (recommended_by, id, customer_id) where recommended_by is not null;
