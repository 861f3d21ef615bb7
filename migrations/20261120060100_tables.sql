-- Every table. Each unique key leads with the project, so that no project can meet another's values.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table weir.projects (
  project text not null,
  description text not null,
  access text not null,
  shards bigint not null,
  -- Of everything the project's file says that is kept here.
  fingerprint bigint not null,
  adopted_at timestamptz not null,
  constraint projects_pkey primary key (project),
  constraint projects_name check (project ~ '^[a-z][a-z0-9-]*$'),
  constraint projects_access check (access in ('public', 'key')),
  constraint projects_shards check (shards between 1 and 255)
);

create table weir.upstreams (
  project text not null,
  upstream text not null,
  -- At most limits[i] calls in any stretch of windows_ms[i].
  limits bigint[] not null,
  windows_ms bigint[] not null,
  -- What ticks leave of each window to clients' misses.
  reserve_percent bigint not null,
  -- Eleven counters per window, one per tenth of it, as a ring; and the number of the newest tenth since 1970.
  used bigint[] not null,
  slices bigint[] not null,
  mode text not null default 'live',
  -- Calls that failed in a row, and until when the upstream is left alone for it.
  failures bigint not null default 0,
  open_until timestamptz not null default 'epoch',
  constraint upstreams_pkey primary key (project, upstream),
  constraint upstreams_project_fkey foreign key (project) references weir.projects on delete cascade,
  constraint upstreams_mode check (mode in ('live', 'serve-only', 'paused')),
  constraint upstreams_reserve check (reserve_percent between 0 and 100),
  constraint upstreams_counters check (
    cardinality(windows_ms) = cardinality(limits)
    and cardinality(slices) = cardinality(limits)
    and cardinality(used) = 11 * cardinality(limits)
  )
) with (fillfactor = 50);

create table weir.entries (
  project text not null,
  id bigint not null generated always as identity,
  key text not null,
  -- The board's name for the key: the first eight bytes of its SHA-256.
  key_hash bytea not null,
  resource text not null,
  upstream text not null,
  shard bigint not null,
  -- Null until the first good answer.
  version bigint,
  changed_at timestamptz,
  -- The newest version whose slot the hot tier acknowledged.
  slot_version bigint not null default 0,
  etag text,
  last_modified text,
  -- The digest of what the body means.
  meaning bytea,
  -- The body trips one of its resource's guards, which only protect what does not.
  weak boolean not null default false,
  bytes bigint not null default 0,
  created_at timestamptz not null default now(),
  constraint entries_pkey primary key (project, id),
  constraint entries_key_key unique (project, key),
  constraint entries_project_fkey foreign key (project) references weir.projects on delete cascade,
  constraint entries_key_length check (octet_length(key) between 1 and 480),
  constraint entries_key_of_project check (key ^@ (project || '/')),
  constraint entries_key_hash_length check (octet_length(key_hash) = 8),
  constraint entries_version check (version > 0)
) with (fillfactor = 90);

create index entries_shard_idx on weir.entries (project, shard);
create index entries_owed_idx on weir.entries (project, changed_at)
  where version is not null and slot_version <> version;

-- How many entries a resource has, so that a wish for one more need not count them.
create table weir.resources (
  project text not null,
  resource text not null,
  entries bigint not null,
  constraint resources_pkey primary key (project, resource),
  constraint resources_project_fkey foreign key (project) references weir.projects on delete cascade
) with (fillfactor = 50);

