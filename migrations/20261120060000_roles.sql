-- The schema, one login per Worker and the powerless role behind each login's functions.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create schema weir;
revoke all on schema weir from public;

-- Roles belong to the whole cluster: what exists is left as it is. Attributes that are the default are not spelled out,
-- because hosted Supabase refuses to hear them; a test asserts them. The passwords come from the runner.
do $roles$
declare
  v_login record;
  v_owner text;
begin
  for v_login in
    select * from (values ('weir_read', 15), ('weir_receive', 10), ('weir_refresh', 10)) l(name, connections)
  loop
    v_owner := v_login.name || '_fn';
    begin
      if not exists (select from pg_catalog.pg_roles where rolname = v_login.name) then
        execute format('create role %I login connection limit %s', v_login.name, v_login.connections);
        execute format('alter role %I set statement_timeout = %L', v_login.name, '10s');
        execute format('alter role %I set lock_timeout = %L', v_login.name, '3s');
        execute format('alter role %I set idle_in_transaction_session_timeout = %L', v_login.name, '5s');
        execute format('alter role %I set jit = off', v_login.name);
        if v_login.name = 'weir_read' then
          execute format('alter role %I set default_transaction_read_only = on', v_login.name);
        end if;
      end if;
      if not exists (select from pg_catalog.pg_roles where rolname = v_owner) then
        execute format('create role %I nologin', v_owner);
      end if;
    exception
      -- Another database of this cluster is being migrated at this moment.
      when duplicate_object or unique_violation then null;
    end;
    -- Giving a role a function takes being a member of it, and making it does not make one a member.
    if not pg_catalog.pg_has_role(current_user, v_owner, 'usage') then
      execute format('grant %I to current_user', v_owner);
    end if;
    execute format('grant usage on schema weir to %I, %I', v_login.name, v_owner);
  end loop;
end
$roles$;

-- A login that can make temporary objects can shadow names; search_path in every function is the other half of this.
do $temporary$
begin
  execute format('revoke temporary on database %I from public', current_database());
exception
  when insufficient_privilege then
    raise warning 'only the database''s owner can revoke TEMPORARY from PUBLIC; the functions do not depend on it';
end
$temporary$;
