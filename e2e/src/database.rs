//! A world's own database: made and migrated as Supabase would, reached by the Workers through a proxy.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::process::Command;
use tokio_postgres::{Client, Config, NoTls};

use crate::environment;
use crate::failure::{Must, fail};
use crate::proxy::Proxy;

/// The role that migrates: what Supabase calls `postgres`, that is no superuser.
const OWNER: &str = "weir_owner";
/// Each Worker's Hyperdrive binding and login.
const LOGINS: [(&str, &str); 3] =
    [("READ_DB", "weir_read"), ("RECEIVE_DB", "weir_receive"), ("REFRESH_DB", "weir_refresh")];
/// Roles belong to the whole server: worlds that start at the same time make them one after the other.
const ROLES_LOCK: i64 = 0x7765_6972;

/// One world's database.
pub struct Database {
    superuser: Config,
    /// The owner's address, as an operator gives it to xtask.
    owner: String,
    proxy: Proxy,
    logins: BTreeMap<String, String>,
}

impl Database {
    pub(crate) async fn make() -> Self {
        let server: Config = environment::postgres().parse().must("WEIR_E2E_POSTGRES is no address");
        let name = format!("weir_e2e_{}", environment::unique());
        let admin = connect(&server).await;
        lock_roles(&admin).await;
        let password = owner_password(&admin).await;
        let create = format!("create database {name} owner {OWNER}");
        admin.batch_execute(&create).await.must("the world's database cannot be made");
        let mut own = server.clone();
        own.user(OWNER).password(&password).dbname(&name);
        let logins = migrated(&admin, &own).await;
        // The lock ends with its connection.
        drop(admin);
        let target = server.get_ports().first().copied().must("WEIR_E2E_POSTGRES names no port");
        let owner = format!("postgres://{OWNER}:{password}@127.0.0.1:{target}/{name}");
        let mut superuser = server;
        superuser.dbname(&name);
        Self { superuser, owner, proxy: Proxy::start(target).await, logins }
    }

    /// A connection as superuser, past the proxy: what is in the tables, whoever may see it.
    pub async fn sql(&self) -> Client {
        connect(&self.superuser).await
    }

    /// Postgres is gone for this world's Workers: open connections end, new ones are refused.
    pub async fn cut(&self) {
        self.proxy.cut().await;
    }

    /// Postgres is back.
    pub async fn restore(&self) {
        self.proxy.restore().await;
    }

    /// `cargo xtask backup`, as an operator does it; what it prints.
    pub async fn back_up(&self, to: &Path) -> String {
        self.xtask("backup", "--to", to).await
    }

    /// `cargo xtask restore`, into whatever is there; what it prints.
    pub async fn bring_back(&self, from: &Path) -> String {
        let server: Config = environment::postgres().parse().must("WEIR_E2E_POSTGRES is no address");
        let admin = connect(&server).await;
        lock_roles(&admin).await;
        self.xtask("restore", "--from", from).await
    }

    /// Everything of Weir's in this database is gone, the schema too.
    pub async fn lose_everything(&self) {
        let lose = "drop schema if exists weir_api cascade; drop schema weir, supabase_migrations cascade";
        self.sql().await.batch_execute(lose).await.must("the schema cannot be dropped");
    }

    async fn xtask(&self, command: &str, flag: &str, file: &Path) -> String {
        let mut xtask = Command::new(environment::xtask());
        xtask.args([command, "--database-url", &self.owner, flag]).arg(file).current_dir(environment::root());
        let output = xtask.output().await.must("xtask cannot be started");
        if !output.status.success() {
            fail(&format!("xtask {command}: {}", String::from_utf8_lossy(&output.stderr)));
        }
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// How many connections the Workers opened since the start.
    pub fn connections(&self) -> usize {
        self.proxy.opened()
    }

    /// How many connections the Workers held at once, at most.
    pub fn most_connections(&self) -> usize {
        self.proxy.most_open()
    }

    /// Where each Worker connects: Hyperdrive binding to connection string.
    pub(crate) fn addresses(&self) -> BTreeMap<&'static str, String> {
        let (port, name) = (self.proxy.port(), self.superuser.get_dbname().unwrap_or_default());
        let address = |login: &str| {
            let password = self.logins.get(login).must("a login has no password");
            format!("postgres://{login}:{password}@127.0.0.1:{port}/{name}")
        };
        LOGINS.iter().map(|(binding, login)| (*binding, address(login))).collect()
    }
}

/// Until the connection ends.
async fn lock_roles(admin: &Client) {
    let lock = format!("select pg_catalog.pg_advisory_lock({ROLES_LOCK})");
    admin.batch_execute(&lock).await.must("the roles cannot be locked");
}

/// Makes the owner once per server; every world learns its password from the server itself.
async fn owner_password(admin: &Client) -> String {
    let setup = format!(
        "create table if not exists weir_e2e_passwords (role text primary key, password text not null);
         do $$
         begin
           if not exists (select from pg_catalog.pg_roles where rolname = '{OWNER}') then
             insert into weir_e2e_passwords values ('{OWNER}', gen_random_uuid()::text);
             execute format('create role {OWNER} login createrole bypassrls password %L',
                            (select password from weir_e2e_passwords where role = '{OWNER}'));
           end if;
         end $$"
    );
    admin.batch_execute(&setup).await.must("the owner cannot be made");
    passwords(admin).await.remove(OWNER).must("the owner was made by somebody else: run `cargo xtask test`")
}

/// Migrates as the owner; the logins' passwords are the server's too, so the first world makes them for all.
async fn migrated(admin: &Client, own: &Config) -> BTreeMap<String, String> {
    let mut client = connect(own).await;
    let folder = environment::root().join("migrations");
    weir_store::migrate::migrate(&mut client, &folder).await.must("the migrations do not apply");
    let mut logins = passwords(admin).await;
    let new = weir_store::migrate::ensure_logins(&client, &logins).await.must("the logins get no passwords");
    for (login, password) in &new {
        let insert = "insert into weir_e2e_passwords values ($1, $2)";
        admin.execute(insert, &[login, password]).await.must("a password cannot be kept");
    }
    logins.extend(new);
    logins
}

async fn passwords(admin: &Client) -> BTreeMap<String, String> {
    let rows = admin.query("select role, password from weir_e2e_passwords", &[]).await.must("no passwords are kept");
    rows.iter().map(|row| (row.get("role"), row.get("password"))).collect()
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.must("the tests' Postgres does not answer");
    // Its errors come out of the client's own calls too.
    tokio::spawn(connection);
    client
}
