-- Saves what came of leased calls.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function weir.keep_version(
  p_project text, p_entry bigint, p_old_version bigint, p_now timestamptz, p_body bytea, p_content_type text, p_etag text,
  p_last_modified text, p_meaning bytea, p_weak boolean
)
returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- A new version of an entry. The first is the time, so that a key erased and made again never goes back; the others
-- follow one by one, so that slots rotate.
declare
  v_version bigint := coalesce(p_old_version + 1, floor(extract(epoch from p_now) * 1000)::bigint);
begin
  insert into weir.versions (project, entry, version, body, content_type, created_at)
  values (p_project, p_entry, v_version, p_body, p_content_type, p_now);
  update weir.entries set
    version = v_version,
    changed_at = p_now,
    etag = p_etag,
    last_modified = p_last_modified,
    meaning = p_meaning,
    weak = p_weak,
    bytes = octet_length(p_body)
  where project = p_project and id = p_entry;
  return v_version;
end
$$;

create function weir.observe(p_project text, p_entry bigint, p_at timestamptz, p_names text[], p_values text[])
returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
-- Tracked values that differ from what was observed last.
insert into weir.observations (project, entry, name, at, value)
select p_project, p_entry, o.name, p_at, o.value
from unnest(p_names, p_values) o(name, value)
where o.value is distinct from (
  select last.value from weir.observations last
  where last.project = p_project and last.entry = p_entry and last.name = o.name
  order by last.at desc limit 1
)
on conflict (project, entry, name, at) do nothing;
$$;

create function weir.put_aside(
  p_project text, p_entry bigint, p_key text, p_now timestamptz, p_reason text, p_excerpt bytea
)
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- A refused answer goes to the quarantine, which keeps the last twenty of an entry.
begin
  insert into weir.quarantine (project, entry, key, at, reason, excerpt)
  values (p_project, p_entry, p_key, p_now, p_reason, substr(p_excerpt, 1, 4096));
  delete from weir.quarantine q
  where q.project = p_project and q.entry = p_entry and q.id <= (
    select old.id from weir.quarantine old
    where old.project = p_project and old.entry = p_entry
    order by old.id desc offset 20 limit 1
  );
end
$$;

create function weir.note_changes(p_project text, p_entries bigint[], p_versions bigint[], p_now timestamptz)
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- The change feed: numbers without a gap, drawn after every other lock.
declare
  v_last bigint;
begin
  update weir.feed set seq = seq + cardinality(p_entries) where project = p_project returning seq into v_last;
  insert into weir.changes (project, seq, entry, key, version, at)
  select p_project, v_last - cardinality(p_entries) + c.n, e.id, e.key, c.version, p_now
  from unnest(p_entries, p_versions) with ordinality c(entry, version, n)
  join weir.entries e on e.project = p_project and e.id = c.entry;
end
$$;

create function weir.note_batch_calls(p_project text, p_keys text[], p_findings text[], p_pauses_ms bigint[])
returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- What the calls of a batch say of their upstreams, one by one in order. Whether a breaker opened.
declare
  v_upstream record;
  v_opened boolean := false;
begin
  for v_upstream in
    select
      e.upstream,
      bool_or(c.finding <> 'failed') as answered,
      -- Those after the last answer.
      count(*) filter (where c.finding = 'failed' and c.n > coalesce(a.n, 0)) as failures,
      to_timestamp(max(c.pause_ms) / 1000.0) as pause_until
    from unnest(p_keys, p_findings, p_pauses_ms) with ordinality c(key, finding, pause_ms, n)
    join weir.entries e on e.project = p_project and e.key = c.key
    left join (
      select e.upstream, max(c.n) as n
      from unnest(p_keys, p_findings) with ordinality c(key, finding, n)
      join weir.entries e on e.project = p_project and e.key = c.key
      where c.finding <> 'failed'
      group by e.upstream
    ) a on a.upstream = e.upstream
    group by e.upstream
    order by e.upstream
  loop
    v_opened := weir.note_calls(
      p_project, v_upstream.upstream, v_upstream.answered, v_upstream.failures, v_upstream.pause_until
    ) or v_opened;
  end loop;
  return v_opened;
end
$$;

