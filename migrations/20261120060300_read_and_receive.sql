-- What `read` and `receive` call.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function weir.read_entry(p_project text, p_key text)
returns table (version bigint, verified_ms bigint, changed_ms bigint, content_type text, body bytea)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Entries::entry, for flow's read and refresh: the current version; a purged one was verified in 1970.
#variable_conflict use_column
begin
  perform set_config('weir.project', p_project, true);
  return query
    select
      e.version,
      case when s.verified_at > s.purged_at then floor(extract(epoch from s.verified_at) * 1000)::bigint else 0 end,
      floor(extract(epoch from e.changed_at) * 1000)::bigint,
      v.content_type,
      v.body
    from weir.entries e
    join weir.schedule s on s.project = e.project and s.entry = e.id
    join weir.versions v on v.project = e.project and v.entry = e.id and v.version = e.version
    where e.project = p_project and e.key = p_key;
end
$$;

create function weir.receive_delivery(p_project text, p_hook text, p_dedupe bytea, p_event text, p_body bytea)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Receipts::record, for flow's receive: into the inbox, once; whether it was new.
begin
  perform set_config('weir.project', p_project, true);
  insert into weir.deliveries (project, hook, dedupe, event, body)
  values (p_project, p_hook, p_dedupe, p_event, p_body)
  on conflict (project, hook, dedupe) do nothing;
  return found;
end
$$;

create function weir.count_refused(p_project text, p_hook text, p_times bigint)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Receipts::count_refused, for flow's receive: of a refused delivery only the number is kept.
begin
  perform set_config('weir.project', p_project, true);
  insert into weir.hook_counts as c (project, hook, outcome, times)
  values (p_project, p_hook, 'refused', p_times)
  on conflict (project, hook, outcome) do update set times = c.times + excluded.times;
end
$$;
