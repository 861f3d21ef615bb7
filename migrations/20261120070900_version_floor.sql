-- After a restore, versions go on above those that were made after the backup and lost.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Set by `cargo xtask restore` to its time: no lost version is above it.
alter table weir.projects add column version_floor bigint not null default 0;

create or replace function weir.keep_version(
  p_project text, p_entry bigint, p_old_version bigint, p_now timestamptz, p_body bytea, p_content_type text, p_etag text,
  p_last_modified text, p_meaning bytea, p_weak boolean
)
returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
-- A new version of an entry. The first is the time, so that a key erased and made again never goes back; the others
-- follow one by one, so that slots rotate; after a restore, from its time on, so that no lost number is used again.
declare
  v_version bigint := greatest(
    coalesce(p_old_version + 1, floor(extract(epoch from p_now) * 1000)::bigint),
    (select p.version_floor from weir.projects p where p.project = p_project)
  );
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
