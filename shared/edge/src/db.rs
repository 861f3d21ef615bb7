//! Connections to Postgres through Hyperdrive: one per invocation, two per isolate, none while an upstream is called.

use crate::clock::{now, within};
use crate::gauge::{Gauge, Open};
use crate::lines::Lines;
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use wasm_bindgen_futures::spawn_local;
use weir_flow::ports::{Port, PortError};
use weir_store::Connector;
use worker::{Delay, Env, Socket, console_debug};

/// How long a statement waits for one of the isolate's lines.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LONGEST_LOOK: Duration = Duration::from_millis(80);

thread_local! {
    static LINES: RefCell<Lines> = RefCell::default();
}

/// One invocation's way to Postgres; connects when it is first asked.
#[derive(Clone, Debug)]
pub struct Postgres(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    env: Env,
    binding: &'static str,
    gauge: Gauge,
    connection: RefCell<Option<Rc<Connection>>>,
}

/// A connection; its line is given back when the last statement on it is done.
#[derive(Debug)]
struct Connection {
    client: Client,
    line: Line,
    _open: Open,
}

/// One of the isolate's lines.
#[derive(Debug)]
struct Line(u64);

impl Drop for Line {
    fn drop(&mut self) {
        LINES.with_borrow_mut(|lines| lines.release(self.0));
    }
}

/// A client for one statement.
#[derive(Debug)]
pub struct Lent(Rc<Connection>);

impl Deref for Lent {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.0.client
    }
}

impl Postgres {
    /// Over the Hyperdrive of this name.
    pub fn new(env: &Env, binding: &'static str, gauge: &Gauge) -> Self {
        let (env, gauge) = (env.clone(), gauge.clone());
        Self(Rc::new(Inner { env, binding, gauge, connection: RefCell::default() }))
    }

    /// Gives the connection back while something slow is done; the next statement connects again.
    pub fn park(&self) {
        drop(self.0.connection.take());
    }

    fn held(&self) -> Option<Rc<Connection>> {
        let mut held = self.0.connection.borrow_mut();
        held.take_if(|connection| connection.client.is_closed());
        held.clone()
    }

    async fn connect(&self) -> Result<Connection, PortError> {
        let line = LINES.with_borrow_mut(|lines| lines.take(now())).map(Line);
        let line = line.map_err(|none| transient(&none.to_string()))?;
        let open = self.0.gauge.open().ok_or_else(|| transient("too many connections in this invocation"))?;
        let hyperdrive = self.0.env.hyperdrive(self.0.binding);
        let hyperdrive = hyperdrive.map_err(|_| permanent(&format!("no Hyperdrive is bound as {}", self.0.binding)))?;
        let mut config = Config::new();
        // Hyperdrive speaks TLS to Postgres; the way to Hyperdrive is inside the platform.
        config.ssl_mode(SslMode::Disable);
        config.user(hyperdrive.user()).password(hyperdrive.password()).dbname(hyperdrive.database());
        let failed = |detail: &str| {
            LINES.with_borrow_mut(|lines| lines.failed(now()));
            transient(detail)
        };
        let socket = Socket::builder().connect(hyperdrive.host(), hyperdrive.port());
        let socket = socket.map_err(|_| failed("no connection"))?;
        let connected = config.connect_raw(socket, NoTls).await;
        let (client, driver) = connected.map_err(|error| failed(&format!("cannot connect: {error}")))?;
        spawn_local(async move {
            if let Err(error) = driver.await {
                console_debug!("postgres connection: {error}");
            }
        });
        Ok(Connection { client, line, _open: open })
    }

    /// Waits, within reason, until a connection can be had at once.
    async fn line(&self) {
        let deadline = now() + PATIENCE;
        let mut pause = FIRST_LOOK;
        let busy = || LINES.with_borrow_mut(|lines| lines.free(now()) == Err(crate::lines::NoLine::Busy));
        while self.held().is_none() && busy() && now() < deadline {
            Delay::from(pause).await;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }
}

impl Connector for Postgres {
    type Client = Lent;

    async fn client(&self) -> Result<Lent, PortError> {
        let connection = match self.held() {
            Some(connection) => connection,
            None => Rc::new(self.connect().await?),
        };
        LINES.with_borrow_mut(|lines| lines.renew(connection.line.0, now()));
        self.0.connection.replace(Some(Rc::clone(&connection)));
        self.0.gauge.statement();
        Ok(Lent(connection))
    }

    async fn within<T>(&self, span: Duration, work: impl Future<Output = T>) -> Option<T> {
        // Others' statements are no reason to think Postgres slow, so waiting for a line is not part of the span.
        self.line().await;
        let done = within(span, work).await;
        if done.is_none() {
            LINES.with_borrow_mut(|lines| lines.failed(now()));
            // Its answer may still come; nobody may take it for the next statement's.
            self.park();
        } else if self.held().is_some() {
            LINES.with_borrow_mut(Lines::answered);
        }
        done
    }
}

fn transient(detail: &str) -> PortError {
    PortError::transient(Port::Persistent, detail)
}

fn permanent(detail: &str) -> PortError {
    PortError::permanent(Port::Persistent, detail)
}
