//! A database of our own, shared by the tests that run at the same time and dropped after the last.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::{Client, Config, NoTls};
use weir_flow::ports::PortError;
use weir_policy::time::Timestamp;
use weir_store::migrate::migrate;
use weir_store::native::Native;
use weir_store::{Connector, Store};
use weir_testkit::contract::World;

/// Tests of a machine with many cores must not use up the server's connections.
static WORLDS: Semaphore = Semaphore::const_new(3);
static SERIAL: AtomicU32 = AtomicU32::new(0);
static SHARED: Mutex<Weak<Database>> = Mutex::new(Weak::new());

/// Anything in the cluster that two test processes must not do at once; made up.
const ROLES_LOCK: i64 = 7_316_402_117;

/// The rights that Supabase's `postgres` has.
pub(crate) const OWNER: &str = "weir_owner";

/// The persistent tier as each Worker sees it, and as nobody does.
pub(crate) struct Postgres {
    pub(crate) database: Arc<Database>,
    /// As a superuser.
    pub(crate) admin: Client,
    read: Store<Patient>,
    receive: Store<Patient>,
    refresh: Store<Patient>,
    prefix: String,
    _permit: SemaphorePermit<'static>,
}

impl Postgres {
    pub(crate) async fn new() -> Self {
        let permit = WORLDS.acquire().await.unwrap();
        let database = Database::shared();
        let admin = connect(&database.config).await;
        let [read, receive, refresh] = ["weir_read", "weir_receive", "weir_refresh"]
            .map(|login| Store::new(Patient(Native::new(database.acting_as(login)))));
        let prefix = format!("t{}", SERIAL.fetch_add(1, Ordering::Relaxed));
        Self { database, admin, read, receive, refresh, prefix, _permit: permit }
    }
}

impl World for Postgres {
    type Read = Store<Patient>;
    type Receive = Store<Patient>;
    type Refresh = Store<Patient>;

    fn read(&self) -> &Self::Read {
        &self.read
    }

    fn receive(&self) -> &Self::Receive {
        &self.receive
    }

    fn refresh(&self) -> &Self::Refresh {
        &self.refresh
    }

    fn project(&self, number: u8) -> String {
        format!("{}-{number}", self.prefix)
    }

    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_ms(u64::try_from(since.as_millis()).unwrap())
    }

    /// Postgres' clock cannot be set; but everything that is kept can become older.
    async fn advance(&self, span: Duration) {
        let by = format!("interval '{} ms'", span.as_millis());
        let mine = format!("project like '{}-%'", self.prefix);
        let older = |columns: &[&str]| {
            let older = columns.iter().map(|column| {
                format!(
                    "{column} = case when {column} > 'epoch' then greatest({column} - {by}, 'epoch') else {column} end"
                )
            });
            older.collect::<Vec<_>>().join(", ")
        };
        let schedule = ["due_at", "verified_at", "purged_at", "demanded_until", "lease_until", "retry_at"];
        let sql = format!(
            "update weir.entries set changed_at = changed_at - {by}, created_at = created_at - {by} where {mine};
             update weir.schedule set {} where {mine};
             update weir.boards set {} where {mine};
             update weir.sightings set seen_at = seen_at - {by} where {mine};
             update weir.projects set {} where {mine};
             update weir.replaced set at = at - {by} where {mine};
             update weir.changes set at = at - {by} where {mine};
             update weir.quarantine set at = at - {by} where {mine};
             update weir.deliveries set received_at = received_at - {by} where {mine};
             update weir.runs set started_at = started_at - {by} where {mine};
             -- In two steps, or one could meet another that is still to be moved.
             update weir.observations set at = at - interval '300000 days' where {mine};
             update weir.observations set at = at + interval '300000 days' - {by} where {mine};
             update weir.upstreams set {},
               slices = array(
                 select s.slice - {ms} / ((s.width_ms + 9) / 10)
                 from unnest(slices, windows_ms) with ordinality s(slice, width_ms, n) order by s.n
               ),
               used = array(
                 select used[(s.n - 1) * 11 + 1 + (j + {ms} / ((s.width_ms + 9) / 10)) % 11]
                 from unnest(windows_ms) with ordinality s(width_ms, n), generate_series(0, 10) j order by s.n, j
               )
             where {mine};",
            older(&schedule),
            older(&["made_at", "lease_until"]),
            older(&["last_swept_at"]),
            older(&["open_until"]),
            ms = span.as_millis(),
        );
        self.admin.batch_execute(&sql).await.unwrap();
    }
}

