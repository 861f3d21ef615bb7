-- What is old goes, a bounded batch at a time.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

alter table weir.projects add column last_swept_at timestamptz not null default 'epoch';

-- When a version or an observed value was followed by the next one, as far as it is still kept: a sweep finds here what
-- is due without looking at what is not. A narrow row of its own, because a version's row is as wide as its body.
create table weir.replaced (
  project text not null,
  entry bigint not null,
  version bigint not null,
  -- As it was then; how long the version is kept, the resource says.
  resource text not null,
  at timestamptz not null,
  constraint replaced_pkey primary key (project, entry, version),
  constraint replaced_version_fkey foreign key (project, entry, version)
    references weir.versions (project, entry, version) on delete cascade
);

create index replaced_at_idx on weir.replaced (project, resource, at);
create index entries_unanswered_idx on weir.entries (project, id) where version is null;

alter table weir.replaced enable row level security;
alter table weir.replaced force row level security;
create policy of_project on weir.replaced to weir_read_fn, weir_receive_fn, weir_refresh_fn
  using (project = (select current_setting('weir.project', true)));

grant select, insert (project, entry, version, resource, at) on weir.replaced to weir_refresh_fn;
grant update (last_swept_at) on weir.projects to weir_refresh_fn;
grant delete on weir.entries, weir.versions, weir.observations, weir.deliveries to weir_refresh_fn;
grant select (received_at), delete on weir.deliveries to weir_refresh_fn;
grant select (at) on weir.quarantine to weir_refresh_fn;
grant select (project, seq, at), delete on weir.changes to weir_refresh_fn;
grant select (project, id, started_at), delete on weir.runs to weir_refresh_fn;

create function weir.note_replaced()
returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- Runs as whoever changes entries.
begin
  insert into weir.replaced (project, entry, version, resource, at)
  values (old.project, old.id, old.version, old.resource, new.changed_at);
  return null;
end
$$;

create trigger entries_replaced after update of version on weir.entries
  for each row when (old.version is not null and new.version is distinct from old.version)
  execute function weir.note_replaced();

insert into weir.replaced (project, entry, version, resource, at)
select v.project, v.entry, v.version, e.resource, v.replaced_at
from (
  select
    project, entry, version,
    lead(created_at) over (partition by project, entry order by version) as replaced_at
  from weir.versions
) v
join weir.entries e on e.project = v.project and e.id = v.entry
where v.version <> e.version and v.replaced_at is not null;

