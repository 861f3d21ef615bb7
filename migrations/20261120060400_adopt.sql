-- Projects become known: their upstreams, budgets, boards and the keys that exist without being asked for.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function weir.count_entry()
returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- Runs as whoever changes entries: within the project that is entered.
begin
  if tg_op in ('INSERT', 'UPDATE') then
    insert into weir.resources as r (project, resource, entries) values (new.project, new.resource, 1)
    on conflict (project, resource) do update set entries = r.entries + 1;
  end if;
  if tg_op in ('DELETE', 'UPDATE') then
    update weir.resources r set entries = r.entries - 1 where r.project = old.project and r.resource = old.resource;
  end if;
  return null;
end
$$;

create trigger entries_counted after insert or delete on weir.entries
  for each row execute function weir.count_entry();
create trigger entries_recounted after update of resource on weir.entries
  for each row when (old.resource <> new.resource) execute function weir.count_entry();

create function weir.enter(p_project text)
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- The first statement of whatever refresh calls for one project: from here on only its rows are there. WR001 tells the
-- caller to adopt the catalog and call again.
begin
  perform set_config('weir.project', p_project, true);
  perform from weir.projects where project = p_project;
  if not found then
    raise exception 'unknown project' using errcode = 'WR001';
  end if;
end
$$;

create function weir.note_news(p_project text, p_shards bigint[])
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- There is something for these boards to tell. Locks in order; nothing but the feed is locked after boards.
begin
  perform from weir.boards where project = p_project and shard = any (p_shards) order by shard for no key update;
  update weir.boards set news = news + 1 where project = p_project and shard = any (p_shards);
end
$$;

create function weir.shard_of(p_key_hash bytea, p_shards bigint)
returns bigint
language sql immutable parallel safe
-- As `weir_policy::slot::shard_of`: the hash, an unsigned number of eight bytes, modulo the shards.
return (
  (('x' || encode(substr(p_key_hash, 1, 4), 'hex'))::bit(32)::bigint % p_shards) * (4294967296 % p_shards)
  + ('x' || encode(substr(p_key_hash, 5, 4), 'hex'))::bit(32)::bigint % p_shards
) % p_shards;

create function weir.adopt_upstream(
  p_project text, p_upstream text, p_limits bigint[], p_windows_ms bigint[], p_reserve_percent bigint
)
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- A budget that changes goes on counting where a window is as long as it was.
declare
  v_old record;
  v_used bigint[] := '{}';
  v_slices bigint[] := '{}';
  v_window bigint;
  v_was bigint;
begin
  select u.windows_ms, u.used, u.slices into v_old
  from weir.upstreams u where u.project = p_project and u.upstream = p_upstream for no key update;
  foreach v_window in array p_windows_ms loop
    v_was := array_position(v_old.windows_ms, v_window);
    if v_was is null then
      v_used := v_used || array_fill(0::bigint, array[11]);
      v_slices := v_slices || 0::bigint;
    else
      v_used := v_used || v_old.used[(v_was - 1) * 11 + 1 : v_was * 11];
      v_slices := v_slices || v_old.slices[v_was];
    end if;
  end loop;
  insert into weir.upstreams (project, upstream, limits, windows_ms, reserve_percent, used, slices)
  values (p_project, p_upstream, p_limits, p_windows_ms, p_reserve_percent, v_used, v_slices)
  on conflict (project, upstream) do update set
    limits = excluded.limits,
    windows_ms = excluded.windows_ms,
    reserve_percent = excluded.reserve_percent,
    used = excluded.used,
    slices = excluded.slices;
end
$$;

create function weir.adopt_entries(p_project text, p_shards bigint, p_resources text[], p_keys jsonb)
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- What is kept already follows the project's file. Locks entries in the order of their ids and makes none.
declare
  v_row record;