/// Native connections on a machine that may be busy with other tests.
pub(crate) struct Patient(Native);

impl Connector for Patient {
    type Client = <Native as Connector>::Client;

    async fn client(&self) -> Result<Self::Client, PortError> {
        self.0.client().await
    }

    async fn within<T>(&self, span: Duration, work: impl Future<Output = T>) -> Option<T> {
        self.0.within(span.max(Duration::from_secs(60)), work).await
    }
}

/// A migrated database.
pub(crate) struct Database {
    pub(crate) config: Config,
    pub(crate) name: String,
}

impl Database {
    fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let database = Arc::new(apart(async {
                let database = Self::empty().await;
                database.migrate().await;
                database
            }));
            *shared = Arc::downgrade(&database);
            database
        })
    }

    /// Without anything in it, owned by a role that is no superuser.
    pub(crate) async fn empty() -> Self {
        let server = server();
        let admin = connect(&server).await;
        with_roles_locked(make_owner).await;
        let name = format!("weir_store_{}_{}", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed));
        admin.batch_execute(&format!("drop database if exists {name} with (force)")).await.unwrap();
        admin.batch_execute(&format!("create database {name} owner {OWNER}")).await.unwrap();
        let mut config = server;
        config.dbname(&name);
        Self { config, name }
    }

    /// Connections on which everything is done as this role.
    pub(crate) fn acting_as(&self, role: &str) -> Config {
        let mut config = self.config.clone();
        config.options(format!("-c role={role}"));
        config
    }

    pub(crate) async fn migrate(&self) -> Vec<String> {
        with_roles_locked(async |_| {
            let mut owner = connect(&self.acting_as(OWNER)).await;
            migrate(&mut owner, &migrations()).await.unwrap_or_else(|error| panic!("{error}"))
        })
        .await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!("drop database {} with (force)", self.name);
        apart(async move {
            let admin = connect(&server()).await;
            if let Err(error) = admin.batch_execute(&sql).await {
                eprintln!("{sql}: {error}");
            }
        });
    }
}

/// Does something as a superuser that no two tests of this cluster may do at once.
pub(crate) async fn with_roles_locked<T>(work: impl AsyncFnOnce(&Client) -> T) -> T {
    let admin = connect(&server()).await;
    admin.execute("select pg_advisory_lock($1)", &[&ROLES_LOCK]).await.unwrap();
    let done = work(&admin).await;
    admin.execute("select pg_advisory_unlock($1)", &[&ROLES_LOCK]).await.unwrap();
    done
}

/// Where the migrations are.
pub(crate) fn migrations() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations")
}

pub(crate) async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("Postgres at WEIR_TEST_POSTGRES");
    tokio::spawn(async { drop(connection.await) });
    client
}

fn server() -> Config {
    let url = std::env::var("WEIR_TEST_POSTGRES").expect("no WEIR_TEST_POSTGRES: run `cargo xtask test`");
    url.parse().expect("WEIR_TEST_POSTGRES is no Postgres URL")
}

/// The role that migrates, and its membership in whatever weir roles somebody else has made in this cluster.
async fn make_owner(admin: &Client) {
    let sql = format!(
        "do $$
         declare r text;
         begin
           if not exists (select from pg_roles where rolname = '{OWNER}') then
             create role {OWNER} login nosuperuser createrole bypassrls;
           end if;
           for r in select rolname from pg_roles where rolname ~ '^weir_(read|receive|refresh)(_fn)?$' loop
             execute format('grant %I to {OWNER} with admin option', r);
           end loop;
         end $$"
    );
    admin.batch_execute(&sql).await.unwrap();
}

/// Runs something to its end, whether or not a runtime is already running here.
fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::spawn(move || runtime().block_on(work)).join().unwrap()
}
