-- Leases for ticks, and the demand that keeps keys in their sight.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function weir.lease_due(p_projects text[], p_upstreams text[], p_limits bigint[], p_span_ms bigint)
returns table (
  key text, resource text, token bigint, until_ms bigint, failures bigint, version bigint, verified_ms bigint, etag text,
  last_modified text, meaning bytea, weak boolean, demanded_ms bigint
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
-- Leases::lease_due, for flow's tick. Deliveries' keys first, then by the clock. The planner cannot know the limit and
-- would read the whole schedule for it; hence the clause above. What another tick is leasing is passed over.
#variable_conflict use_column
declare
  v_wanted record;
  v_budget record;
  v_priority bigint;
  v_left bigint;
  v_leased bigint;
  v_here bigint;
  v_now timestamptz;
begin
  perform set_config('synchronous_commit', 'off', true);
  for v_wanted in
    select w.project, w.upstream, max(w.calls) as calls
    from unnest(p_projects, p_upstreams, p_limits) w(project, upstream, calls)
    group by w.project, w.upstream
    order by w.project, w.upstream
  loop
    perform weir.enter(v_wanted.project);
    select * into v_budget from weir.budget(v_wanted.project, v_wanted.upstream, true);
    continue when v_budget.closed_until is not null;
    v_left := least(v_wanted.calls, v_budget.room);
    v_leased := 0;
    v_now := clock_timestamp();
    foreach v_priority in array array[0, 1]::bigint[] loop
      exit when v_left <= v_leased;
      return query
        with due as materialized (
          select s.entry
          from weir.schedule s
          where s.project = v_wanted.project and s.upstream = v_wanted.upstream and s.priority = v_priority
            and s.due_at <= v_now and s.lease_until <= v_now and s.retry_at <= v_now
          order by s.due_at
          limit v_left - v_leased
          for no key update skip locked
        ),
        leased as (
          update weir.schedule s set
            lease_token = 1 + floor(random() * 9007199254740991)::bigint,
            lease_until = v_now + p_span_ms * interval '1 ms'
          from due
          where s.project = v_wanted.project and s.entry = due.entry
          returning s.*
        )
        select
          e.key,
          e.resource,
          l.lease_token,
          floor(extract(epoch from l.lease_until) * 1000)::bigint,
          l.failures,
          e.version,
          case when l.verified_at > l.purged_at then floor(extract(epoch from l.verified_at) * 1000)::bigint else 0 end,
          e.etag,
          e.last_modified,
          e.meaning,
          e.weak,
          floor(extract(epoch from l.demanded_until) * 1000)::bigint
        from leased l
        join weir.entries e on e.project = v_wanted.project and e.id = l.entry
        order by l.due_at;
      get diagnostics v_here = row_count;
      v_leased := v_leased + v_here;
    end loop;
    if v_leased > 0 then
      perform weir.spend(v_wanted.project, v_wanted.upstream, v_budget.slices, v_budget.used, v_leased);
    end if;
  end loop;
  perform set_config('weir.project', '', true);
end
$$;

create function weir.demand(p_project text, p_keys text[], p_until_ms bigint[])
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Leases::demand, for flow's refresh. Keys that are not kept are passed over; those nobody wanted any more are due now.
declare
  v_now timestamptz := clock_timestamp();
  v_entries bigint[];
begin
  perform weir.enter(p_project);
  v_entries := array(
    select e.id
    from (
      select w.key, to_timestamp(max(w.until_ms) / 1000.0) as until
      from unnest(p_keys, p_until_ms) w(key, until_ms) group by w.key
    ) w
    join weir.entries e on e.project = p_project and e.key = w.key
    join weir.schedule s on s.project = p_project and s.entry = e.id
    where e.version is not null and (s.demanded_until < w.until or s.due_at is null)
    order by e.id
    for no key update of s
  );
  if cardinality(v_entries) = 0 then
    return;
  end if;
  update weir.schedule s set
    demanded_until = greatest(s.demanded_until, w.until),
    due_at = coalesce(s.due_at, v_now)
  from (
    select e.id, to_timestamp(max(u.until_ms) / 1000.0) as until
    from unnest(p_keys, p_until_ms) u(key, until_ms)
    join weir.entries e on e.project = p_project and e.key = u.key
    group by e.id
  ) w
  where s.project = p_project and s.entry = w.id and s.entry = any (v_entries);
  perform weir.note_news(
    p_project, array(select distinct e.shard from weir.entries e where e.project = p_project and e.id = any (v_entries))
  );
end
$$;
