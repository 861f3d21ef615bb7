-- What anybody may read of public projects, for Supabase's own roles and its HTTP interface.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Supabase has these roles; elsewhere they are made. One that exists is somebody's already and stays as it is.
do $roles$
declare
  v_role text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      begin
        execute format('create role %I nologin', v_role);
      exception
        -- Another database of this cluster is being migrated at this moment.
        when duplicate_object or unique_violation then null;
      end;
    end if;
  end loop;
end
$roles$;

create schema weir_api;
revoke all on schema weir_api from public;
grant usage on schema weir, weir_api to anon, authenticated;

-- The policies, not the view, decide what is seen: whoever asks the tables themselves sees no more. `exists`, because
-- the planner answers it from an index for one row; `in` would read every entry first.
create policy of_public on weir.projects for select to anon, authenticated
  using (access = 'public');
create policy of_public on weir.entries for select to anon, authenticated
  using (
    version is not null
    and exists (select from weir.projects p where p.project = entries.project and p.access = 'public')
  );
create policy of_public on weir.schedule for select to anon, authenticated
  using (exists (select from weir.projects p where p.project = schedule.project and p.access = 'public'));
-- Of current versions only: replaced ones are history. Which entries are there to be found, the policy on them decides.
create policy of_public on weir.versions for select to anon, authenticated
  using (
    exists (
      select from weir.entries e
      where e.project = versions.project and e.id = versions.entry and e.version = versions.version
    )
  );

grant select (project, access) on weir.projects to anon, authenticated;
grant select (project, id, key, resource, version, changed_at) on weir.entries to anon, authenticated;
grant select (project, entry, verified_at, purged_at) on weir.schedule to anon, authenticated;
grant select (project, entry, version, body, content_type) on weir.versions to anon, authenticated;

create function weir.as_json(p_content_type text, p_body bytea)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
-- A JSON body for SQL; null for any other. What Postgres cannot hold as jsonb (`\u0000`, a number beyond all bounds) is
-- null too, or one such body would make a whole list fail.
begin
  if lower(p_content_type) !~ '^[^;]*[/+]json *(;|$)' then
    return null;
  end if;
  return convert_from(p_body, 'utf8')::jsonb;
exception
  when data_exception or program_limit_exceeded then
    return null;
end
$$;

revoke all on function weir.as_json from public;
grant execute on function weir.as_json to anon, authenticated;

-- A purged entry was verified never.
create view weir_api.entries with (security_invoker = on) as
select
  e.project,
  e.resource,
  e.key,
  e.version,
  e.changed_at,
  case when s.verified_at > s.purged_at then s.verified_at end as verified_at,
  weir.as_json(v.content_type, v.body) as body
from weir.entries e
join weir.schedule s on s.project = e.project and s.entry = e.id
join weir.versions v on v.project = e.project and v.entry = e.id and v.version = e.version;

comment on view weir_api.entries is 'The current entries of public projects; bodies that are JSON, as such.';
grant select on weir_api.entries to anon, authenticated;