-- Narrow and often written: what a verification changes, and nothing else.
create table weir.schedule (
  project text not null,
  entry bigint not null,
  upstream text not null,
  -- 0: made due by a delivery; 1: refreshed by the clock.
  priority bigint not null default 1,
  due_at timestamptz,
  verified_at timestamptz not null default 'epoch',
  purged_at timestamptz not null default 'epoch',
  demanded_until timestamptz not null default 'epoch',
  lease_token bigint,
  lease_until timestamptz not null default 'epoch',
  failures bigint not null default 0,
  retry_at timestamptz not null default 'epoch',
  last_outcome text,
  constraint schedule_pkey primary key (project, entry),
  constraint schedule_entry_fkey foreign key (project, entry) references weir.entries (project, id) on delete cascade,
  constraint schedule_priority check (priority in (0, 1)),
  constraint schedule_outcome check (last_outcome in ('new', 'same', 'bad', 'absent', 'failed'))
) with (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

create index schedule_due_idx on weir.schedule (project, upstream, priority, due_at) where due_at is not null;

-- Bodies, once each, byte for byte.
create table weir.versions (
  project text not null,
  entry bigint not null,
  version bigint not null,
  body bytea not null,
  content_type text not null,
  created_at timestamptz not null,
  constraint versions_pkey primary key (project, entry, version),
  constraint versions_entry_fkey foreign key (project, entry) references weir.entries (project, id) on delete cascade
);

-- lz4 writes six times faster than the default; a server built without it keeps bodies as they are.
do $storage$
begin
  alter table weir.versions alter column body set compression lz4;
exception
  when feature_not_supported then
    alter table weir.versions alter column body set storage external;
end
$storage$;

create table weir.boards (
  project text not null,
  shard bigint not null,
  seq bigint not null default 0,
  made_at timestamptz not null default 'epoch',
  -- Counts what readers should hear of; the hot tier has heard of the first `published`.
  news bigint not null default 0,
  published bigint not null default 0,
  lease_until timestamptz not null default 'epoch',
  constraint boards_pkey primary key (project, shard),
  constraint boards_project_fkey foreign key (project) references weir.projects on delete cascade
) with (fillfactor = 50);

-- Numbers changes without a gap; a row of its own, so that only savers of changes wait for each other.
create table weir.feed (
  project text not null,
  seq bigint not null default 0,
  constraint feed_pkey primary key (project),
  constraint feed_project_fkey foreign key (project) references weir.projects on delete cascade
) with (fillfactor = 50);

create table weir.changes (
  project text not null,
  seq bigint not null,
  entry bigint not null,
  key text not null,
  version bigint not null,
  at timestamptz not null,
  constraint changes_pkey primary key (project, seq)
);

-- Tracked values, a row where one differs from the row before.
create table weir.observations (
  project text not null,
  entry bigint not null,
  name text not null,
  at timestamptz not null,
  -- JSON, as text: it is compared and handed on, never looked into.
  value text not null,
  constraint observations_pkey primary key (project, entry, name, at),
  constraint observations_entry_fkey foreign key (project, entry) references weir.entries (project, id) on delete cascade
);

create table weir.quarantine (
  project text not null,
  id bigint not null generated always as identity,
  entry bigint not null,
  key text not null,
  at timestamptz not null,
  reason text not null,
  excerpt bytea not null,
  constraint quarantine_pkey primary key (project, id),
  constraint quarantine_entry_fkey foreign key (project, entry) references weir.entries (project, id) on delete cascade,
  constraint quarantine_excerpt_length check (octet_length(excerpt) <= 4096)
);

create index quarantine_entry_idx on weir.quarantine (project, entry, id);

-- The inbox. It knows nothing of entries and needs no adopted project: what was verified is kept.
create table weir.deliveries (
  project text not null,
  id bigint not null generated always as identity,
  hook text not null,
  dedupe bytea not null,
  event text not null,
  body bytea not null,
  received_at timestamptz not null default now(),
  done_at timestamptz,
  constraint deliveries_pkey primary key (project, id),
  constraint deliveries_dedupe_key unique (project, hook, dedupe)
);

create index deliveries_waiting_idx on weir.deliveries (project, id) where done_at is null;

create table weir.hook_counts (
  project text not null,
  hook text not null,
  outcome text not null,
  times bigint not null,
  constraint hook_counts_pkey primary key (project, hook, outcome),
  constraint hook_counts_outcome check (outcome in ('refused'))
) with (fillfactor = 50);

-- First wishes for keys that are admitted on the second; forgotten after a day.
create table weir.sightings (
  project text not null,
  key_hash bytea not null,
  seen_at timestamptz not null,
  constraint sightings_pkey primary key (project, key_hash)
);

create index sightings_seen_idx on weir.sightings (project, seen_at);

-- The record of ticks, one row for each project's part.
create table weir.runs (
  project text not null,
  id bigint not null generated always as identity,
  cause text not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  leased bigint not null,
  called bigint not null,
  changed bigint not null,
  verified bigint not null,
  refused bigint not null,
  failed bigint not null,
  lost bigint not null,
  deliveries bigint not null,
  slots bigint not null,
  boards bigint not null,
  trouble text not null,
  constraint runs_pkey primary key (project, id)
);
