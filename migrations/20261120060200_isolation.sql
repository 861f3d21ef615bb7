-- Who may touch which rows and columns. Logins may touch none: they only call functions.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- The policy is the belt: with a WHERE forgotten in a function, another project's rows are still not there. The
-- expression stays as it is, word for word: so it is evaluated once a statement and can be an index condition.
do $policies$
declare
  v_table text;
begin
  foreach v_table in array array[
    'projects', 'upstreams', 'entries', 'resources', 'schedule', 'versions', 'boards', 'feed', 'changes', 'observations',
    'quarantine', 'deliveries', 'hook_counts', 'sightings', 'runs'
  ] loop
    execute format('alter table weir.%I enable row level security', v_table);
    execute format('alter table weir.%I force row level security', v_table);
    execute format(
      'create policy of_project on weir.%I to weir_read_fn, weir_receive_fn, weir_refresh_fn '
      'using (project = (select current_setting(''weir.project'', true)))',
      v_table
    );
  end loop;
end
$policies$;

grant select (project, id, key, version, changed_at) on weir.entries to weir_read_fn;
grant select (project, entry, verified_at, purged_at) on weir.schedule to weir_read_fn;
grant select (project, entry, version, body, content_type) on weir.versions to weir_read_fn;

grant select (project, hook, dedupe), insert (project, hook, dedupe, event, body)
  on weir.deliveries to weir_receive_fn;
grant select (project, hook, outcome, times), insert (project, hook, outcome, times), update (times)
  on weir.hook_counts to weir_receive_fn;

grant select, insert (project, description, access, shards, fingerprint, adopted_at),
  update (description, access, shards, fingerprint, adopted_at)
  on weir.projects to weir_refresh_fn;
grant select, insert (project, upstream, limits, windows_ms, reserve_percent, used, slices),
  update (limits, windows_ms, reserve_percent, used, slices, failures, open_until)
  on weir.upstreams to weir_refresh_fn;
grant select, insert (project, key, key_hash, resource, upstream, shard),
  update (
    resource, upstream, shard, version, changed_at, slot_version, etag, last_modified, meaning, weak, bytes
  )
  on weir.entries to weir_refresh_fn;
grant select, insert (project, resource, entries), update (entries) on weir.resources to weir_refresh_fn;
grant select, insert (project, entry, upstream, due_at, demanded_until, lease_token, lease_until),
  update (
    upstream, priority, due_at, verified_at, demanded_until, lease_token, lease_until, failures, retry_at, last_outcome
  )
  on weir.schedule to weir_refresh_fn;
grant select (project, entry, version, body, content_type),
  insert (project, entry, version, body, content_type, created_at)
  on weir.versions to weir_refresh_fn;
grant select, insert (project, shard), update (seq, made_at, news, published, lease_until)
  on weir.boards to weir_refresh_fn;
grant select, insert (project), update (seq) on weir.feed to weir_refresh_fn;
grant insert (project, seq, entry, key, version, at) on weir.changes to weir_refresh_fn;
grant select, insert (project, entry, name, at, value) on weir.observations to weir_refresh_fn;
grant select (project, id, entry), insert (project, entry, key, at, reason, excerpt), delete
  on weir.quarantine to weir_refresh_fn;
grant select (project, id, hook, event, body, done_at), update (done_at) on weir.deliveries to weir_refresh_fn;
grant select, insert (project, key_hash, seen_at), update (seen_at), delete on weir.sightings to weir_refresh_fn;
grant insert (
    project, cause, started_at, ended_at, leased, called, changed, verified, refused, failed, lost, deliveries, slots,
    boards, trouble
  )
  on weir.runs to weir_refresh_fn;
