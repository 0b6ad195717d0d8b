-- A change point of a day to come moves its holding when that day begins at the customer's institution: the next such day.
alter table holding add column next_balance_on date;
create index holding_next_balance on holding (institution_path, next_balance_on) where next_balance_on is not null;
