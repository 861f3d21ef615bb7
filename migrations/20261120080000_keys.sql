-- API keys: their hashes, what each may do, and the operator's functions for them.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- No reference to the project: an operator makes keys before the first tick adopts it, and a project whose rows were
-- dropped to be fetched again keeps its clients.
create table weir.keys (
  project text not null,
  id bigint not null generated always as identity,
  -- For people; a key that replaces another has the same.
  name text not null,
  -- The SHA-256 of the whole key, which is kept nowhere.
  hash bytea not null,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  -- The day (UTC) of the last use that was noted.
  last_used_on date,
  constraint keys_pkey primary key (project, id),
  constraint keys_hash_key unique (project, hash),
  constraint keys_project check (project ~ '^[a-z][a-z0-9-]*$'),
  constraint keys_name check (char_length(name) between 1 and 100 and name !~ '[[:cntrl:]]'),
  constraint keys_hash check (octet_length(hash) = 32),
  constraint keys_scopes check (
    cardinality(scopes) between 1 and 4
    and array_position(scopes, null) is null
    and scopes <@ array['read', 'write', 'admin', 'metrics']
  ),
  constraint keys_expiry check (expires_at >= created_at)
);

alter table weir.keys enable row level security;
alter table weir.keys force row level security;
create policy of_project on weir.keys to weir_read_fn, weir_receive_fn, weir_refresh_fn
  using (project = (select current_setting('weir.project', true)));

grant select (project, hash, scopes, expires_at, revoked_at) on weir.keys to weir_read_fn;

-- The hash is not among what is told; that it changed is.
create trigger keys_audited after insert or delete on weir.keys
  for each row execute function weir.note_audit('key', 'id', 'name', 'scopes', 'expires_at', 'revoked_at');
create trigger keys_change_audited after update of project, name, hash, scopes, expires_at, revoked_at on weir.keys
  for each row when (
    (old.project, old.name, old.hash, old.scopes, old.expires_at, old.revoked_at)
    is distinct from (new.project, new.name, new.hash, new.scopes, new.expires_at, new.revoked_at)
  )
  execute function weir.note_audit('key', 'id', 'name', 'scopes', 'expires_at', 'revoked_at');

create function weir.key_scopes(p_project text, p_hash bytea)
returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- What a key may do in a project at this moment; null for what is no key of it, or none any more.
begin
  perform set_config('weir.project', p_project, true);
  return (
    select k.scopes from weir.keys k
    where k.project = p_project and k.hash = p_hash
      and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
  );
end
$$;

revoke all on function weir.key_scopes from public;
grant execute on function weir.key_scopes to weir_read;
grant create on schema weir to weir_read_fn;
alter function weir.key_scopes owner to weir_read_fn;
revoke create on schema weir from weir_read_fn;

-- The operator's, who is the migrating role: nobody else may call them. With row security off they fail where the
-- policies bind it, instead of finding nothing and saying so.

create function weir.create_key(p_project text, p_name text, p_hash bytea, p_scopes text[], p_valid_ms bigint)
returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set row_security = off
as $$
-- Its number. Without a span it is valid until it is revoked.
declare
  v_id bigint;
begin
  insert into weir.keys (project, name, hash, scopes, expires_at)
  values (p_project, p_name, p_hash, p_scopes, now() + p_valid_ms * interval '1 ms')
  returning id into v_id;
  return v_id;
end
$$;

create function weir.list_keys(p_project text)
returns table (
  id bigint, name text, scopes text[], state text, created_at text, expires_at text, revoked_at text, last_used_on text
)
language plpgsql volatile set search_path = pg_catalog, pg_temp set row_security = off
as $$
-- Everything about a project's keys but what would help to find one.
#variable_conflict use_column
declare
  v_spelt constant text := 'YYYY-MM-DD"T"HH24:MI:SS"Z"';
begin
  return query
    select
      k.id,
      k.name,
      k.scopes,
      case when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'valid' end,
      to_char(k.created_at at time zone 'UTC', v_spelt),
      to_char(k.expires_at at time zone 'UTC', v_spelt),
      to_char(k.revoked_at at time zone 'UTC', v_spelt),
      to_char(k.last_used_on, 'YYYY-MM-DD')
    from weir.keys k where k.project = p_project order by k.id;
end
$$;

create function weir.revoke_key(p_project text, p_id bigint)
returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp set row_security = off
as $$
-- Whether there was such a key that was not revoked yet.
begin
  update weir.keys set revoked_at = now() where project = p_project and id = p_id and revoked_at is null;
  return found;
end
$$;

create function weir.rotate_key(p_project text, p_id bigint, p_hash bytea, p_overlap_ms bigint)
returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set row_security = off
as $$
-- Another key with the same name, scopes and length of life; the old one ends after the overlap, or earlier if it would
-- have. Null where there is no valid key to replace.
declare
  v_old weir.keys;
  v_id bigint;
begin
  select * into v_old from weir.keys k
  where k.project = p_project and k.id = p_id
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
  for update;
  if not found then
    return null;
  end if;
  insert into weir.keys (project, name, hash, scopes, expires_at)
  values (v_old.project, v_old.name, p_hash, v_old.scopes, now() + (v_old.expires_at - v_old.created_at))
  returning id into v_id;
  update weir.keys set expires_at = least(expires_at, now() + p_overlap_ms * interval '1 ms')
  where project = p_project and id = p_id;
  return v_id;
end
$$;

revoke all on function weir.create_key, weir.list_keys, weir.revoke_key, weir.rotate_key from public;
