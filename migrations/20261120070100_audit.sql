-- Who changed what an operator answers for. Rows are added by triggers and never changed or removed.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- No reference to the project: what happened to it stays when it is gone.
create table weir.audit (
  project text not null,
  id bigint not null generated always as identity,
  at timestamptz not null default clock_timestamp(),
  -- Whoever the caller was found to be: a key's name. Where nobody was, the login itself.
  actor text not null,
  -- The login, which no function can make up.
  login text not null default session_user,
  action text not null,
  -- What it was done to.
  subject text not null,
  -- Each changed value: before and after.
  detail jsonb not null,
  constraint audit_pkey primary key (project, id)
);

alter table weir.audit enable row level security;
alter table weir.audit force row level security;
create policy of_project on weir.audit to weir_read_fn, weir_receive_fn, weir_refresh_fn
  using (project = (select current_setting('weir.project', true)));

-- To add, and nothing else; when it was and which login it was, the table says by itself.
grant insert (project, actor, action, subject, detail) on weir.audit to weir_refresh_fn;

create function weir.note_audit()
returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- Arguments: what kind of thing the row is, the column that names it, then the columns that are told of. A column that
-- is not named here never gets into the audit.
declare
  v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) else '{}' end;
  v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) else '{}' end;
  v_row jsonb := case when tg_op = 'DELETE' then v_old else v_new end;
begin
  insert into weir.audit (project, actor, action, subject, detail)
  select
    v_row ->> 'project',
    coalesce(nullif(current_setting('weir.actor', true), ''), session_user),
    tg_argv[0] || ' ' || case tg_op when 'INSERT' then 'added' when 'UPDATE' then 'changed' else 'removed' end,
    v_row ->> tg_argv[1],
    coalesce(jsonb_object_agg(c.name, jsonb_build_array(v_old -> c.name, v_new -> c.name)), '{}')
  from unnest(tg_argv[2:]) c(name)
  where v_old -> c.name is distinct from v_new -> c.name;
  return null;
end
$$;

revoke all on function weir.note_audit from public;

create trigger projects_audited after insert or delete on weir.projects
  for each row execute function weir.note_audit('project', 'project', 'access', 'shards', 'fingerprint');
create trigger projects_change_audited after update of access, shards, fingerprint on weir.projects
  for each row when ((old.access, old.shards, old.fingerprint) is distinct from (new.access, new.shards, new.fingerprint))
  execute function weir.note_audit('project', 'project', 'access', 'shards', 'fingerprint');
create trigger upstreams_mode_audited after update of mode on weir.upstreams
  for each row when (old.mode is distinct from new.mode)
  execute function weir.note_audit('upstream', 'upstream', 'mode');