create function weir.save_batch(
  p_project text, p_keys text[], p_tokens bigint[], p_asked_ms bigint[], p_findings text[], p_due_ms bigint[],
  p_news_after_ms bigint[], p_bodies bytea[], p_content_types text[], p_revalidated boolean[], p_etags text[],
  p_last_modifieds text[], p_meanings bytea[], p_weak boolean[], p_reasons text[], p_excerpts bytea[],
  p_retries_ms bigint[], p_pauses_ms bigint[], p_observed_in bigint[], p_observed_names text[], p_observed_values text[]
)
returns table (outcome text, version bigint, changed boolean, changed_ms bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
-- Leases::save, for flow's refresh: one row per save, in order. Never makes an entry, so that an erased one stays erased.
-- Locks entries in the order of their ids, then upstreams, then boards, then the feed.
#variable_conflict use_column
declare
  v_now timestamptz;
  v_mine bigint[];
  v_n bigint;
  v_held record;
  v_asked_at timestamptz;
  v_due_at timestamptz;
  v_priority bigint;
  v_version bigint;
  v_outcomes text[] := array_fill('lost'::text, array[cardinality(p_keys)]);
  v_versions bigint[] := array_fill(null::bigint, array[cardinality(p_keys)]);
  v_changed_at timestamptz[] := array_fill(null::timestamptz, array[cardinality(p_keys)]);
  v_new_entries bigint[] := '{}';
  v_new_versions bigint[] := '{}';
  v_shards bigint[] := '{}';
begin
  perform weir.enter(p_project);
  -- The fence: whoever had to wait for the lock looks again at the token. Nothing else read here is used: what was read
  -- beside a lock may be older than the lock.
  v_mine := array(
    select i.n
    from unnest(p_keys, p_tokens) with ordinality i(key, token, n)
    join weir.entries e on e.project = p_project and e.key = i.key
    join weir.schedule s on s.project = p_project and s.entry = e.id
    where s.lease_token = i.token
    order by e.id
    for no key update of s, e
  );
  v_now := clock_timestamp();
  foreach v_n in array v_mine loop
    select e.id, e.key, e.version, e.changed_at, e.shard, s.priority, s.due_at, s.verified_at, s.purged_at, b.made_at
    into v_held
    from weir.entries e
    join weir.schedule s on s.project = e.project and s.entry = e.id
    left join weir.boards b on b.project = e.project and b.shard = e.shard
    where e.project = p_project and e.key = p_keys[v_n];
    v_asked_at := to_timestamp(p_asked_ms[v_n] / 1000.0);
    v_due_at := to_timestamp(p_due_ms[v_n] / 1000.0);
    v_priority := 1;
    -- A delivery made it due after the call was sent: what came may be older than what the delivery told of.
    if v_held.priority = 0 and v_held.due_at > v_asked_at then
      v_due_at := v_held.due_at;
      v_priority := 0;
    end if;
    if p_findings[v_n] in ('bad', 'absent', 'failed') then
      v_outcomes[v_n] := 'noted';
      if p_findings[v_n] = 'bad' then
        perform weir.put_aside(p_project, v_held.id, v_held.key, v_now, p_reasons[v_n], p_excerpts[v_n]);
      end if;
      update weir.schedule s set
        lease_token = null, lease_until = 'epoch', due_at = v_due_at, priority = v_priority,
        failures = s.failures + 1, retry_at = to_timestamp(p_retries_ms[v_n] / 1000.0), last_outcome = p_findings[v_n]
      where s.project = p_project and s.entry = v_held.id;
      continue;
    end if;
    -- An answer older than what is kept, or a confirmation of nothing: only the lease ends.
    if greatest(v_held.verified_at, v_held.purged_at) >= v_asked_at
      or (p_findings[v_n] = 'same' and v_held.version is null)
    then
      update weir.schedule s set lease_token = null, lease_until = 'epoch', due_at = v_due_at, priority = v_priority
      where s.project = p_project and s.entry = v_held.id;
      continue;
    end if;
    v_outcomes[v_n] := 'kept';
    if p_findings[v_n] = 'new' then
      v_version := weir.keep_version(
        p_project, v_held.id, v_held.version, v_now, p_bodies[v_n], p_content_types[v_n], p_etags[v_n], p_last_modifieds[v_n],
        p_meanings[v_n], p_weak[v_n]
      );
      perform weir.observe(
        p_project, v_held.id, v_asked_at,
        array(select o.name from unnest(p_observed_in, p_observed_names) o(n, name) where o.n = v_n),
        array(select o.value from unnest(p_observed_in, p_observed_values) o(n, value) where o.n = v_n)
      );
      v_new_entries := v_new_entries || v_held.id;
      v_new_versions := v_new_versions || v_version;
      v_versions[v_n] := v_version;
      v_changed_at[v_n] := v_now;
    else
      if p_revalidated[v_n] then
        update weir.entries e set etag = p_etags[v_n], last_modified = p_last_modifieds[v_n]
        where e.project = p_project and e.id = v_held.id
          and (e.etag, e.last_modified) is distinct from (p_etags[v_n], p_last_modifieds[v_n]);
      end if;
      v_versions[v_n] := v_held.version;
      v_changed_at[v_n] := v_held.changed_at;
    end if;
    -- A verification is news when it gains enough, or when an earlier gain has not been told yet: else many small gains
    -- would never add up.
    if p_findings[v_n] = 'new'
      or v_asked_at - v_held.verified_at >= p_news_after_ms[v_n] * interval '1 ms'
      or v_held.verified_at > v_held.made_at
      or v_held.verified_at <= v_held.purged_at
    then
      v_shards := v_shards || v_held.shard;
    end if;
    update weir.schedule s set
      lease_token = null, lease_until = 'epoch', due_at = v_due_at, priority = v_priority, verified_at = v_asked_at,
      failures = 0, retry_at = 'epoch', last_outcome = p_findings[v_n]
    where s.project = p_project and s.entry = v_held.id;
  end loop;
  if cardinality(v_mine) > 0 and weir.note_batch_calls(
    p_project,
    array(select p_keys[m.n] from unnest(v_mine) m(n) order by m.n),
    array(select p_findings[m.n] from unnest(v_mine) m(n) order by m.n),
    array(select p_pauses_ms[m.n] from unnest(v_mine) m(n) order by m.n)
  ) then
    v_shards := array(select b.shard from weir.boards b where b.project = p_project);
  end if;
  if cardinality(v_shards) > 0 then
    perform weir.note_news(p_project, v_shards);
  end if;
  if cardinality(v_new_entries) > 0 then
    perform weir.note_changes(p_project, v_new_entries, v_new_versions, v_now);
  end if;
  return query
    select
      v_outcomes[i.n],
      v_versions[i.n],
      v_outcomes[i.n] = 'kept' and p_findings[i.n] = 'new',
      floor(extract(epoch from v_changed_at[i.n]) * 1000)::bigint
    from generate_subscripts(p_keys, 1) i(n)
    order by i.n;
end
$$;
