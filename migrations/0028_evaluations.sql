-- A refresh may leave facts as they are and evaluate everybody by them: when a definition has changed.

alter table refresh_run
  drop constraint refresh_run_kind_check,
  add constraint refresh_run_kind_check check (kind in ('full', 'incremental', 'evaluation')),
  drop constraint refresh_run_reason_check,
  add constraint refresh_run_reason_check check (reason in ('schedule', 'request', 'import', 'definition'));
