-- Which login may call what, and which powerless role a function acts as.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Every function is PUBLIC's by default.
revoke all on all functions in schema weir from public;

grant execute on function weir.read_entry to weir_read, weir_refresh;
grant execute on function weir.receive_delivery, weir.count_refused to weir_receive;
grant execute on function
  weir.adopt, weir.lease, weir.lease_due, weir.demand, weir.save_batch, weir.slots_put, weir.slots_owed, weir.slot_lost,
  weir.board, weir.board_put, weir.board_lost, weir.deliveries_waiting, weir.make_due, weir.record_run
  to weir_refresh;

-- Steps of the above, which run as whoever called them.
grant execute on function
  weir.enter, weir.note_news, weir.shard_of, weir.adopt_upstream, weir.adopt_entries, weir.closed_until, weir.budget,
  weir.spend, weir.note_calls, weir.standing, weir.wish, weir.admit, weir.grant_lease, weir.decide_lease,
  weir.keep_version, weir.observe, weir.put_aside, weir.note_changes, weir.note_batch_calls, weir.board_rows
  to weir_refresh_fn;

-- Owning a function in a schema takes the right to create there, for as long as the owner is being changed.
grant create on schema weir to weir_read_fn, weir_receive_fn, weir_refresh_fn;
alter function weir.read_entry owner to weir_read_fn;
alter function weir.receive_delivery owner to weir_receive_fn;
alter function weir.count_refused owner to weir_receive_fn;
alter function weir.adopt owner to weir_refresh_fn;
alter function weir.lease owner to weir_refresh_fn;
alter function weir.lease_due owner to weir_refresh_fn;
alter function weir.demand owner to weir_refresh_fn;
alter function weir.save_batch owner to weir_refresh_fn;
alter function weir.slots_put owner to weir_refresh_fn;
alter function weir.slots_owed owner to weir_refresh_fn;
alter function weir.slot_lost owner to weir_refresh_fn;
alter function weir.board owner to weir_refresh_fn;
alter function weir.board_put owner to weir_refresh_fn;
alter function weir.board_lost owner to weir_refresh_fn;
alter function weir.deliveries_waiting owner to weir_refresh_fn;
alter function weir.make_due owner to weir_refresh_fn;
alter function weir.record_run owner to weir_refresh_fn;
revoke create on schema weir from weir_read_fn, weir_receive_fn, weir_refresh_fn;
