-- What the hot tier is owed: slots and boards.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function weir.slots_put(p_project text, p_keys text[], p_versions bigint[])
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Publishing::slots_put, for flow's refresh: the hot tier acknowledged these.
begin
  perform weir.enter(p_project);
  perform from weir.entries e
  where e.project = p_project and e.key = any (p_keys)
  order by e.id for no key update;
  update weir.entries e set slot_version = p.version
  from unnest(p_keys, p_versions) p(key, version)
  where e.project = p_project and e.key = p.key and p.version > e.slot_version and p.version <= e.version;
end
$$;

create function weir.slots_owed(p_project text, p_limit bigint)
returns table (
  key text, version bigint, verified_ms bigint, changed_ms bigint, content_type text, body bytea
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
-- Publishing::slots_owed, for flow's tick: what changed last comes first, so that one slot that can never be put holds up
-- no other; at most three megabytes, but always one.
#variable_conflict use_column
begin
  perform weir.enter(p_project);
  return query
    with owed as materialized (
      select e.id, e.key, e.version, e.changed_at, e.bytes
      from weir.entries e
      where e.project = p_project and e.version is not null and e.slot_version <> e.version
      order by e.changed_at desc
      limit p_limit
    ),
    fitting as (
      select o.*, sum(o.bytes) over (order by o.changed_at desc, o.id) - o.bytes as before from owed o
    )
    select
      o.key,
      o.version,
      case when s.verified_at > s.purged_at then floor(extract(epoch from s.verified_at) * 1000)::bigint else 0 end,
      floor(extract(epoch from o.changed_at) * 1000)::bigint,
      v.content_type,
      v.body
    from fitting o
    join weir.schedule s on s.project = p_project and s.entry = o.id
    join weir.versions v on v.project = p_project and v.entry = o.id and v.version = o.version
    where o.before = 0 or o.before + o.bytes <= 3000000
    order by o.changed_at desc, o.id;
end
$$;

create function weir.slot_lost(p_project text, p_key text, p_version bigint)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Publishing::slot_lost, for flow's refresh: a reader missed the slot of the current version, so it is owed again. What
-- it read may also be an old board; a new one costs little.
declare
  v_shard bigint;
begin
  perform weir.enter(p_project);
  update weir.entries e set slot_version = 0
  where e.project = p_project and e.key = p_key and e.version = p_version and e.slot_version = p_version
  returning e.shard into v_shard;
  if found then
    perform weir.note_news(p_project, array[v_shard]);
  end if;
end
$$;

create function weir.board(p_project text, p_shard bigint)
returns table (seq bigint, made_ms bigint, news bigint, closed text[], closed_until_ms bigint[], rows bytea)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
-- Publishing::board, for flow's tick: a board, if it has news and nobody else is building it. Two statements: in one, a
-- builder that waited for the lock would get the higher number with the older snapshot.
#variable_conflict use_column
declare
  v_board record;
  v_made_at timestamptz;
  v_seq bigint;
begin
  perform weir.enter(p_project);
  select b.news, b.published, b.lease_until into v_board
  from weir.boards b where b.project = p_project and b.shard = p_shard;
  if not found or v_board.news <= v_board.published or v_board.lease_until > clock_timestamp() then
    return;
  end if;
  select b.news, b.published, b.lease_until, b.seq into v_board
  from weir.boards b where b.project = p_project and b.shard = p_shard for no key update;
  v_made_at := clock_timestamp();
  if v_board.news <= v_board.published or v_board.lease_until > v_made_at then
    return;
  end if;
  -- Not below the time: a database begun anew goes on above the boards that the hot tier still has.
  v_seq := greatest(v_board.seq + 1, floor(extract(epoch from v_made_at) * 1000)::bigint);
  update weir.boards b set seq = v_seq, made_at = v_made_at, lease_until = v_made_at + interval '10 s'
  where b.project = p_project and b.shard = p_shard;
  return query
    select
      v_seq,
      floor(extract(epoch from v_made_at) * 1000)::bigint,
      v_board.news,
      array(
        select u.upstream from weir.upstreams u
        where u.project = p_project and weir.closed_until(u.mode, u.open_until, v_made_at) is not null
        order by u.upstream
      ),
      array(
        -- An operator's mode lasts until it is changed, which is news.
        select floor(extract(epoch from case u.mode when 'live' then u.open_until else v_made_at + interval '1 day' end)
          * 1000)::bigint
        from weir.upstreams u
        where u.project = p_project and weir.closed_until(u.mode, u.open_until, v_made_at) is not null
        order by u.upstream
      ),
      weir.board_rows(p_project, p_shard, v_made_at);
end
$$;

create function weir.board_rows(p_project text, p_shard bigint, p_now timestamptz)
returns bytea
language sql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
-- Of every live key: hash, version, and the seconds of its verification (0: purged) and demand, big-endian, sorted.
select coalesce(
  string_agg(
    r.key_hash || int8send(r.version) || substr(int8send(r.verified), 5, 4) || substr(int8send(r.demanded), 5, 4),
    ''::bytea order by r.key_hash
  ),
  ''::bytea
)
from (
  select
    e.key_hash,
    e.version,
    case when s.verified_at > s.purged_at then floor(extract(epoch from s.verified_at))::bigint else 0 end as verified,
    floor(extract(epoch from s.demanded_until))::bigint as demanded
  from weir.entries e
  join weir.schedule s on s.project = e.project and s.entry = e.id
  where e.project = p_project and e.shard = p_shard and e.version is not null
    and (
      s.due_at is not null
      or s.demanded_until > p_now - interval '1 day'
      or s.verified_at > p_now - interval '1 day'
    )
  order by s.demanded_until desc, s.verified_at desc
  limit 5000
) r
$$;

create function weir.board_put(p_project text, p_shard bigint, p_news bigint)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Publishing::board_put, for flow's tick: the hot tier acknowledged a board that covers this much news.
begin
  perform weir.enter(p_project);
  update weir.boards set published = greatest(published, p_news), lease_until = 'epoch'
  where project = p_project and shard = p_shard;
end
$$;

create function weir.board_lost(p_project text, p_shard bigint)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
-- Publishing::board_lost, for flow's refresh: the hot tier has no board where one was acknowledged. Many readers find out
-- at once; the first makes it news, and so it is until the next board is put.
begin
  perform weir.enter(p_project);
  update weir.boards set news = news + 1
  where project = p_project and shard = p_shard and seq > 0 and news = published;
end
$$;