begin
  for v_row in
    select e.id, k.resource, k.upstream, e.resource <> all (p_resources) as is_retired
    from weir.entries e
    join weir.schedule s on s.project = e.project and s.entry = e.id
    left join jsonb_to_recordset(p_keys) k(key text, resource text, upstream text) on k.key = e.key
    where e.project = p_project
      and (
        (e.resource <> all (p_resources) and s.due_at is not null)
        or (k.key is not null and (e.resource <> k.resource or e.upstream <> k.upstream or s.due_at is null))
        or e.shard <> weir.shard_of(e.key_hash, p_shards)
      )
    order by e.id
    for no key update of s, e
  loop
    update weir.entries e set
      resource = coalesce(v_row.resource, e.resource),
      upstream = coalesce(v_row.upstream, e.upstream),
      shard = weir.shard_of(e.key_hash, p_shards)
    where e.project = p_project and e.id = v_row.id;
    -- No tick refreshes what belongs to a resource that is gone.
    update weir.schedule s set
      upstream = coalesce(v_row.upstream, s.upstream),
      due_at = case
        when v_row.resource is not null then coalesce(s.due_at, clock_timestamp())
        when not v_row.is_retired then s.due_at
      end
    where s.project = p_project and s.entry = v_row.id;
  end loop;
end
$$;

create function weir.adopt(p_projects text)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Leases::adopt, for flow's refresh. A project whose fingerprint is known costs one read. Locks, as everything does:
-- entries, then upstreams, then boards.
declare
  v_now timestamptz := clock_timestamp();
  v_said record;
  v_upstream record;
begin
  for v_said in
    select * from jsonb_to_recordset(p_projects::jsonb) p(
      project text, description text, access text, fingerprint bigint, shards bigint, upstreams jsonb, resources text[],
      keys jsonb
    )
    order by p.project
  loop
    perform set_config('weir.project', v_said.project, true);
    continue when exists (
      select from weir.projects p where p.project = v_said.project and p.fingerprint = v_said.fingerprint
    );
    insert into weir.projects (project, description, access, shards, fingerprint, adopted_at)
    values (v_said.project, v_said.description, v_said.access, v_said.shards, v_said.fingerprint, v_now)
    on conflict (project) do update set
      description = excluded.description,
      access = excluded.access,
      shards = excluded.shards,
      fingerprint = excluded.fingerprint,
      adopted_at = excluded.adopted_at;
    perform weir.adopt_entries(v_said.project, v_said.shards, v_said.resources, v_said.keys);
    for v_upstream in
      select * from jsonb_to_recordset(v_said.upstreams) u(
        upstream text, limits bigint[], windows_ms bigint[], reserve_percent bigint
      )
      order by u.upstream
    loop
      perform weir.adopt_upstream(
        v_said.project, v_upstream.upstream, v_upstream.limits, v_upstream.windows_ms, v_upstream.reserve_percent
      );
    end loop;
    insert into weir.entries (project, key, key_hash, resource, upstream, shard)
    select v_said.project, k.key, substr(sha256(convert_to(k.key, 'utf8')), 1, 8), k.resource, k.upstream, k.shard
    from jsonb_to_recordset(v_said.keys) k(key text, resource text, upstream text, shard bigint)
    order by k.key
    on conflict (project, key) do nothing;
    insert into weir.schedule (project, entry, upstream, due_at)
    select e.project, e.id, e.upstream, v_now
    from jsonb_to_recordset(v_said.keys) k(key text)
    join weir.entries e on e.project = v_said.project and e.key = k.key
    order by e.id
    on conflict (project, entry) do nothing;
    insert into weir.boards (project, shard)
    select v_said.project, s.shard from generate_series(0, v_said.shards - 1) s(shard)
    on conflict (project, shard) do nothing;
    insert into weir.feed (project) values (v_said.project) on conflict (project) do nothing;
    perform weir.note_news(v_said.project, array(select generate_series(0, v_said.shards - 1)));
  end loop;
  perform set_config('weir.project', '', true);
end
$$;
