-- Leases: the exclusive right to refresh a key until an instant.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function weir.standing(
  p_project text, p_key text, p_fresh_after timestamptz,
  out entry bigint, out outcome text, out until timestamptz
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- How a key stands for somebody who wants it, without a lock: current, held, absent, backing_off or free.
declare
  v_now timestamptz := clock_timestamp();
begin
  select
    e.id,
    case
      when e.version is not null and s.verified_at > p_fresh_after and s.verified_at > s.purged_at then 'current'
      when s.lease_until > v_now then 'held'
      when s.retry_at > v_now and s.last_outcome = 'absent' then 'absent'
      when s.retry_at > v_now then 'backing_off'
      else 'free'
    end,
    case when s.lease_until > v_now then s.lease_until else s.retry_at end
  into entry, outcome, until
  from weir.entries e
  join weir.schedule s on s.project = e.project and s.entry = e.id
  where e.project = p_project and e.key = p_key;
end
$$;

create function weir.wish(p_project text, p_entry bigint, p_demanded_until timestamptz)
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- A wish that got no lease is demand all the same. A thousand at once write once: less than a minute more is nothing new.
declare
  v_shard bigint;
begin
  update weir.schedule s set
    demanded_until = p_demanded_until,
    due_at = coalesce(s.due_at, clock_timestamp())
  from weir.entries e
  where s.project = p_project and s.entry = p_entry and s.demanded_until < p_demanded_until - interval '1 minute'
    and e.project = p_project and e.id = p_entry and e.version is not null
  returning e.shard into v_shard;
  if found then
    perform weir.note_news(p_project, array[v_shard]);
  end if;
end
$$;

create function weir.admit(p_project text, p_key text)
returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- Whether a key was wished for within a day; if not, the next wish will find this one.
declare
  v_hash bytea := substr(sha256(convert_to(p_key, 'utf8')), 1, 8);
  v_since timestamptz := clock_timestamp() - interval '1 day';
begin
  perform from weir.sightings s where s.project = p_project and s.key_hash = v_hash and s.seen_at > v_since;
  if found then
    return true;
  end if;
  insert into weir.sightings (project, key_hash, seen_at) values (p_project, v_hash, clock_timestamp())
  on conflict (project, key_hash) do update set seen_at = excluded.seen_at;
  delete from weir.sightings d using (
    select s.key_hash from weir.sightings s
    where s.project = p_project and s.seen_at <= v_since
    order by s.seen_at limit 100 for update skip locked
  ) old
  where d.project = p_project and d.key_hash = old.key_hash;
  return false;
end
$$;

create function weir.grant_lease(
  p_project text, p_key text, p_resource text, p_upstream text, p_shard bigint, p_entry bigint, p_span_ms bigint,
  p_demanded_until timestamptz
)
returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- Leases an entry, and makes it where there is none: the only place but `weir.adopt` that does. The entry it leased.
declare
  v_entry bigint := p_entry;
  v_token bigint := 1 + floor(random() * 9007199254740991)::bigint;
  v_until timestamptz := clock_timestamp() + p_span_ms * interval '1 ms';
begin
  if v_entry is null then
    insert into weir.entries (project, key, key_hash, resource, upstream, shard)
    values (p_project, p_key, substr(sha256(convert_to(p_key, 'utf8')), 1, 8), p_resource, p_upstream, p_shard)
    returning id into v_entry;
    insert into weir.schedule (project, entry, upstream, demanded_until, lease_token, lease_until)
    values (p_project, v_entry, p_upstream, coalesce(p_demanded_until, 'epoch'), v_token, v_until);
    return v_entry;
  end if;
  update weir.entries e set resource = p_resource, upstream = p_upstream, shard = p_shard
  where e.project = p_project and e.id = v_entry
    and (e.resource, e.upstream, e.shard) is distinct from (p_resource, p_upstream, p_shard);
  update weir.schedule s set
    upstream = p_upstream,
    lease_token = v_token,
    lease_until = v_until,
    demanded_until = greatest(s.demanded_until, p_demanded_until)
  where s.project = p_project and s.entry = v_entry;
  return v_entry;
end
$$;

create function weir.decide_lease(
  p_project text, p_key text, p_resource text, p_upstream text, p_shard bigint, p_fresh_after timestamptz,
  p_span_ms bigint, p_demanded_until timestamptz, p_admit_second boolean, p_max_entries bigint,
  out outcome text, out entry bigint, out until timestamptz
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- Plain looks first: of a thousand wishes for one key all but one lock and write nothing. Locks, as everything does:
-- the entry's schedule, then the upstream, then (in `weir.wish`) the board.
declare
  v_standing record;
  v_budget record;
begin
  select * into v_standing from weir.standing(p_project, p_key, p_fresh_after);
  if v_standing.outcome = 'free' then
    perform from weir.schedule s where s.project = p_project and s.entry = v_standing.entry for no key update;
    select * into v_standing from weir.standing(p_project, p_key, p_fresh_after);
  end if;
  entry := v_standing.entry;
  if v_standing.outcome <> 'free' then
    outcome := v_standing.outcome;
    until := v_standing.until;
    return;
  end if;
  select weir.closed_until(u.mode, u.open_until, clock_timestamp()) into until
  from weir.upstreams u where u.project = p_project and u.upstream = p_upstream;
  if until is not null then
    outcome := 'breaker_open';
    return;
  end if;
  if entry is null and p_max_entries <= (
    select r.entries from weir.resources r where r.project = p_project and r.resource = p_resource
  ) then
    outcome := 'full';
    return;
  end if;
  select * into v_budget from weir.budget(p_project, p_upstream, false);
  until := coalesce(v_budget.closed_until, v_budget.retry_at);
  outcome := case
    when v_budget.closed_until is not null then 'breaker_open'
    when v_budget.room = 0 then 'over_budget'
  end;
  if outcome is not null then
    return;
  end if;
  if entry is null then
    -- Whoever made the entry did it under the lock that this has just waited for.
    select * into v_standing from weir.standing(p_project, p_key, p_fresh_after);
    if v_standing.entry is not null then
      entry := v_standing.entry;
      outcome := case v_standing.outcome when 'free' then 'held' else v_standing.outcome end;
      until := case v_standing.outcome when 'free' then clock_timestamp() else v_standing.until end;
      return;
    end if;
  end if;
  perform weir.spend(p_project, p_upstream, v_budget.slices, v_budget.used, 1);
  if entry is null and p_admit_second and not weir.admit(p_project, p_key) then
    outcome := 'passing';
    return;
  end if;
  entry := weir.grant_lease(
    p_project, p_key, p_resource, p_upstream, p_shard, entry, p_span_ms, p_demanded_until
  );
  outcome := 'granted';
end
$$;

create function weir.lease(
  p_project text, p_key text, p_resource text, p_upstream text, p_shard bigint, p_fresh_after_ms bigint,
  p_span_ms bigint, p_demanded_ms bigint, p_admit_second boolean, p_max_entries bigint
)
returns table (
  outcome text, key text, resource text, token bigint, until_ms bigint, failures bigint, version bigint,
  verified_ms bigint, changed_ms bigint, etag text, last_modified text, meaning bytea, weak boolean,
  demanded_ms bigint, content_type text, body bytea
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Leases::lease, for flow's refresh. One row, whatever came of it.
#variable_conflict use_column
declare
  v_decided record;
  v_demanded_until timestamptz := to_timestamp(p_demanded_ms / 1000.0);
begin
  perform weir.enter(p_project);
  -- A lease that a crash forgets costs a call at most.
  perform set_config('synchronous_commit', 'off', true);
  select * into v_decided from weir.decide_lease(
    p_project, p_key, p_resource, p_upstream, p_shard, to_timestamp(p_fresh_after_ms / 1000.0), p_span_ms,
    v_demanded_until, p_admit_second, p_max_entries
  );
  if v_demanded_until is not null and v_decided.entry is not null and v_decided.outcome not in ('granted', 'held') then
    perform weir.wish(p_project, v_decided.entry, v_demanded_until);
  end if;
  if v_decided.outcome not in ('granted', 'current') then
    return query
      select
        v_decided.outcome, null::text, null::text, null::bigint,
        floor(extract(epoch from v_decided.until) * 1000)::bigint, null::bigint, null::bigint, null::bigint,
        null::bigint, null::text, null::text, null::bytea, null::boolean, null::bigint, null::text, null::bytea;
    return;
  end if;
  return query
    select
      v_decided.outcome,
      e.key,
      e.resource,
      s.lease_token,
      floor(extract(epoch from s.lease_until) * 1000)::bigint,
      s.failures,
      e.version,
      case when s.verified_at > s.purged_at then floor(extract(epoch from s.verified_at) * 1000)::bigint else 0 end,
      floor(extract(epoch from e.changed_at) * 1000)::bigint,
      e.etag,
      e.last_modified,
      e.meaning,
      e.weak,
      floor(extract(epoch from s.demanded_until) * 1000)::bigint,
      v.content_type,
      v.body
    from weir.entries e
    join weir.schedule s on s.project = e.project and s.entry = e.id
    left join weir.versions v
      on v_decided.outcome = 'current' and v.project = e.project and v.entry = e.id and v.version = e.version
    where e.project = p_project and e.id = v_decided.entry;
end
$$;
