//! No batch function reads a whole table, whatever the planner believes of its limits.

use crate::world::{Database, connect};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};
use weir_catalog::Key;
use weir_flow::ports::{DueWanted, Finding, Keeping, LeaseWanted, Leased, Leases, PortError, Publishing, Save};
use weir_policy::time::Timestamp;
use weir_store::native::Native;
use weir_store::{Connector, Store};

/// Thirty thousand due entries of one project: a planner that does not know how few are wanted would read them all.
pub(crate) const ROWS: &str = "
    insert into weir.projects (project, description, access, shards, fingerprint, adopted_at)
    values ('p', '', 'public', 1, 0, now());
    insert into weir.upstreams (project, upstream, limits, windows_ms, reserve_percent, used, slices)
    values ('p', 'api', '{100000}', '{60000}', 0, array_fill(0::bigint, array[11]), '{0}');
    insert into weir.boards (project, shard, news) values ('p', 0, 1);
    insert into weir.feed (project) values ('p');
    insert into weir.entries (project, key, key_hash, resource, upstream, shard, version, slot_version, changed_at, meaning)
    select 'p', 'p/api/' || n, substr(sha256(int8send(n)), 1, 8), 'thing', 'api', 0, 1,
      case when n % 100 = 0 then 0 else 1 end, now(), '\\x00'
    from generate_series(1, 30000) n;
    insert into weir.schedule (project, entry, upstream, due_at, verified_at, demanded_until)
    select 'p', e.id, 'api', now() - e.id * interval '1 s', now() - interval '1 day', now() from weir.entries e;
    insert into weir.versions (project, entry, version, body, content_type, created_at)
    select 'p', e.id, 1, '{}', 'application/json', now() from weir.entries e;
    analyze";

/// Six thousand entries with two replaced versions and values; of every second of them, these are old.
const OLD: &str = "
    insert into weir.versions (project, entry, version, body, content_type, created_at)
    select 'p', e.id, n, '{}', 'application/json', now() from weir.entries e, generate_series(2, 3) n where e.id <= 6000;
    update weir.entries set version = 2 where id <= 6000;
    update weir.entries set version = 3 where id <= 6000;
    update weir.replaced set at = now() - interval '2 days' where entry % 2 = 0;
    insert into weir.observations (project, entry, name, at, value)
    select 'p', e.id, 'rank', now() - n * interval '3 days', n::text from weir.entries e, generate_series(1, 3) n
    where e.id <= 6000;
    insert into weir.entries (project, key, key_hash, resource, upstream, shard, created_at)
    select 'p', 'p/api/none/' || n, int8send(n), 'thing', 'api', 0, now() - interval '8 days' from generate_series(1, 100) n;
    insert into weir.schedule (project, entry, upstream) select 'p', id, 'api' from weir.entries where version is null;
    analyze";

#[tokio::test]
async fn no_batch_function_scans_a_table() {
    let database = Database::empty().await;
    database.migrate().await;
    connect(&database.config).await.batch_execute(ROWS).await.unwrap();
    let (client, plans) = explained(&database.config).await;
    let store = Store::new(One(Arc::new(client)));

    let wanted = DueWanted { project: "p", upstream: "api", limit: 100 };
    let leases = store.lease_due(&[wanted], Duration::from_secs(30)).await.unwrap();
    assert_eq!(leases.len(), 100);
    assert_indexed(&plans, "lease_due", &["schedule_due_idx", "entries"]);

    let saves: Vec<Save> = leases
        .iter()
        .map(|lease| Save {
            key: lease.key.clone(),
            token: lease.token,
            asked_at: Timestamp::from_ms(4_000_000_000_000),
            finding: Finding::Same { validators: None },
            due_at: None,
            news_after: Duration::ZERO,
        })
        .collect();
    assert_eq!(store.save("p", &saves).await.unwrap().len(), 100);
    assert_indexed(&plans, "save_batch", &["schedule", "entries_key_key"]);

    assert_eq!(store.board("p", 0).await.unwrap().unwrap().rows.len(), 24 * 5000);
    assert_indexed(&plans, "board", &["entries", "schedule"]);

    assert_eq!(store.slots_owed("p", 10).await.unwrap().len(), 10);
    assert_indexed(&plans, "slots_owed", &["entries_owed_idx", "versions"]);

    let keys: Vec<(Key, Timestamp)> =
        (1..=100).map(|n| (Key::new(format!("p/api/{n}")).unwrap(), Timestamp::from_ms(4_000_000_000_000))).collect();
    store.demand("p", &keys).await.unwrap();
    assert_indexed(&plans, "demand", &["entries", "schedule_pkey"]);

    let key = &keys[0].0;
    let wish = LeaseWanted {
        key,
        resource: "thing",
        upstream: "api",
        shard: 0,
        fresh_after: Timestamp::from_ms(4_000_000_000_000),
        span: Duration::from_secs(30),
        demanded_until: None,
        admit_second: false,
        max_entries: 10_000,
    };
    assert!(matches!(store.lease(&wish).await.unwrap(), Leased::Granted(_)));
    assert_indexed(&plans, "lease", &["entries_key_key", "schedule_pkey"]);
}

