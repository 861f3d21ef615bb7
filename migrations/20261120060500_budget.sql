-- Budgets and breakers of upstreams.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function weir.closed_until(p_mode text, p_open_until timestamptz, p_now timestamptz)
returns timestamptz
language sql immutable parallel safe
-- Until when an upstream is not to be called; null where it may be. An operator's mode is asked for again in a minute.
return case
  when p_mode <> 'live' then greatest(p_open_until, p_now + interval '1 minute')
  when p_open_until > p_now then p_open_until
end;

create function weir.budget(
  p_project text, p_upstream text, p_is_tick boolean,
  out room bigint, out retry_at timestamptz, out closed_until timestamptz, out slices bigint[], out used bigint[]
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- How many calls an upstream may get now (`weir_policy::budget`); locks its row and writes nothing. The slice that has
-- begun and the ten before it cover every moment of the last window, so their sum bounds any stretch of that length.
declare
  v_upstream record;
  v_now timestamptz;
  v_width_ms bigint;
  v_slice bigint;
  v_limit bigint;
  v_sum bigint;
  v_oldest bigint;
  v_at bigint;
begin
  select * into v_upstream
  from weir.upstreams u where u.project = p_project and u.upstream = p_upstream for no key update;
  if not found then
    raise exception 'unknown upstream' using errcode = 'WR001';
  end if;
  -- Only now: this may have waited for the lock.
  v_now := clock_timestamp();
  room := 1000000;
  closed_until := weir.closed_until(v_upstream.mode, v_upstream.open_until, v_now);
  slices := v_upstream.slices;
  used := v_upstream.used;
  for w in 1 .. cardinality(slices) loop
    v_width_ms := (v_upstream.windows_ms[w] + 9) / 10;
    v_slice := greatest(floor(extract(epoch from v_now) * 1000)::bigint / v_width_ms, slices[w]);
    for i in 0 .. least(v_slice - slices[w], 11)::integer - 1 loop
      used[(w - 1) * 11 + 1 + (v_slice - i) % 11] := 0;
    end loop;
    slices[w] := v_slice;
    v_sum := 0;
    v_oldest := v_slice;
    for i in 0 .. 10 loop
      v_at := (w - 1) * 11 + 1 + (v_slice - i) % 11;
      v_sum := v_sum + used[v_at];
      v_oldest := case when used[v_at] > 0 then v_slice - i else v_oldest end;
    end loop;
    v_limit := v_upstream.limits[w];
    if p_is_tick then
      v_limit := v_limit - (v_limit * v_upstream.reserve_percent + 99) / 100;
    end if;
    if v_sum >= v_limit then
      retry_at := greatest(retry_at, to_timestamp((v_oldest + 11) * v_width_ms / 1000.0));
    end if;
    room := least(room, greatest(v_limit - v_sum, 0));
  end loop;
end
$$;

create function weir.spend(p_project text, p_upstream text, p_slices bigint[], p_used bigint[], p_calls bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- Takes calls out of every window; the counters are what `weir.budget` has just answered under its lock.
declare
  v_at bigint;
begin
  for w in 1 .. cardinality(p_slices) loop
    v_at := (w - 1) * 11 + 1 + p_slices[w] % 11;
    p_used[v_at] := p_used[v_at] + p_calls;
  end loop;
  update weir.upstreams set used = p_used, slices = p_slices where project = p_project and upstream = p_upstream;
end
$$;

create function weir.note_calls(
  p_project text, p_upstream text, p_answered boolean, p_failures bigint, p_pause_until timestamptz
)
returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- The breaker (`weir_policy::breaker`): five failures in a row open it, an answer counts from zero. Whether it opened
-- just now. Calls that failed together or were still under way count no further than to the next step, or one bad
-- minute of a large tick would open it for the longest time.
declare
  v_upstream record;
  v_now timestamptz;
  v_failures bigint;
  v_open_until timestamptz;
begin
  select u.failures, u.open_until into v_upstream
  from weir.upstreams u where u.project = p_project and u.upstream = p_upstream;
  if p_failures = 0 and p_pause_until is null and (v_upstream.failures = 0 or not p_answered) then
    return false;
  end if;
  select u.failures, u.open_until into v_upstream
  from weir.upstreams u where u.project = p_project and u.upstream = p_upstream for no key update;
  v_now := clock_timestamp();
  v_failures := case when p_answered then 0 else v_upstream.failures end;
  v_open_until := greatest(v_upstream.open_until, p_pause_until);
  if p_failures > 0 and (v_upstream.open_until <= v_now or v_failures < 5) then
    v_failures := case when v_failures >= 5 then v_failures + 1 else least(v_failures + p_failures, 5) end;
    if v_failures >= 5 then
      v_open_until := greatest(
        v_open_until, v_now + least(interval '30 s' * 2 ^ least(v_failures - 5, 10), interval '10 min')
      );
    end if;
  end if;
  update weir.upstreams set failures = v_failures, open_until = v_open_until
  where project = p_project and upstream = p_upstream;
  return v_upstream.open_until <= v_now and v_open_until > v_now;
end
$$;