create function weir.swept(p_projects text[])
returns table (project text, swept_ms bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Keeping::swept, for flow's tick: when nothing old was left of each project.
#variable_conflict use_column
declare
  v_project text;
begin
  foreach v_project in array p_projects loop
    perform set_config('weir.project', v_project, true);
    return query
      select p.project, floor(extract(epoch from p.last_swept_at) * 1000)::bigint
      from weir.projects p where p.project = v_project;
  end loop;
  perform set_config('weir.project', '', true);
end
$$;

create function weir.sweep_history(
  p_project text, p_resource text, p_before timestamptz, p_limit bigint,
  out versions bigint, out observations bigint
)
language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
-- What was replaced before an instant. A value is only ever observed with a new version, so the observations that were
-- replaced by then belong to the entries found here; they go first, because their versions lead to them. The current
-- version is never among what was replaced; the last line makes sure of it.
declare
  v_entries bigint[];
begin
  v_entries := array(
    select distinct r.entry
    from (
      select r.entry from weir.replaced r
      where r.project = p_project and r.resource = p_resource and r.at <= p_before
      order by r.at limit p_limit
    ) r
  );
  delete from weir.observations d using (
    select o.entry, o.name, o.at
    from weir.observations o
    where o.project = p_project and o.entry = any (v_entries) and exists (
      select from weir.observations later
      where later.project = p_project and later.entry = o.entry and later.name = o.name and later.at > o.at
        and later.at <= p_before
    )
    limit p_limit
  ) old
  where d.project = p_project and d.entry = old.entry and d.name = old.name and d.at = old.at;
  get diagnostics observations = row_count;
  delete from weir.versions d using (
    select r.entry, r.version from weir.replaced r
    where r.project = p_project and r.resource = p_resource and r.at <= p_before
    order by r.at limit p_limit - observations
  ) old, weir.entries e
  where d.project = p_project and d.entry = old.entry and d.version = old.version
    and e.project = p_project and e.id = old.entry and e.version <> old.version;
  get diagnostics versions = row_count;
end
$$;

create function weir.sweep_unanswered(p_project text, p_before timestamptz, p_limit bigint)
returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
-- Keys that never had an answer, that nobody has wanted or tried since, and that no tick looks at.
declare
  v_entries bigint[];
  v_gone bigint;
begin
  v_entries := array(
    select e.id
    from weir.entries e
    join weir.schedule s on s.project = e.project and s.entry = e.id
    where e.project = p_project and e.version is null and s.due_at is null
      and greatest(e.created_at, s.demanded_until, s.retry_at, s.lease_until) <= p_before
    order by e.id limit p_limit
    for update of s, e skip locked
  );
  delete from weir.entries e where e.project = p_project and e.id = any (v_entries);
  get diagnostics v_gone = row_count;
  return v_gone;
end
$$;

create function weir.sweep(p_project text, p_resources text[], p_history_ms bigint[], p_limit bigint)
returns table (
  entries bigint, versions bigint, observations bigint, changes bigint, quarantine bigint, deliveries bigint, runs bigint,
  sightings bigint
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
-- Keeping::sweep, for flow's tick: removes at most so many old rows of a project, and notes when it found fewer. Locks the
-- project, then entries, then what hangs on them. Of rows that are numbered in the order of their time only the first are
-- looked at.
#variable_conflict use_variable
declare
  v_now timestamptz := clock_timestamp();
  v_left bigint := greatest(least(p_limit, 5000), 0);
  v_kept record;
  v_gone record;
begin
  perform weir.enter(p_project);
  -- One at a time: whoever found another's rows would find too few, and take it for the end.
  perform from weir.projects p where p.project = p_project for no key update;
  versions := 0;
  observations := 0;
  entries := weir.sweep_unanswered(p_project, v_now - interval '7 days', v_left);
  v_left := v_left - entries;
  -- What belongs to a resource that is gone is kept as long as the resource kept longest; nothing more than a century,
  -- beyond which there are no instants.
  for v_kept in
    select r.resource, coalesce(max(h.ms) filter (where h.resource = r.resource), max(h.ms), 0) as history_ms
    from weir.resources r
    left join unnest(p_resources, p_history_ms) h(resource, ms) on true
    where r.project = p_project
    group by r.resource
    order by r.resource
  loop
    exit when v_left = 0;
    select * into v_gone from weir.sweep_history(
      p_project, v_kept.resource, v_now - least(v_kept.history_ms, 3155760000000) * interval '1 ms', v_left
    );
    versions := versions + v_gone.versions;
    observations := observations + v_gone.observations;
    v_left := v_left - v_gone.versions - v_gone.observations;
  end loop;
  delete from weir.changes d using (
    select c.seq, c.at from weir.changes c where c.project = p_project order by c.seq limit v_left
  ) old
  where d.project = p_project and d.seq = old.seq and old.at <= v_now - interval '90 days';
  get diagnostics changes = row_count;
  v_left := v_left - changes;
  delete from weir.quarantine d using (
    select q.id, q.at from weir.quarantine q where q.project = p_project order by q.id limit v_left
  ) old
  where d.project = p_project and d.id = old.id and old.at <= v_now - interval '30 days';
  get diagnostics quarantine = row_count;
  v_left := v_left - quarantine;
  delete from weir.deliveries d using (
    select r.id, r.received_at from weir.deliveries r where r.project = p_project order by r.id limit v_left
  ) old
  where d.project = p_project and d.id = old.id and old.received_at <= v_now - interval '30 days';
  get diagnostics deliveries = row_count;
  v_left := v_left - deliveries;
  delete from weir.runs d using (
    select r.id, r.started_at from weir.runs r where r.project = p_project order by r.id limit v_left
  ) old
  where d.project = p_project and d.id = old.id and old.started_at <= v_now - interval '30 days';
  get diagnostics runs = row_count;
  v_left := v_left - runs;
  delete from weir.sightings d using (
    select s.key_hash from weir.sightings s
    where s.project = p_project and s.seen_at <= v_now - interval '1 day'
    order by s.seen_at limit v_left for update skip locked
  ) old
  where d.project = p_project and d.key_hash = old.key_hash;
  get diagnostics sightings = row_count;
  v_left := v_left - sightings;
  if v_left > 0 then
    update weir.projects p set last_swept_at = v_now where p.project = p_project;
  end if;
  return next;
end
$$;

revoke all on function weir.note_replaced, weir.swept, weir.sweep_history, weir.sweep_unanswered, weir.sweep from public;
grant execute on function weir.swept, weir.sweep to weir_refresh;
grant execute on function weir.sweep_history, weir.sweep_unanswered to weir_refresh_fn;
grant create on schema weir to weir_refresh_fn;
alter function weir.swept owner to weir_refresh_fn;
alter function weir.sweep owner to weir_refresh_fn;
revoke create on schema weir from weir_refresh_fn;