#[tokio::test]
async fn no_sweep_scans_a_table() {
    let database = Database::empty().await;
    database.migrate().await;
    let admin = connect(&database.config).await;
    admin.batch_execute(ROWS).await.unwrap();
    admin.batch_execute(OLD).await.unwrap();
    let (client, plans) = explained(&database.config).await;
    let store = Store::new(One(Arc::new(client)));
    let history = [("thing", Duration::from_secs(86_400))];
    let swept = store.sweep("p", &history, 1_000).await.unwrap();
    assert_eq!((swept.entries, swept.total()), (100, 1_000));
    assert_indexed(
        &plans,
        "sweep",
        &["entries_unanswered_idx", "replaced_at_idx", "versions_pkey", "observations_pkey"],
    );
    // Nobody has to listen to the rest.
    let store = Store::new(Native::new(database.acting_as("weir_refresh")));
    let (mut versions, mut observations) = (swept.versions, swept.observations);
    while store.swept(&["p"]).await.unwrap()[0] == Timestamp::ZERO {
        let swept = store.sweep("p", &history, 10_000).await.unwrap();
        assert!(swept.total() <= 5_000);
        (versions, observations) = (versions + swept.versions, observations + swept.observations);
    }
    assert_eq!((versions, observations), (6_000, 6_000));
}

type Plans = Arc<Mutex<Vec<String>>>;

/// That every plan since the last look found its rows by these indexes (or tables, whichever way in), and none by
/// reading a table whole.
fn assert_indexed(plans: &Plans, function: &str, used: &[&str]) {
    let seen = std::mem::take(&mut *plans.lock().unwrap()).join("\n");
    for table in ["schedule", "entries", "versions", "observations", "replaced"] {
        let scan = format!("Seq Scan on {table}");
        let at = seen.find(&scan);
        assert_eq!(at.map(|at| &seen[at.saturating_sub(600)..]), None, "{function}");
    }
    for name in used {
        assert!(seen.contains(name), "{function} does not touch {name}: {seen}");
    }
}

/// A connection as `weir_refresh` that tells the plan of every statement, those inside functions too, and whose planner
/// knows as little as it ever may: no argument's value.
async fn explained(config: &Config) -> (Client, Plans) {
    let plans = Plans::default();
    let (client, mut connection) = config.connect(NoTls).await.unwrap();
    let heard = Arc::clone(&plans);
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notice(notice) = message {
                heard.lock().unwrap().push(notice.message().to_owned());
            }
        }
    });
    let session = "load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_level = notice;
                   set auto_explain.log_nested_statements = on; set plan_cache_mode = force_generic_plan;
                   set role weir_refresh";
    client.batch_execute(session).await.unwrap();
    (client, plans)
}

/// One connection for everything: the least that a connector can be.
struct One(Arc<Client>);

impl Connector for One {
    type Client = Arc<Client>;

    async fn client(&self) -> Result<Arc<Client>, PortError> {
        Ok(Arc::clone(&self.0))
    }

    async fn within<T>(&self, _: Duration, work: impl Future<Output = T>) -> Option<T> {
        Some(work.await)
    }
}
