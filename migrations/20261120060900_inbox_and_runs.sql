-- The inbox as `refresh` reads it, and the record of ticks.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function weir.deliveries_waiting(p_project text, p_limit bigint)
returns table (id bigint, hook text, event text, body bytea)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Inbox::deliveries, for flow's tick: the oldest that nobody has looked at.
#variable_conflict use_column
begin
  perform weir.enter(p_project);
  return query
    select d.id, d.hook, d.event, d.body from weir.deliveries d
    where d.project = p_project and d.done_at is null
    order by d.id limit p_limit;
end
$$;

create function weir.make_due(p_project text, p_keys text[], p_done bigint[])
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Inbox::make_due, for flow's tick: known keys are due before all others, and their deliveries are done, at once or not.
declare
  v_now timestamptz := clock_timestamp();
  v_entries bigint[];
begin
  perform weir.enter(p_project);
  v_entries := array(
    select e.id
    from weir.entries e
    join weir.schedule s on s.project = e.project and s.entry = e.id
    where e.project = p_project and e.key = any (p_keys) and e.version is not null
    order by e.id for no key update of s
  );
  update weir.schedule set due_at = v_now, priority = 0, retry_at = 'epoch'
  where project = p_project and entry = any (v_entries);
  update weir.deliveries set done_at = v_now
  where project = p_project and id = any (p_done) and done_at is null;
  return cardinality(v_entries);
end
$$;

create function weir.record_run(
  p_project text, p_cause text, p_started_ms bigint, p_ended_ms bigint, p_counts bigint[], p_trouble text
)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Runs::record_run, for flow's tick.
begin
  perform weir.enter(p_project);
  insert into weir.runs (
    project, cause, started_at, ended_at, leased, called, changed, verified, refused, failed, lost, deliveries, slots,
    boards, trouble
  )
  values (
    p_project, p_cause, to_timestamp(p_started_ms / 1000.0), to_timestamp(p_ended_ms / 1000.0), p_counts[1], p_counts[2],
    p_counts[3], p_counts[4], p_counts[5], p_counts[6], p_counts[7], p_counts[8], p_counts[9], p_counts[10], p_trouble
  );
end
$$;
